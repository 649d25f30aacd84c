"""Three networks that tell threes from sevens (chapter `first-cnn`). Each takes images of (batch, 1, 28, 28)."""

from collections import OrderedDict

from torch import nn


def linear_net() -> nn.Sequential:
    """For comparison, no convolution at all: every pixel has a weight of its own in each of 30 units.

    One output: above zero, it is a seven. 784·30 + 30, then 30 + 1: 23,581 parameters.
    """
    return nn.Sequential(
        OrderedDict(
            flatten=nn.Flatten(),
            linear1=nn.Linear(28 * 28, 30),
            relu1=nn.ReLU(),
            linear2=nn.Linear(30, 1),
        )
    )


def broken_net() -> nn.Sequential:
    """Two convolutions in place of the two linear layers. What comes out is still a grid of 28×28: one number for every
    pixel. Which of them is the class?"""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 30, kernel_size=3, padding=1),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(30, 1, kernel_size=3, padding=1),
        )
    )


def strided_net() -> nn.Sequential:
    """With a stride of 2 the grid halves at every layer, 28 → 14 → 7 → 4 → 2 → 1, while the channels double.

    Two outputs, one per class. 40 + 296 + 1,168 + 4,640 + 578: 6,722 parameters.
    """
    channels = [1, 4, 8, 16, 32, 2]
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i in range(1, 6):
        layers[f"conv{i}"] = nn.Conv2d(channels[i - 1], channels[i], kernel_size=3, stride=2, padding=1)
        if i < 5:  # the last layer's numbers are the answer: negative ones must get through
            layers[f"relu{i}"] = nn.ReLU()
    layers["flatten"] = nn.Flatten()
    return nn.Sequential(layers)
