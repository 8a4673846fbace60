"""Activations inside checkpointed regions, in both forms."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3, self.head = nn.Linear(8, 16), nn.Linear(16, 12), nn.Linear(12, 10), nn.Linear(10, 1)

    def first(self, x):
        return F.relu(self.fc2(x))  # site: relu 12 after fc2

    def second(self, x):
        return torch.tanh(self.fc3(x))  # site: tanh 10 after fc3

    def forward(self, x):
        x = F.relu(self.fc1(x))  # site: relu 16 after fc1
        x = checkpoint(self.first, x, use_reentrant=False)
        x = checkpoint(self.second, x, use_reentrant=True)
        return self.head(x)


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(4):
    loss = F.mse_loss(model(torch.randn(32, 8)), torch.randn(32, 1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
