"""Where in a picture the cells of a network's map lie: by the arithmetic of the layers that make a picture smaller.

A layer of kernel k, stride s and padding p moves the middle of the first cell by (k − 1)/2 − p of the steps between the
cells that it is given, and makes those steps s times as long (Araujo, Norris and Sim 2019, Computing Receptive Fields
of Convolutional Neural Networks). With kernels of 3 and strides of 2 the first cell's middle stays on the first pixel,
so that the map of a ResNet lies half a cell further up and left than if its cells parted the picture among them.
"""

from dataclasses import dataclass
from types import TracebackType
from typing import Any

from torch import Tensor, nn

from fastai_tui.engine.framing import WHOLE, Box

LAYERS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)


@dataclass(frozen=True)
class Axis:
    """Along one axis, in pixels: so many cells, the middle of the first, and the step from each to the next."""

    cells: int
    first: float = 0.5
    step: float = 1

    def after(self, kernel: int, stride: int, padding: float, cells: int) -> "Axis":
        """The cells that a layer makes of these."""
        return Axis(cells, self.first + ((kernel - 1) / 2 - padding) * self.step, self.step * stride)


class Lattice:
    """Follows a picture through a network, until `last` has made its map, and knows where that map's cells lie. Layers
    beside others that make it smaller in the same way count once."""

    def __init__(self, model: nn.Module, last: nn.Module) -> None:
        self.model, self.last = model, last
        self.axes: tuple[Axis, Axis] | None = None
        self.size, self.made, self.done = (0, 0), (0, 0), False

    def __enter__(self) -> "Lattice":
        watched = [module for module in self.model.modules() if isinstance(module, LAYERS) or module is self.last]
        self._handles = [module.register_forward_hook(self._follow) for module in watched]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()

    @property
    def field(self) -> Box:
        """The part of the picture that the map's cells have among them, as shares of it; its edges may lie outside. All
        of the picture where something else than the layers known here made it smaller."""
        if self.axes is None or (self.axes[0].cells, self.axes[1].cells) != self.made:
            return WHOLE
        (top, bottom), (left, right) = (_ends(axis, size) for axis, size in zip(self.axes, self.size, strict=True))
        return Box(left, top, right, bottom)

    def _follow(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if self.done or not isinstance(output, Tensor) or output.ndim != 4:
            return
        given, made = _sides(inputs[0]), _sides(output)
        if self.axes is None:
            self.size, self.axes = given, (Axis(given[0]), Axis(given[1]))
        if isinstance(module, LAYERS) and made != given == (self.axes[0].cells, self.axes[1].cells):
            rows, columns = (
                axis.after(*_numbers(module, place), cells)
                for place, (axis, cells) in enumerate(zip(self.axes, made, strict=True))
            )
            self.axes = (rows, columns)
        if module is self.last:
            self.made, self.done = made, True


def _sides(maps: Tensor) -> tuple[int, int]:
    return maps.shape[2], maps.shape[3]


def _ends(axis: Axis, size: int) -> tuple[float, float]:
    low = axis.first - axis.step / 2
    return low / size, (low + axis.cells * axis.step) / size


def _numbers(layer: nn.Module, place: int) -> tuple[int, int, float]:
    """A layer's kernel (as wide as it reaches), stride and padding along an axis."""
    named: list[Any] = [layer.kernel_size, layer.stride, layer.padding, getattr(layer, "dilation", 1)]
    kernel, stride, padding, apart = [value[place] if isinstance(value, tuple) else value for value in named]
    reach = apart * (kernel - 1) + 1
    words = {"same": (reach - 1) / 2, "valid": 0}
    return reach, stride, words.get(padding, padding)
