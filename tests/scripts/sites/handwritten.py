"""Activations that users write by hand, and made inside forward."""
import torch
import torch.nn.functional as F
from torch import nn


class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)  # site: sigmoid 16 after fc0 role=gate


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        for i in range(8):
            setattr(self, f"fc{i}", nn.Linear(16, 16))
        self.swish = Swish()

    def forward(self, x):
        x = self.swish(self.fc0(x))
        x = nn.ReLU()(self.fc1(x))  # site: relu 16 after fc1
        x = nn.LeakyReLU(0.3)(self.fc2(x))  # site: leaky_relu 16 after fc2 negative_slope=0.3
        x = self.fc3(x)
        x = (x > 0) * x  # site: relu 16 after fc3
        x = self.fc4(x)
        x = torch.where(x > 0, x, torch.zeros_like(x))  # site: relu 16 after fc4
        x = self.fc5(x)
        x = torch.where(x > 0, x, 0.1 * x)
        x = self.fc6(x)
        x = x * (x > 0).float()  # site: relu 16 after fc6
        return self.fc7(x)


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(4):
    loss = F.mse_loss(model(torch.randn(32, 16)), torch.randn(32, 16))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
