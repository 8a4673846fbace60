"""The user's own anomaly mode finds the user's NaN, and reads as the user has set it."""
import torch
from torch import nn

print(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))  # site: relu 8 after 0
x = torch.randn(16, 4)
for step in range(3):
    loss = model(x).pow(2).mean()
    loss.backward()
    print(loss.item(), torch.is_anomaly_enabled())
for step in range(2):
    try:
        with torch.autograd.detect_anomaly():
            print(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
            loss = model(x).abs().sum() * 0
            torch.sqrt(loss).backward()
    except RuntimeError as error:
        print(str(error)[:60])
    print(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
torch.autograd.set_detect_anomaly(True, check_nan=False)
print(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
model(x).sum().backward()
torch.autograd.set_detect_anomaly(False)
print(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
