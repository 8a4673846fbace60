"""A model is exported, traced, deep-copied and pickled in the middle of its training; nothing of the observer gets into it."""
import copy
import inspect
import io
import pickle

import torch
import torch.nn.functional as F
from torch import fx, nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(4, 8), nn.Linear(8, 1)

    def forward(self, x):
        return self.fc2(F.silu(self.fc1(x)))  # site: silu 8 | silu 8 | silu 8


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
for step in range(6):
    x = torch.randn(16, 4)
    loss = F.mse_loss(model(x), x[:, :1])  # loss: mse_loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 2 == 0:
        program = torch.export.export(model, (x,))
        print(program.graph_module.code, [sorted(node.meta) for node in program.graph.nodes])
        print(fx.symbolic_trace(model).code)
        model, optimizer = copy.deepcopy((model, optimizer)) if step else (model, optimizer)
        text = pickle.dumps((model.state_dict(), optimizer.state_dict()))
        print(len(text), len(pickle.dumps(model)), vars(model).keys(), vars(optimizer).keys())
        buffer = io.BytesIO()
        torch.save(optimizer, buffer)
        print(type(torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)))
print(inspect.signature(nn.Module.__init__), inspect.signature(torch.optim.Optimizer.__init__), inspect.signature(torch.compile))
print(inspect.signature(torch.autograd._make_grads), pickle.loads(pickle.dumps(torch.compile)) is torch.compile)
