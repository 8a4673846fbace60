"""A compiled model whose forward passes are mostly not measured: what is measured runs eagerly."""
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.head = nn.Linear(8, 16), nn.Linear(16, 1)

    def forward(self, x):
        return self.head(F.relu(self.fc1(x)))  # site: relu 16 after fc1


model = Net()
model.compile(backend="aot_eager")  # not observed: compiled
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(40):
    loss = F.mse_loss(model(torch.randn(32, 8)), torch.randn(32, 1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
