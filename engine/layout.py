"""How a network's numbers lie in memory."""

import torch
from torch import nn

# Floats in a vector register: 16 with AVX-512, else no more than 8. With fewer input channels than that, torch 2.15
# on a CPU writes beyond its memory in the backward pass of 1×1 convolutions whose stride is 2 or more, if channels come
# last: the process aborts.
VECTOR = {"AVX512": 16}.get(torch.backends.cpu.get_cpu_capability(), 8)


def lay_out(model: nn.Module, device: torch.device) -> None:
    """Put a model on a device, each pixel's channels beside each other (channels_last) where that is possible: small
    convolutions are a quarter faster with it on a CPU, and others on a GPU."""
    model.to(device)
    volumes = any(p.ndim == 5 for p in model.parameters())  # have a layout of their own
    if not volumes and not (device.type == "cpu" and any(map(_aborts, model.modules()))):
        model.to(memory_format=torch.channels_last)


def _aborts(module: nn.Module) -> bool:
    return (
        isinstance(module, nn.Conv2d)
        and max(module.kernel_size) == 1
        and max(module.stride) > 1
        and module.in_channels < VECTOR
    )
