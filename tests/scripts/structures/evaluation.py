"""Evaluation without gradient between the steps, by the fused path of the encoder too."""
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1)  # site: relu 12 after encoder.layers.0.linear1
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(self.encoder(x).mean(1))


model = Net()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
x, y = torch.randn(12, 5, 8), torch.randint(0, 2, (12,))
for step in range(4):
    model.train()
    loss = F.cross_entropy(model(x), y)  # loss: cross_entropy
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    model.eval()
    with torch.no_grad():
        first = model(x).sum().item()
    with torch.inference_mode():
        second = model(x).sum().item()
    print(loss.item(), first, second)
