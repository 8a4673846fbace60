"""The channel axis after a convolution in every layout: flattened, unbatched, moved to the end, pooled away."""
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(1, 5, 3), nn.Conv2d(5, 6, 3), nn.ConvTranspose2d(6, 3, 3)
        self.e = nn.Conv3d(1, 5, 3)
        self.head = nn.Linear(4 * 36 + 5 + 6 + 3 + 5, 2)

    def forward(self, x):
        a = F.relu(self.a(x).flatten(1))  # site: relu 4 after a
        b = self.b(x)
        c = F.relu(self.c(b).permute(0, 2, 3, 1))  # site: relu 6 after c unit_axis=3
        d = F.relu(self.d(c.permute(0, 3, 1, 2)))  # site: relu 3 after d unit_axis=1
        e = F.relu(self.e(x[:, None].expand(-1, 1, 4, 6, 6)))  # site: relu 5 after e unit_axis=1
        b = torch.tanh(b.mean((2, 3)))  # site: tanh 5 after b unit_axis=1
        return self.head(torch.cat([a, b, c.amax((1, 2)), d.mean((2, 3)), e.mean((2, 3, 4))], 1))


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(4):
    loss = F.cross_entropy(model(torch.randn(6, 1, 6, 6)), torch.randint(0, 2, (6,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
