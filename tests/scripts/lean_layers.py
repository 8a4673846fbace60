"""Trains a few steps with reluctant.nn's activations, on tensors that their kernels serve, and prints every bit of what comes out."""
import hashlib

import torch

from reluctant import nn
from reluctant.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList(torch.nn.Linear(64, 64) for _ in range(6))
        self.gate = torch.nn.Linear(64, 128)
        self.prelu = nn.PReLU(64)
        self.rrelu = nn.RReLU()
        self.swiglu = nn.SwiGLU()
        self.last = nn.LinearActivation(64, 4, "softplus")

    def forward(self, x):
        first, second, third, fourth, fifth, sixth = self.layers
        x = F.mish(first(x))  # mish
        x = self.prelu(second(x))  # prelu
        x = self.rrelu(third(x))  # rrelu
        x = F.elu(fourth(x), alpha=0.5)  # elu
        x = F.squared_relu(fifth(x))  # squared_relu
        x = F.tanh(sixth(x))  # tanh
        return self.last(self.swiglu(self.gate(x)))  # softplus


model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
data, target = torch.randn(1024, 64), torch.randint(0, 4, (1024,))
for step in range(6):
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(data), target)
    loss.backward()
    optimizer.step()
    print(step, float(loss).hex())

digest = hashlib.sha256()
for parameter in model.parameters():
    digest.update(parameter.detach().numpy().tobytes())
print(digest.hexdigest(), hashlib.sha256(torch.get_rng_state().numpy().tobytes()).hexdigest())
