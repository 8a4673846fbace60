"""Two hundred narrow layers, one activation each."""

import torch
from torch import nn
from training import arguments, train

options = arguments(steps=1000, layers=200, width=16)
torch.manual_seed(0)

points = [torch.randn(32, 8) for _ in range(16)]
batches = [(x, x[:, :1] * x[:, 1:2]) for x in points]

layers: list[nn.Module] = [nn.Linear(8, options.width), nn.LeakyReLU(0.5)]
for _ in range(options.layers - 2):
    layers += [nn.Linear(options.width, options.width), nn.LeakyReLU(0.5)]
model = nn.Sequential(*layers, nn.Linear(options.width, 1))
for layer in model:
    if isinstance(layer, nn.Linear):
        nn.init.kaiming_normal_(layer.weight, a=0.5)
        nn.init.zeros_(layer.bias)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
train(model, optimizer, nn.functional.mse_loss, batches, options.steps)
