"""torch.func.grad over one model, and per-sample gradients through vmap."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, grad, vmap

model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))  # site: tanh 8 after 0 | tanh 8 after 0
weights = {name: value.detach() for name, value in model.named_parameters()}


def loss_of(weights, x, y):
    return F.mse_loss(functional_call(model, weights, (x,)), y)  # loss: mse_loss


x, y = torch.randn(20, 4), torch.randn(20, 1)
for step in range(6):
    gradients = grad(loss_of)(weights, x, y)
    weights = {name: value - 0.05 * gradients[name] for name, value in weights.items()}
    each = vmap(grad(loss_of), in_dims=(None, 0, 0))(weights, x, y)
    print(sum(float(g.norm()) for g in gradients.values()), sum(float(g.norm()) for g in each.values()))
