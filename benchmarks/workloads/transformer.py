"""A transformer of four layers that learns to name the most frequent token of a sequence."""

import torch
from torch import Tensor, nn
from training import arguments, train

options = arguments(steps=100)
torch.manual_seed(0)

TOKENS, LENGTH, WIDTH = 32, 64, 128


class Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Embedding(TOKENS, WIDTH)
        self.place = nn.Parameter(0.02 * torch.randn(LENGTH, WIDTH))
        block = nn.TransformerEncoderLayer(WIDTH, nhead=4, dim_feedforward=4 * WIDTH, dropout=0.0, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, num_layers=4, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, TOKENS)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.blocks(self.token(tokens) + self.place).mean(1))


sequences = [torch.randint(0, TOKENS, (16, LENGTH)) for _ in range(16)]
batches = [(x, x.mode(1).values) for x in sequences]

model = Reader()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
train(model, optimizer, nn.functional.cross_entropy, batches, options.steps)
