"""Passes that are unusual but right: twice over one graph, several roots, elements weighed by hand, parts frozen or cut off, empty batches."""
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.frozen, self.fc1, self.fc2, self.head = nn.Linear(4, 6), nn.Linear(6, 8), nn.Linear(8, 8), nn.Linear(8, 1)
        self.frozen.requires_grad_(False)
        self.gate = nn.Parameter(torch.tensor(0.3))

    def forward(self, x):
        x = torch.tanh(self.frozen(x))
        x = F.relu(self.fc1(x))  # site: relu 8 after fc1
        y = torch.sigmoid(self.fc2(x.detach()))  # site: sigmoid 8 after fc2
        return self.head(x + y) * self.gate


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(4):
    x, y = torch.randn(16, 4), torch.randn(16, 1)
    loss = F.l1_loss(model(x), y)  # loss: l1_loss
    optimizer.zero_grad()
    loss.backward(retain_graph=True)
    loss.backward()
    each = F.mse_loss(model(x), y, reduction="none")  # loss: mse_loss
    each.backward(torch.rand(16, 1))
    out = model(x)
    torch.autograd.backward([F.mse_loss(out, y), out.abs().mean()])  # loss: mse_loss
    empty = model(torch.zeros(0, 4)).sum()
    empty.backward()
    optimizer.step()
    print(loss.item(), each.sum().item(), empty.item())
