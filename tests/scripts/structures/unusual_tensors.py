"""Sparse matrices and gradients, nested tensors, subclasses of tensors."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing._internal.two_tensor import TwoTensor


class Graph(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.bag = nn.Embedding(6, 4, sparse=True), nn.EmbeddingBag(6, 4, mode="sum", sparse=True)
        self.fc1, self.fc2 = nn.Linear(4, 5), nn.Linear(5, 1)

    def forward(self, adjacency, nodes):
        x = self.embed(nodes) + self.bag(nodes[:, None])
        x = F.relu(torch.sparse.mm(adjacency, self.fc1(x)))  # site: relu 5 after fc1
        return self.fc2(adjacency @ x)


graph = Graph()
adjacency = (torch.rand(6, 6) > 0.5).float().to_sparse()
sparse, dense = torch.optim.SparseAdam([graph.embed.weight, graph.bag.weight], lr=0.1), torch.optim.SGD(graph.fc1.parameters(), lr=0.1)
for layout in (adjacency, adjacency.to_sparse_csr()):
    for step in range(3):
        loss = F.mse_loss(graph(layout, torch.arange(6)), torch.ones(6, 1))  # loss: mse_loss
        sparse.zero_grad()
        dense.zero_grad()
        loss.backward()
        sparse.step()
        dense.step()
        print(loss.item())

model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 1))  # site: relu 0 after Sequential.0
for jagged in (torch.jagged, torch.strided):
    for step in range(3):
        parts = torch.nested.nested_tensor([torch.randn(2, 4), torch.randn(3, 4)], layout=jagged)
        loss = torch.nested.to_padded_tensor(model(parts), 0.0).pow(2).mean()  # not observed: no plain arrays
        loss.backward()
        print(loss.item())
        model.zero_grad()
for step in range(3):
    loss = model(TwoTensor(torch.randn(6, 4), torch.randn(6, 4))).sum()
    loss.backward()
    print(type(loss).__name__)
