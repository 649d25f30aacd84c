"""What becomes of a signal in a deep network: how large each layer's numbers are, and the gradient's on its way back,
step after step of plain gradient descent. Nothing is kept from going wrong."""

import time
from dataclasses import replace
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fastai_tui.engine.data import store
from fastai_tui.engine.data.image import ImageLoader, image_data
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.models.batch_norm import Norm
from fastai_tui.engine.models.cifar10 import DeepNet, NormLayer, SkipNet
from fastai_tui.engine.signal_sizes import HIGH, INITS, LOW, MOST, NORMS, Net, Point, Signals, over
from fastai_tui.engine.threads import threads

IMAGES = 32  # in a batch: a step through 34 layers takes half a second on one busy core
SET = 2000  # training images that are drawn from; their mean and deviation normalise
LOOK = 0.3  # seconds of computing for one request
PREFERRED = ("cifar10", "colour-digits")


def network(net: Net, channels: int = 3, classes: int = 10, seed: int = 42) -> DeepNet:
    """A fresh network as `net` says."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        kind = SkipNet if net.skips else DeepNet
        model = kind(channels=channels, classes=classes, norm=Norm(net.norm), depth=net.depth)
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                begin(module, net, relu=module is not model.first)
    return model


@torch.no_grad()
def begin(conv: nn.Conv2d, net: Net, *, relu: bool) -> None:
    """Give a convolution the weights that it begins with. He's have the variance 2/fan-in, because the ReLU that
    follows loses half, or 1/fan-in where none follows (He et al., arXiv 1502.01852)."""
    if net.init == "kaiming":
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu" if relu else "linear")
        if conv.bias is not None:
            nn.init.zeros_(conv.bias)
    conv.weight.mul_(net.gain)


class Walk:
    """A network on its way downhill. `points` has its batches so far, each as it was before the step on it."""

    def __init__(self, net: Net, loader: ImageLoader, classes: int, seed: int) -> None:
        self.net, self.points, self.shapes = net, list[Point](), list[list[int]]()
        self.batches = loader.batches(0)
        xb, yb = next(self.batches)
        self.model = network(net, xb.shape[1], classes, seed).train()
        self.watched = [m for m in self.model.modules() if isinstance(m, NormLayer) or m is self.model.first]
        self.watched.append(self.model.out)
        self._look(xb, yb)

    @property
    def over(self) -> bool:
        """Is there nothing more to see?"""
        return over(self.points)

    def step(self) -> None:
        """Take one step, and look at the next batch."""
        with torch.no_grad():
            for p in self.model.parameters():
                assert p.grad is not None
                p.sub_(self.net.rate * p.grad)
        self._look(*next(self.batches))

    def _look(self, xb: Tensor, yb: Tensor) -> None:
        given: list[Tensor] = []
        hooks = [m.register_forward_hook(lambda _m, _x, y: given.append(y)) for m in self.watched]
        try:
            loss = cross_entropy(self.model(xb), yb)
        finally:
            for hook in hooks:
                hook.remove()
        for y in given:
            y.retain_grad()
        self.model.zero_grad()
        loss.backward()
        self.shapes = [list(y.shape[1:]) for y in given]
        self.points.append(
            Point(
                loss=_finite(loss),
                forward=[_finite(y.detach().double().square().mean().sqrt()) for y in given],
                backward=[_length(y.grad) for y in given],
                weights=[_share(_weight(m)) for m in self.watched],
            )
        )


def _weight(module: nn.Module) -> nn.Parameter:
    weighted = module.conv if isinstance(module, NormLayer) else module
    assert isinstance(weighted.weight, nn.Parameter)
    return weighted.weight


def _share(weight: nn.Parameter) -> float | None:
    """The gradient's length as a share of the weights'."""
    gradient, length = _length(weight.grad), _length(weight.detach())
    return None if gradient is None or length is None else gradient / length if length else 0.0


def _length(tensor: Tensor | None) -> float | None:
    assert tensor is not None
    return _finite(tensor.double().norm())


def _finite(number: Tensor) -> float | None:
    return number.item() if bool(number.isfinite()) else None


_walks: dict[tuple[str, Net, int], Walk] = {}  # at most two: the one that is looked at, and the one before


def answer(
    steps: int,
    data: str = "",
    depth: int = 3,
    init: str = "usual",
    gain: float = 1.0,
    norm: str = "none",
    skips: bool = False,
    rate: float = 0.1,
    seed: int = 42,
) -> Signals:
    """What goes through a network on the batches before and after each of the first `steps` steps, or as many of them
    as a moment is enough for. A lab request. `data` is nothing for CIFAR-10 or what stands in for it.

    Raises `BadInput` for a network that there is not, and what `store.images` raises.
    """
    net = Net(depth, init, gain, norm, skips, rate)
    if init not in INITS or norm not in NORMS or not LOW <= depth <= HIGH:
        raise BadInput(f"There is no such network: depth is {LOW} to {HIGH}, init one of {INITS}, norm of {NORMS}.")
    torch.set_num_threads(threads())
    name = store.resolve(data, PREFERRED)
    loader, classes = _loader(name, seed)
    walk = _walks.pop((name, net, seed), None) or Walk(net, loader, classes, seed)
    _walks[name, net, seed] = walk
    while len(_walks) > 2:
        _walks.pop(next(iter(_walks)))
    until = time.monotonic() + LOOK
    while len(walk.points) <= steps and not walk.over and time.monotonic() < until:
        walk.step()
    return Signals(walk.points[: steps + 1], walk.shapes, name, IMAGES)


@lru_cache(maxsize=1)
def _loader(name: str, seed: int) -> tuple[ImageLoader, int]:
    """Some of a set's training images, in batches, and how many classes they have."""
    found = store.images(name)
    few = slice(None, None, max(len(found.train_images) // SET, 1))
    some = replace(found, train_images=found.train_images[few], train_labels=found.train_labels[few])
    if len(some.train_images) < IMAGES * (MOST + 1):
        raise BadInput(f"{name} has too few images to train on: give a set of at least {IMAGES * (MOST + 1)}.")
    loader = image_data(some, bs=IMAGES, seed=seed, device=torch.device("cpu")).train
    assert isinstance(loader, ImageLoader)
    return loader, len(found.classes)
