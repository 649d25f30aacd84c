"""Losses and metrics: functions of a batch's outputs and targets that give a mean, as a tensor on the device."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from fastai_tui.engine.errors import RunFailed


def accuracy(preds: Tensor, yb: Tensor) -> Tensor:
    """The share of right answers. `preds` are logits: (batch, classes), of which the largest is the answer, or one for
    each item, (batch, 1) or (batch,), which says "class 1" above zero. `yb` holds the classes, (batch,)."""
    one_each = preds.ndim == 1 or preds.shape[1] == 1
    answers = (preds.flatten() > 0).long() if one_each else preds.argmax(1)
    return (answers == yb).float().mean()


def cross_entropy(preds: Tensor, yb: Tensor) -> Tensor:
    """The mean negative log likelihood, in nats, of classes `yb` (batch,) under logits `preds` (batch, classes).

    Raises `RunFailed` for outputs of another shape: that is the lesson of the network that keeps its grid.
    """
    if preds.ndim != 2 or preds.shape[1] == 1:
        shape = "×".join(str(size) for size in preds.shape[1:])
        raise RunFailed(
            f"The network answers each image with {shape} numbers, one per pixel, and a pixel is not a class: "
            "let its convolutions take strides until 1×1 is left, as model=cnn does."
        )
    return F.cross_entropy(preds, yb)


def smoothed_cross_entropy(smoothing: float) -> Callable[[Tensor, Tensor], Tensor]:
    """Cross-entropy with label smoothing while something is learnt from it: of a target, the share `smoothing` is
    spread over all classes (Szegedy et al., arXiv 1512.00567). Where no gradient is asked for, as in validation, it is
    the plain one, so that losses with and without smoothing can be compared."""

    def loss(preds: Tensor, yb: Tensor) -> Tensor:
        if not torch.is_grad_enabled() or preds.ndim != 2:
            return cross_entropy(preds, yb)
        return F.cross_entropy(preds, yb, label_smoothing=smoothing)

    return loss


def binary_cross_entropy(preds: Tensor, yb: Tensor) -> Tensor:
    """The same for two classes and one logit per item, (batch, 1) or (batch,): how likely class 1 is."""
    return F.binary_cross_entropy_with_logits(preds.flatten(), yb.to(preds.dtype))
