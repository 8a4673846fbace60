"""Activations written as functions of torch.nn.functional and torch, as methods, and in place."""
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.ModuleList(nn.Linear(16, 16) for _ in range(22))

    def forward(self, x):
        x = F.relu(self.fc[0](x))  # site: relu 16 after fc.0 spelling=functional
        x = torch.relu(self.fc[1](x))  # site: relu 16 after fc.1
        x = self.fc[2](x).relu()  # site: relu 16 after fc.2
        x = self.fc[3](x).relu_()  # site: relu 16 after fc.3
        x = F.relu(self.fc[4](x), inplace=True)  # site: relu 16 after fc.4 spelling=functional
        x = self.fc[5](x).clamp(min=0)  # site: relu 16 after fc.5
        x = torch.clamp_min(self.fc[6](x), 0)  # site: relu 16 after fc.6
        x = torch.maximum(self.fc[7](x), torch.zeros(16))  # site: relu 16 after fc.7
        x = torch.maximum(self.fc[8](x), torch.tensor(0.0))  # site: relu 16 after fc.8
        x = self.fc[9](x)
        x = torch.where(x > 0, x, 0)  # site: relu 16 after fc.9
        x = self.fc[10](x)
        x = x * (x > 0)  # site: relu 16 after fc.10
        x = F.leaky_relu(self.fc[11](x), 0.2)  # site: leaky_relu 16 after fc.11 negative_slope=0.2
        x = torch.sigmoid(self.fc[12](x))  # site: sigmoid 16 after fc.12
        x = self.fc[13](x).tanh()  # site: tanh 16 after fc.13
        x = F.elu_(self.fc[14](x))  # site: elu 16 after fc.14 alpha=1
        x = F.softplus(self.fc[15](x), beta=2)  # site: softplus 16 after fc.15 beta=2 threshold=20
        x = F.silu(self.fc[16](x))  # site: silu 16 after fc.16
        x = F.celu(self.fc[17](x), alpha=0.7)  # site: celu 16 after fc.17 alpha=0.7
        x = F.hardswish(self.fc[18](x))  # site: hardswish 16 after fc.18
        x = torch.clamp(self.fc[19](x), -1, 1)  # site: clamp 16 after fc.19 min=-1 max=1
        x = F.relu6(self.fc[20](x))  # site: relu6 16 after fc.20
        return self.fc[21](x)


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(4):
    loss = nn.functional.mse_loss(model(torch.randn(32, 16)), torch.randn(32, 16))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
