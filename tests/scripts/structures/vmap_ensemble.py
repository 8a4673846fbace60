"""An ensemble trained at once through torch.func."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(4, 8), nn.Linear(8, 1)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))  # site: relu 8 after Net.fc1


models = [Net() for _ in range(3)]
parameters, buffers = stack_module_state(models)
parameters = {name: value.detach() for name, value in parameters.items()}
x, y = torch.randn(20, 4), torch.randn(20, 1)


def loss_of(parameters, buffers):
    return F.mse_loss(functional_call(models[0], (parameters, buffers), (x,)), y)  # loss: mse_loss


for step in range(6):
    gradients, losses = vmap(grad_and_value(loss_of))(parameters, buffers)
    parameters = {name: value - 0.05 * gradients[name] for name, value in parameters.items()}
    print(losses.tolist())
