"""A tiny network, for as many steps as one likes."""

import torch
from torch import nn
from training import arguments, train

options = arguments(steps=100_000)
torch.manual_seed(0)

points = [torch.randn(32, 4) for _ in range(16)]
batches = [(x, x[:, :1] * x[:, 1:2]) for x in points]

model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
train(model, optimizer, nn.functional.mse_loss, batches, options.steps)
