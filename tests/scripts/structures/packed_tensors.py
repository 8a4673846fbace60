"""What the user packs is unpacked once, by backward alone."""
import torch
import torch.nn.functional as F
from torch import nn

packed, unpacked = [], []


def pack(tensor):
    packed.append(tuple(tensor.shape))
    return tensor


def unpack(tensor):
    unpacked.append(tuple(tensor.shape))
    return tensor


model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))  # site: relu 8 after 0 | tanh 8 after 2
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    x = torch.randn(16, 4)
    context = torch.autograd.graph.saved_tensors_hooks(pack, unpack) if step % 2 else torch.autograd.graph.save_on_cpu()
    with context:  # not observed: values behind saved_tensors_hooks
        loss = F.mse_loss(model(x), x[:, :1])  # loss: mse_loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item(), packed, unpacked)
