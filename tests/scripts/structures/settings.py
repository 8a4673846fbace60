"""A default device and a default type, and deterministic algorithms only."""
import torch
import torch.nn.functional as F
from torch import nn

torch.use_deterministic_algorithms(True)
torch.set_default_device("meta")
torch.set_default_dtype(torch.float64)
with torch.device("cpu"):
    model = nn.Sequential(nn.Linear(4, 8), nn.ELU(0.5), nn.Linear(8, 1))  # site: elu 8 after 0 alpha=0.5
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(4):
    x = torch.randn(16, 4, device="cpu")
    loss = F.smooth_l1_loss(model(x), x[:, :1])  # loss: smooth_l1_loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), torch.zeros(1).device)
torch.set_default_dtype(torch.float32)
torch.set_default_device(None)
torch.use_deterministic_algorithms(False)
