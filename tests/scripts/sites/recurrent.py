"""Recurrent networks: what torch unrolls is seen, gates inside a fused kernel are not."""
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 8, batch_first=True)
        self.gru = nn.GRU(8, 8, batch_first=True)  # site: sigmoid 8 after gru role=gate calls=10 | tanh 8 after gru role=gate calls=5
        self.rnn = nn.RNN(8, 6, nonlinearity="relu", batch_first=True)  # site: relu 6 after rnn calls=5
        self.cell = nn.RNNCell(6, 5)  # site: tanh 5 after cell calls=5
        self.head = nn.Linear(5, 1)

    def forward(self, x):
        x, _ = self.rnn(self.gru(self.lstm(x)[0])[0])  # not observed: the gates inside the LSTM
        h = torch.zeros(len(x), 5)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        return self.head(h)


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(4):
    loss = nn.functional.mse_loss(model(torch.randn(8, 5, 4)), torch.randn(8, 1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
