"""A compiled model is read in the steps that run eagerly."""
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.head = nn.Linear(8, 16), nn.Linear(16, 12), nn.Linear(12, 1)

    def forward(self, x):
        x = F.relu(self.fc1(x))  # site: relu 16 after fc1
        x = torch.tanh(self.fc2(x))  # site: tanh 12 after fc2
        return self.head(x)


model = Net()
fast = torch.compile(model, backend="aot_eager")  # not observed: compiled
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(6):
    loss = F.mse_loss(fast(torch.randn(32, 8)), torch.randn(32, 1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
