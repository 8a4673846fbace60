"""Backward passes that raise errors which the user catches: the graph is freed, and training goes on."""
import weakref

import torch
import torch.nn.functional as F
from torch import nn


class Fails(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise ValueError("not this time")


model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    x = torch.randn(16, 4)
    hidden = model[1](model[0](x))  # site: relu 8 after 0
    kept = weakref.ref(hidden)
    out = model[2](Fails.apply(hidden) if step % 2 else hidden)  # site: custom:Fails 0
    loss = F.mse_loss(out, x[:, :1])  # loss: mse_loss
    optimizer.zero_grad()
    try:
        loss.backward()
    except ValueError as error:
        print(error)
    del hidden, out, loss
    print(kept() is None)
    optimizer.step()
