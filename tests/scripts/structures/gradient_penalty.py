"""A penalty on the gradient with respect to a batch that is made anew at each step."""
import torch
from torch import nn


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(8, 16), nn.Linear(16, 12), nn.Linear(12, 1)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))  # site: tanh 16 after fc1
        x = nn.functional.leaky_relu(self.fc2(x), 0.2)  # site: leaky_relu 12 after fc2 negative_slope=0.2
        return self.fc3(x)


def penalty(real, fake):
    mixed = torch.lerp(real, fake, torch.rand(len(real), 1)).requires_grad_()
    score = critic(mixed)
    (gradient,) = torch.autograd.grad(score, mixed, torch.ones_like(score), create_graph=True)
    return ((gradient.norm(dim=1) - 1) ** 2).mean()  # loss: mse_loss


critic = Critic()
optimizer = torch.optim.Adam(critic.parameters(), lr=0.01)
for step in range(6):
    real, fake = torch.randn(32, 8), torch.randn(32, 8) + 1
    loss = critic(fake).mean() - critic(real).mean() + 10 * penalty(real, fake)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
