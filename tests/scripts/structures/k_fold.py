"""A new model and a new optimizer in each fold."""
import torch
from torch import nn

x, y = torch.randn(60, 5), torch.randint(0, 2, (60, 1)).float()
for fold in range(3):
    model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1))  # site: relu 8 after 0 | relu 8 after 0 | relu 8 after 0
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(10):
        loss = nn.BCEWithLogitsLoss()(model(x), y)  # loss: binary_cross_entropy_with_logits
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(loss.item())
