"""The optimizer's step is compiled, and the model runs eagerly."""
import torch
import torch.nn.functional as F
from torch import nn


def train():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))  # site: relu 8 after 0
    optimizer = torch.optim.Adam(model.parameters(), lr=torch.tensor(0.01), foreach=False)

    @torch.compile(backend="eager")  # not observed: the compiled code itself
    def step():
        optimizer.step()

    for _ in range(6):
        x = torch.randn(16, 4)
        loss = F.mse_loss(model(x), x[:, :1])  # loss: mse_loss
        optimizer.zero_grad()
        loss.backward()
        step()
        print(round(loss.item(), 3))


train()
