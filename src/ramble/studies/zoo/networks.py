"""The networks of the zoo: small ones of each kind that people train."""

from itertools import pairwise

import torch
from torch import Tensor, nn


def perceptron(sizes: tuple[int, ...], activation: type[nn.Module]) -> nn.Sequential:
    """Return fully connected layers of these sizes, with an activation between them, on flattened inputs."""
    layers: list[nn.Module] = [nn.Flatten()]
    for fan_in, fan_out in pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out), activation()]
    return nn.Sequential(*layers[:-1])


def convolutional_with_batch_norm() -> nn.Sequential:
    """Return two convolutions with batch norm and pooling, and a linear layer: logits (M, 10) of images (M, 1, 14, 14).

    16,850 weights.
    """
    return nn.Sequential(
        nn.Conv2d(1, 24, 3, padding=1, bias=False),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(24, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
    )


class Transformer(nn.Module):
    """One block of self-attention over tokens, read out at the first: logits (M, C) of whole numbers (M, T).

    Args:
        tokens: how many there are.
        length: T.
        width: of the embedding.
        classes: C.
    """

    def __init__(self, tokens: int, length: int, width: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        self.positions = nn.Parameter(0.1 * torch.randn(length, width))
        self.block = nn.TransformerEncoderLayer(width, 2, 2 * width, dropout=0.0, batch_first=True)
        self.head = nn.Linear(width, classes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits."""
        logits: Tensor = self.head(self.block(self.embedding(inputs) + self.positions)[:, 0])
        return logits


class Backbone(nn.Module):
    """A head of two layers on convolutions that are as they were drawn and stay so: logits (M, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2), nn.ReLU(), nn.Conv2d(16, 16, 3, stride=2), nn.ReLU(), nn.Flatten()
        )
        self.body.requires_grad_(False)
        drawn = torch.Generator().manual_seed(0)
        for value in self.body.parameters():
            value.copy_(torch.randn(value.shape, generator=drawn) * (2 / max(1, value[0].numel())) ** 0.5)
        self.head = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits of images (M, 1, 14, 14)."""
        logits: Tensor = self.head(self.body(inputs))
        return logits
