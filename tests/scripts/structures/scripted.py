"""A module that TorchScript runs."""
import warnings

import torch
import torch.nn.functional as F
from torch import nn

warnings.simplefilter("ignore")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(4, 8), nn.Linear(8, 1)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


model = torch.jit.script(Net())
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    x = torch.randn(16, 4)
    loss = F.mse_loss(model(x), x[:, :1])  # loss: mse_loss # site: relu 8 after Net.fc1 # not observed: TorchScript
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
