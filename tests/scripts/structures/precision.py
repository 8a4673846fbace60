"""Double precision, half precision under autocast, and complex numbers in the middle."""
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, dtype):
        super().__init__()
        self.fc1, self.fc2, self.out = (nn.Linear(a, b, dtype=dtype) for a, b in ((8, 8), (8, 6), (6, 1)))
        self.weight = nn.Parameter(torch.randn(5, dtype=dtype.to_complex()))

    def forward(self, x):
        x = F.relu(self.fc1(x))  # site: relu 8 after fc1 | relu 8 after fc1
        spectrum = torch.fft.rfft(x.to(self.weight.real.dtype)) * self.weight
        x = torch.fft.irfft(spectrum.tanh(), n=8)  # site: tanh 0 # not observed: complex numbers
        x = F.gelu(self.fc2(x))  # site: gelu 6 after fc2 | gelu 6 after fc2
        return self.out(x)


for dtype in (torch.float64, torch.float32):
    model = Net(dtype)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(4):
        x, y = torch.randn(16, 8, dtype=dtype), torch.randn(16, 1, dtype=dtype)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype is torch.float32):
            loss = F.mse_loss(model(x).to(dtype), y)  # loss: mse_loss
            optimizer.zero_grad()
            loss.backward()
        optimizer.step()
        print(loss.item())
