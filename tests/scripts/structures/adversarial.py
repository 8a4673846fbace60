"""The gradient of the batch itself is asked for, with batches that come again."""
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 4, 3), nn.Linear(4 * 36, 3)

    def forward(self, x):
        x = F.relu(self.conv(x))  # site: relu 4 after conv
        return self.fc(x.flatten(1))


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
batches = [(torch.rand(10, 1, 8, 8), torch.randint(0, 3, (10,))) for _ in range(3)]
for epoch in range(4):
    for x, y in batches:
        x.requires_grad_()
        loss = F.cross_entropy(model(x), y)  # loss: cross_entropy
        (gradient,) = torch.autograd.grad(loss, x)
        loss = F.cross_entropy(model((x + 0.1 * gradient.sign()).detach()), y)  # loss: cross_entropy
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(loss.item())
