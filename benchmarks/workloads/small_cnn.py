"""Three convolutions with batch norm on images of 32 by 32 at batch 64."""

import torch
from torch import nn
from training import arguments, train

options = arguments(steps=100)
torch.manual_seed(0)

patterns = torch.randn(10, 3, 32, 32)
labels = [torch.randint(0, 10, (64,)) for _ in range(16)]
batches = [(patterns[y] + torch.randn(64, 3, 32, 32), y) for y in labels]

model = nn.Sequential(
    nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
    nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(),
    nn.MaxPool2d(2), nn.Conv2d(64, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
)  # fmt: skip
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
train(model, optimizer, nn.functional.cross_entropy, batches, options.steps)
