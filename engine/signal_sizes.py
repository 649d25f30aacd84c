"""How large what goes through a deep network is, layer by layer: plain values, free of torch; `signals` measures
them."""

import math
from collections.abc import Sequence

import msgspec

GROUPS = 4  # of layers, the first of each with stride 2
LOW, HIGH = 1, 8  # layers in a group
MOST = 30  # steps of training: what goes wrong has gone wrong by then
INITS = ("usual", "kaiming")
NORMS = ("none", "after", "before")

Sizes = Sequence[float | None]  # a layer each; None where there is no finite number any more


class Net(msgspec.Struct, frozen=True):
    """Which network, and how large its steps are. `init` is torch's usual one or He's; `gain` multiplies the weights of
    all convolutions then."""

    depth: int = 3
    init: str = "usual"
    gain: float = 1.0
    norm: str = "none"
    skips: bool = False
    rate: float = 0.1

    @property
    def layers(self) -> int:
        """The first, those of the groups, and the last, linear one."""
        return GROUPS * self.depth + 2


class Point(msgspec.Struct, frozen=True):
    """One batch: its loss; of what each layer gives the root mean square; of the loss's gradient by that, and by the
    layer's weights, the length, the latter as a share of the weights' own length."""

    loss: float | None
    forward: list[float | None]
    backward: list[float | None]
    weights: list[float | None]

    @property
    def broken(self) -> bool:
        """Is something no finite number any more?"""
        return self.loss is None or any(None in sizes for sizes in (self.forward, self.backward, self.weights))


class Signals(msgspec.Struct, frozen=True):
    """The batches of the first steps, as far as they have been computed; the first was seen before any step. `shapes`
    are (channels, height, width) of what each layer gives."""

    points: list[Point]
    shapes: list[list[int]]
    data: str
    images: int


def growth(sizes: Sizes) -> float | None:
    """The factor from one layer to the next, on (the geometric) average over the convolutions; None where there is no
    number, or nothing but noughts.

    The last, linear layer does not count: its outputs are the classes' scores.
    """
    first, last = sizes[0], sizes[-2]
    if not first or not last:
        return None
    return math.exp(math.log(last / first) / (len(sizes) - 2))


def growth_back(sizes: Sizes) -> float | None:
    """The same from the last convolution back to the first."""
    forward = growth(sizes)
    return 1 / forward if forward else None


def broke(points: Sequence[Point]) -> int | None:
    """After how many steps the first number was lost."""
    return next((step for step, point in enumerate(points) if point.broken), None)


def over(points: Sequence[Point]) -> bool:
    """Is there nothing more to see? What no longer has a loss gets none any more, however it goes on."""
    return len(points) > MOST or (len(points) > 1 and all(point.loss is None for point in points[-2:]))
