"""An optimizer that calls back for several passes in each step."""
import torch
from torch import nn

model = nn.Sequential(nn.Linear(4, 10), nn.Sigmoid(), nn.Linear(10, 1))  # site: sigmoid 10 after 0
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=4, line_search_fn="strong_wolfe")
x, y = torch.randn(40, 4), torch.randn(40, 1)


def closure():
    optimizer.zero_grad()
    loss = nn.MSELoss()(model(x), y)  # loss: mse_loss
    loss.backward()
    return loss


for step in range(4):
    print(optimizer.step(closure).item())
