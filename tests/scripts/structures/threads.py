"""Two threads train at once, each a model of its own, and a thread that trains alone.

# sites: any
"""
import threading

import torch
import torch.nn.functional as F
from torch import nn


def train(seed):
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for step in range(30):
        x = torch.randn(16, 4, generator=generator)
        loss = F.mse_loss(model(x), x[:, :1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    results[seed] = loss.item()


results = {}
threads = [threading.Thread(target=train, args=(seed,)) for seed in (1, 2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
alone = threading.Thread(target=train, args=(3,))
alone.start()
alone.join()
print(sorted(results.items()))
