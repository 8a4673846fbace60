"""A little of everything that is observed: convolutions, checkpoints, attention, masks, hand-written losses, two optimizers, torch.func."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint


class Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.sign()

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)
        self.fc1, self.fc2, self.slope = nn.Linear(27, 8), nn.Linear(8, 6), nn.PReLU(6)
        self.cell, self.drop, self.lstm = nn.RNNCell(6, 6), nn.Dropout(0.2), nn.LSTM(6, 4)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)))
        x = checkpoint(lambda y: F.elu_(self.fc1(y)), x.flatten(1), use_reentrant=True)
        x = self.slope(self.fc2(x))
        x = x * (x > 0) + Sign.apply(x)
        x = self.drop(self.cell(x) * x.softmax(1))
        return self.head(self.lstm(torch.where(x > 0, x, 0)[None])[0][0])


def train():
    net = Net()
    optimizers = [torch.optim.Adam(net.parameters(), lr=0.01), torch.optim.SGD([net.slope.weight], lr=0.01)]
    for step in range(5):
        x, y = torch.randn(8, 1, 5, 5).requires_grad_(step % 2 == 0), torch.randint(0, 3, (8,))
        out = net(x)
        loss = F.cross_entropy(out, y) + F.poisson_nll_loss(out[:, 0], y.float()) + ((out[:, 1] - y) ** 2).mean()
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        print(loss.item())
    return net


net = train()
weights = {name: value.detach() for name, value in net.head.named_parameters()}
for step in range(3):
    gradients = torch.func.grad(lambda w: torch.func.functional_call(net.head, w, (torch.ones(2, 4),)).tanh().sum())(weights)
    print(gradients["bias"].tolist())
