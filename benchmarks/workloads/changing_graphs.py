"""A network that is put together anew at every step, so that hardly two backward passes have the same structure."""

import torch
from torch import Tensor, nn
from training import arguments, train

options = arguments(steps=5_000)
torch.manual_seed(0)

CHOICES = (torch.relu, torch.tanh, torch.sigmoid, nn.functional.gelu)


class Changing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.cell, self.last = nn.Linear(4, 16), nn.Linear(16, 16), nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(self.first(x))
        for choice in torch.randint(0, len(CHOICES), (8,)).tolist():
            x = CHOICES[choice](self.cell(x))
        return self.last(x)


points = [torch.randn(32, 4) for _ in range(16)]
batches = [(x, x[:, :1] * x[:, 1:2]) for x in points]

model = Changing()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
train(model, optimizer, nn.functional.mse_loss, batches, options.steps)
