"""Three layers of 10,000 units, each followed by a narrow one so that a step stays short."""

import torch
from torch import nn
from training import arguments, train

options = arguments(steps=300, units=10_000)
torch.manual_seed(0)

teacher = torch.randn(32, 4)
points = [torch.randn(64, 32) for _ in range(16)]
batches = [(x, (x @ teacher).argmax(1)) for x in points]

model = nn.Sequential(
    nn.Linear(32, options.units), nn.ReLU(), nn.Linear(options.units, 32),
    nn.Tanh(), nn.Linear(32, options.units), nn.GELU(), nn.Linear(options.units, 32),
    nn.Tanh(), nn.Linear(32, options.units), nn.ReLU(), nn.Linear(options.units, 4),
)  # fmt: skip
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
train(model, optimizer, nn.functional.cross_entropy, batches, options.steps)
