"""The network of the chapter `stability`: ten digits, five convolutions of stride 2, with or without batch norm."""

from collections import OrderedDict

from torch import nn


def digits_net(*, first: int = 5, norm: str = "none") -> nn.Sequential:
    """(batch, 1, 28, 28) → (batch, 10), through 14, 7, 4, 2, 1 pixels across.

    `first` is the first kernel's size: 3×3 would turn 9 pixels into 8 numbers, which asks for nothing to be learnt, and
    5×5 turns 25 into 8. With `norm="batch"` each convolution is followed by batch norm, after its ReLU (the last layer,
    whose numbers are the answer, has no ReLU), as fast.ai's course does it.
    """
    channels = [1, 8, 16, 32, 64, 10]
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i in range(1, 6):
        size = first if i == 1 else 3
        layers[f"conv{i}"] = nn.Conv2d(channels[i - 1], channels[i], size, stride=2, padding=size // 2)
        if i < 5:
            layers[f"relu{i}"] = nn.ReLU()
        if norm == "batch":
            layers[f"norm{i}"] = nn.BatchNorm2d(channels[i])
    layers["flatten"] = nn.Flatten()
    return nn.Sequential(layers)
