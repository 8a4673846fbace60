"""What a unit is follows from the layer, whatever lies between it and the activation."""
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1)
        self.bn = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 5, 3, padding=1)
        self.conv3 = nn.Conv2d(5, 7, 3, padding=1)
        self.conv1d = nn.Conv1d(7, 9, 3, padding=1)
        self.token = nn.Linear(9, 11)
        self.norm = nn.LayerNorm(11)
        self.flat = nn.Linear(11 * 64, 13)
        self.mix = nn.Linear(64, 4)
        self.head = nn.Linear(13, 1)

    def forward(self, x):
        x = F.relu(self.bn(self.conv1(x)))  # site: relu 6 after conv1 unit_axis=1
        x = F.relu(F.max_pool2d(self.conv2(x), 1))  # site: relu 5 after conv2 unit_axis=1
        x = self.conv3(x.to(memory_format=torch.channels_last))
        x = F.relu(x.flatten(2))  # site: relu 7 after conv3 unit_axis=1
        x = self.conv1d(x)
        x = F.relu(x.transpose(1, 2))  # site: relu 9 after conv1d unit_axis=2
        x = F.relu(self.norm(self.token(x)))  # site: relu 11 after token unit_axis=2
        mixed = self.token(x[..., :9])
        mixed = F.gelu(self.mix(mixed.transpose(1, 2)))  # site: gelu 4 after mix unit_axis=2
        x = F.relu(self.flat(x.flatten(1)) + mixed.mean())  # site: relu 13 after flat unit_axis=1
        return torch.sigmoid(self.head(x).squeeze(1))  # site: sigmoid 1 after head role=output


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(4):
    loss = F.binary_cross_entropy(model(torch.randn(6, 3, 8, 8)), torch.rand(6))  # loss: binary_cross_entropy
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
