"""One module that is called at three lines, and twice on one of them."""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(8, 16), nn.Linear(16, 12), nn.Linear(12, 10)
        self.left, self.right = nn.Linear(10, 6), nn.Linear(10, 6)
        self.out = nn.Linear(6, 1)
        self.act = nn.ReLU()

    def forward(self, x):
        x = self.act(self.fc1(x))  # site: relu 16 after fc1 module=act
        x = self.act(self.fc2(x))  # site: relu 12 after fc2 module=act
        x = self.act(self.fc3(x))  # site: relu 10 after fc3 module=act
        x = self.act(self.left(x)) + self.act(self.right(x))  # site: relu 6 after left | relu 6 after right
        return self.out(x)


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(4):
    loss = nn.functional.mse_loss(model(torch.randn(32, 8)), torch.randn(32, 1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
