"""Modes that the user has pushed see the user's operations and no others."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode


class Dispatched(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, function, kinds, arguments=(), named=None):
        self.seen.append(str(function))
        return function(*arguments, **(named or {}))


class Called(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_function__(self, function, kinds, arguments=(), named=None):
        self.seen.append(getattr(function, "__name__", str(function)))
        return function(*arguments, **(named or {}))


model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))  # site: relu 4 after 0
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(8, 1, 8, 8), torch.randint(0, 2, (8,))
for mode in (FlopCounterMode(display=False), Dispatched(), Called()):
    with mode:
        for step in range(3):
            loss = F.cross_entropy(model(x), y)  # loss: cross_entropy
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    print(loss.item(), mode.get_total_flops() if isinstance(mode, FlopCounterMode) else mode.seen)
