"""Gradients accumulate over four passes before a step, the last of them on a smaller batch."""
import torch
import torch.nn.functional as F
from torch import nn


def train(model, optimizer):
    for step in range(5):
        optimizer.zero_grad()
        for part in range(4):
            x, y = torch.randn(8 - part, 6), torch.randint(0, 3, (8 - part,))
            loss = F.cross_entropy(model(x), y) / 4  # loss: cross_entropy
            loss.backward()
        optimizer.step()
        print(loss.item())


model = nn.Sequential(nn.Linear(6, 10), nn.GELU(), nn.Linear(10, 3))  # site: gelu 10 after 0
train(model, torch.optim.AdamW(model.parameters(), lr=0.01))
