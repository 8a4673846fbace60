"""Activations that a container calls: the line to edit is where they were built."""
import torch
from torch import nn

net = nn.Sequential(
    nn.Linear(8, 16),
    nn.ReLU(),  # site: relu 16 after 0 module=1 spelling=module
    nn.Linear(16, 12),
    nn.Tanh(),  # site: tanh 12 after 2 module=3
    nn.Sequential(nn.Linear(12, 10), nn.ReLU(), nn.Linear(10, 6), nn.ReLU()),  # site: relu 10 after 4.0 | relu 6 after 4.2
    nn.Linear(6, 2),
)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
for step in range(4):
    loss = nn.CrossEntropyLoss()(net(torch.randn(32, 8)), torch.randint(0, 2, (32,)))  # loss: cross_entropy
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
