"""No module and no optimizer: weights that are replaced at each step, and others that are changed in place."""
import torch
import torch.nn.functional as F

w1, b1 = torch.randn(4, 16) / 2, torch.zeros(16)
w2 = torch.randn(16, 12, requires_grad=True)
w3 = torch.randn(12, 1, requires_grad=True)
for step in range(20):
    w1, b1 = w1.detach().requires_grad_(), b1.detach().requires_grad_()
    x, y = torch.randn(32, 4), torch.randn(32, 1)
    h = torch.relu(x @ w1 + b1)  # site: relu 16 after weight 4×16
    h = torch.tanh(h.mm(w2))  # site: tanh 12 after weight 16×12
    loss = F.mse_loss(h @ w3, y)  # loss: mse_loss
    loss.backward()
    w1, b1 = w1 - 0.01 * w1.grad, b1 - 0.01 * b1.grad
    with torch.no_grad():
        for w in (w2, w3):
            w -= 0.01 * w.grad
            w.grad = None
    print(loss.item())
