"""A run that is lost from its first step on."""
import torch
import torch.nn.functional as F
from torch import nn

model = nn.Sequential(
    nn.Linear(4, 8),
    nn.ReLU(),  # site: relu 0 after 0 first_non_finite_step=0
    nn.Linear(8, 8),
    nn.Tanh(),  # site: tanh 0 after 2 first_non_finite_step=0
    nn.Linear(8, 1),
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(16, 4), torch.randn(16, 1)
x[3, 1] = float("nan")
for step in range(6):
    loss = F.mse_loss(model(x), y)  # loss: mse_loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
