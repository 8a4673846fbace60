"""Trains a little with everything around it that a training script has: workers, a child process, a saved model."""
import os

os.environ["OMP_NUM_THREADS"] = "1"  # counts only when it is set before torch is imported

import io
import sys

import torch
import torch.multiprocessing
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Numbers(Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        return torch.randn(8, generator=generator), torch.tensor(index % 3)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(8, 16)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(torch.relu(self.hidden(x)))


def train_in_child(queue):
    torch.manual_seed(5)
    model = Net()
    loss = model(torch.randn(4, 8)).square().mean()
    loss.backward()
    queue.put((loss.item(), os.getpid() != os.getppid(), torch.autograd.backward.__module__))


def train(method):
    torch.manual_seed(1)
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = DataLoader(Numbers(), batch_size=16, shuffle=True, num_workers=1, multiprocessing_context=method)
    for epoch in range(3):
        for batch, targets in loader:
            loss = nn.functional.cross_entropy(model(batch), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(epoch, repr(loss.item()), flush=True)
    return model


if __name__ == "__main__":
    print("threads", torch.get_num_threads())
    model = train("fork")
    context = torch.multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=train_in_child, args=(queue,))
    child.start()
    print(queue.get())
    child.join()
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    again = torch.load(file, weights_only=False)
    print(type(again) is Net, all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters())), torch.rand(1).item())
    if sys.argv[1:] == ["fail"]:
        again(torch.zeros(2, 7))
    if sys.argv[1:] == ["backward"]:
        torch.zeros(3).sum().backward()
    while sys.argv[1:] == ["forever"]:
        train("fork")
