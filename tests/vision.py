"""torchvision's own networks. Torch's compiler comes with them, two seconds that only tests that build one wait for."""

from typing import Any

from torch import nn


def untrained(name: str, **options: Any) -> nn.Module:
    """The network of that name, with random weights."""
    from torchvision import models

    found: nn.Module = models.get_model(name, weights=None, **options)
    return found
