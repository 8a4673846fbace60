"""Inside torch's own encoder layer and attention: the line to edit is where the layer was built or called."""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(6, 16)
        self.block = nn.TransformerEncoderLayer(16, 2, 24, dropout=0.0, batch_first=True)  # site: relu 24 after block.linear1 module=block spelling=inside
        self.gelu_block = nn.TransformerEncoderLayer(16, 2, 20, dropout=0.1, activation="gelu", batch_first=True)  # site: gelu 20 after gelu_block.linear1 | softmax 0 role=attention classes=5
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)  # site: softmax 0 role=attention dim=-1 classes=5 module=attention
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        x = self.gelu_block(self.block(self.embed(x)))
        x, weights = self.attention(x, x, x)
        return self.head(x.mean(1))


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(4):
    loss = nn.functional.cross_entropy(model(torch.randn(8, 5, 6)), torch.randint(0, 3, (8,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
