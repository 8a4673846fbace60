"""A gradient scaler multiplies the loss; what is recorded is the loss itself."""
import torch
import torch.nn.functional as F
from torch import nn

model = nn.Sequential(nn.Linear(6, 10), nn.ReLU(), nn.Linear(10, 3))  # site: relu 10 after 0
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scaler = torch.amp.GradScaler("cpu", init_scale=4096.0, growth_interval=3)
for step in range(8):
    x, y = torch.randn(32, 6), torch.randint(0, 3, (32,))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = F.cross_entropy(model(x).float(), y)  # loss: cross_entropy
    optimizer.zero_grad()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    print(loss.item())
