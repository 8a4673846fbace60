"""One model after another, each trained for ten steps and then dropped, as a search or a cross-validation does."""

import json
import time
import weakref

import torch
from torch import nn
from training import arguments, result

options = arguments(steps=20_000)
torch.manual_seed(0)

points = torch.randn(64, 256)
targets = points[:, :1] * points[:, 1:2]
dropped = weakref.WeakSet()
begin, begin_cpu = time.perf_counter(), time.process_time()
for _ in range(options.steps // 10):
    model = nn.Sequential(nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    dropped.add(model)
    for _ in range(10):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(points), targets)
        loss.backward()
        optimizer.step()
seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - begin_cpu
print(json.dumps({**result(model, options.steps, loss.item(), seconds, cpu_seconds), "models_alive": len(dropped)}))
