"""Trains a small classifier on scikit-learn's handwritten digits."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


class DigitClassifier(nn.Module):
    def __init__(self, hidden=128):
        super().__init__()
        self.fc1 = nn.Linear(64, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, 32)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = F.relu(self.fc3(x))
        return self.head(x)


def accuracy(model, images, labels):
    with torch.no_grad():
        return (model(images).argmax(dim=1) == labels).float().mean().item()


def main():
    torch.manual_seed(0)
    images, labels = load_digits(return_X_y=True)
    train_images, test_images, train_labels, test_labels = train_test_split(images, labels, test_size=0.2, random_state=0)
    train_images, test_images = (torch.tensor(part, dtype=torch.float32) / 16 for part in (train_images, test_images))
    train_labels, test_labels = torch.tensor(train_labels), torch.tensor(test_labels)

    loader = DataLoader(TensorDataset(train_images, train_labels), batch_size=128, shuffle=True)
    model = DigitClassifier()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)

    for epoch in range(1, 61):
        total = 0.0
        for batch, targets in loader:
            loss = F.cross_entropy(model(batch), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        if epoch % 10 == 0:
            score = accuracy(model, test_images, test_labels)
            print(f"epoch {epoch:2d}  loss {total / len(loader.dataset):.4f}  test accuracy {score:.1%}")


if __name__ == "__main__":
    main()
