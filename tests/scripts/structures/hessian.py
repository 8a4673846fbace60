"""Derivatives of derivatives through torch.func, and forward mode."""
import torch
from torch import nn
from torch.func import functional_call, hessian, jacrev, jvp, vjp

model = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))  # sites: any
x = torch.randn(3)
for step in range(3):
    second = hessian(lambda x: model(x).sum())(x)
    first = jacrev(lambda w: functional_call(model, w, (x,)))(dict(model.named_parameters()))
    _, forward = jvp(lambda x: model(x), (x,), (torch.ones(3),))
    _, pull = vjp(lambda x: model(x), x)
    x = x - 0.1 * pull(torch.ones(1))[0]
    print(second.sum().item(), first["0.weight"].sum().item(), forward.item(), x.tolist())
loss = model(x).pow(2).sum()
loss.backward()
print(torch.autograd.functional.hessian(lambda x: model(x).sum(), x.detach()).sum().item())
