"""Two models, two losses and two optimizers; half of the time one of them is detached."""
import torch
import torch.nn.functional as F
from torch import nn

generator = nn.Sequential(
    nn.Linear(4, 16),
    nn.ReLU(),  # site: relu 16 after Sequential.0
    nn.Linear(16, 8),
)
discriminator = nn.Sequential(
    nn.Linear(8, 12),
    nn.LeakyReLU(0.2, inplace=True),  # site: leaky_relu 12 after Sequential.0 negative_slope=0.2
    nn.Linear(12, 1),
)
g_optimizer = torch.optim.Adam(generator.parameters(), lr=0.01)
d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=0.01)
for step in range(6):
    real, noise = torch.randn(32, 8), torch.randn(32, 4)
    fake = generator(noise)
    on_real, on_fake = discriminator(real), discriminator(fake.detach())
    d_loss = F.binary_cross_entropy_with_logits(on_real, torch.ones(32, 1))  # loss: binary_cross_entropy_with_logits
    d_loss = d_loss + F.binary_cross_entropy_with_logits(on_fake, torch.zeros(32, 1))  # loss: binary_cross_entropy_with_logits
    d_optimizer.zero_grad()
    d_loss.backward()
    d_optimizer.step()
    g_loss = F.binary_cross_entropy_with_logits(discriminator(fake), torch.ones(32, 1))  # loss: binary_cross_entropy_with_logits
    g_optimizer.zero_grad()
    g_loss.backward()
    g_optimizer.step()
    print(d_loss.item(), g_loss.item())
