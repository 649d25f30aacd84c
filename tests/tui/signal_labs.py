"""Labs that send signals through deep networks and measure residual blocks, as formulas have it: without torch."""

from typing import Any

import msgspec

from fastai_tui.engine.errors import BadInput, RunFailed
from fastai_tui.engine.image_views import Picture
from fastai_tui.engine.residual_facts import Block, One, Residuals
from fastai_tui.engine.signal_sizes import Net, Point, Signals, over
from tests.tui.host import SilentLab

COSTS = (10, 300, 50, -20)  # images, of a thousand, that are lost with one block off
CLASSES = ["cat", "dog", "frog"]


class MeasuringLab(SilentLab):
    """Every layer gives `gain` times what the one before gave, a norm gives 1; a step multiplies everything by 1e9 if
    the rate is above 1, so that numbers are lost after four. It computes `at_once` batches for a request."""

    def __init__(self, at_once: int = 4, trouble: str = "") -> None:
        super().__init__({"signals": self.signals})
        self.at_once, self.trouble, self.done = at_once, trouble, dict[Net, list[Point]]()

    def signals(self, steps: int, data: str, **asked: Any) -> Any:
        if self.trouble:
            raise RunFailed(self.trouble)
        net = Net(**asked)
        points = self.done.setdefault(net, [])
        for _ in range(self.at_once):
            if len(points) <= steps and not over(points):
                points.append(point(net, len(points)))
        shapes = [[10, 32, 32] for _ in range(net.layers)]
        return msgspec.to_builtins(Signals(points[: steps + 1], shapes, data or "colour-digits", 32))


def point(net: Net, step: int) -> Point:
    layers = range(net.layers)
    if net.rate > 1 and step >= 4:
        return Point(None, [None] * net.layers, [None] * net.layers, [None] * net.layers)
    by = 1e9**step if net.rate > 1 else 1.0
    each = 1.0 if net.norm != "none" else net.gain
    lost = net.rate > 1 and step == 3
    forward = [by * each**i if not (lost and i > 4) else None for i in layers]
    return Point(2.5 + step, forward, [0.5**i for i in layers], [0.01 * (i + 1) for i in layers])


class BlockLab(SilentLab):
    """Four blocks, of which number i lets 10·(i + 1) pass and adds i + 1, or four times that to one image."""

    def __init__(self, trouble: str = "") -> None:
        super().__init__({"residuals": self.residuals})
        self.trouble = trouble

    def residuals(self, off: list[int], image: int = 0, run: str = "", job: Any = None) -> Any:
        if self.trouble:
            raise BadInput(self.trouble)
        assert bool(run) != bool(job)
        assert all(0 <= i < 4 for i in off)
        blocks, mine = ([block(i, off, by) for i in range(4)] for by in (1, 4))
        pixels = bytes((row * 8 + column) % 256 for _ in range(3) for row in range(32) for column in range(32))
        one = One(Picture(image, image % 3, 32, 32, pixels), 1, 0.75, mine) if image else None
        right = 900 - sum(COSTS[i] for i in off)
        model = "skips" if run else "preact"
        return msgspec.to_builtins(
            Residuals(run, 500 if run else 0, model, "cifar10", CLASSES, off, blocks, 1000, right, one)
        )


def block(i: int, off: list[int], by: int) -> Block:
    return Block([20 * (i + 1), 16, 16], 10.0 * (i + 1), 0.0 if i in off else float(by * (4 - i)), reshapes=i == 2)
