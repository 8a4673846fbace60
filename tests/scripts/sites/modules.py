"""Activations that are modules of torch, each after a layer of its own."""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 16)
        self.fc2 = nn.Linear(16, 16)
        self.fc3 = nn.Linear(16, 12)
        self.fc4 = nn.Linear(12, 12)
        self.fc5 = nn.Linear(12, 10)
        self.fc6 = nn.Linear(10, 10)
        self.fc7 = nn.Linear(10, 10)
        self.out = nn.Linear(10, 1)
        self.relu = nn.ReLU()
        self.leaky = nn.LeakyReLU(0.1)
        self.prelu = nn.PReLU(12)
        self.elu = nn.ELU(0.5)
        self.gelu = nn.GELU(approximate="tanh")
        self.selu = nn.SELU()
        self.hard = nn.Hardtanh(-2.0, 2.0)

    def forward(self, x):
        x = self.relu(self.fc1(x))  # site: relu 16 after fc1 module=relu module_type=ReLU spelling=module exact=True calls=1
        x = self.leaky(self.fc2(x))  # site: leaky_relu 16 after fc2 negative_slope=0.1 module=leaky
        x = self.prelu(self.fc3(x))  # site: prelu 12 after fc3 slopes=12 module=prelu
        x = self.elu(self.fc4(x))  # site: elu 12 after fc4 alpha=0.5
        x = self.gelu(self.fc5(x))  # site: gelu_tanh 10 after fc5
        x = self.selu(self.fc6(x))  # site: selu 10 after fc6
        x = self.hard(self.fc7(x))  # site: hardtanh 10 after fc7 min_val=-2 max_val=2
        return self.out(x)


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(4):
    loss = nn.functional.mse_loss(model(torch.randn(32, 8)), torch.randn(32, 1))  # loss: mse_loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
