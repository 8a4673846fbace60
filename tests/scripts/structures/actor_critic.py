"""Two losses, called one after the other, before two optimizers step."""
import torch
import torch.nn.functional as F
from torch import nn


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(4, 16), nn.Linear(16, 2)

    def forward(self, x):
        return F.softmax(self.fc2(torch.tanh(self.fc1(x))), dim=-1)  # site: tanh 16 after Actor.fc1 | softmax 0 after Actor.fc2 classes=2


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(4, 12), nn.Linear(12, 1)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))  # site: relu 12 after Critic.fc1


actor, critic = Actor(), Critic()
a_optimizer, c_optimizer = torch.optim.Adam(actor.parameters(), lr=0.01), torch.optim.Adam(critic.parameters(), lr=0.02)
for step in range(6):
    state, reward = torch.randn(32, 4), torch.randn(32, 1)
    distribution = torch.distributions.Categorical(actor(state))
    action = distribution.sample()
    value = critic(state)
    advantage = (reward - value).detach()
    a_loss = -(distribution.log_prob(action)[:, None] * advantage).mean()
    c_loss = F.mse_loss(value, reward)  # loss: mse_loss
    a_optimizer.zero_grad()
    c_optimizer.zero_grad()
    a_loss.backward()
    c_loss.backward()
    a_optimizer.step()
    c_optimizer.step()
    print(a_loss.item(), c_loss.item())
