"""Where a window falls along one axis of a padded grid; both axes of a square one are alike. Plain numbers."""

from dataclasses import dataclass

from fastai_tui.engine.convolution import output_size
from fastai_tui.engine.errors import BadInput


@dataclass(frozen=True)
class Geometry:
    """An axis of `size` pixels with `padding` zeros at both ends, and a window `kernel_size` long that moves by
    `stride`. Positions count from the padding's first zero."""

    size: int
    kernel_size: int
    padding: int = 0
    stride: int = 1

    @property
    def padded(self) -> int:
        """Pixels and zeros together."""
        return self.size + 2 * self.padding

    @property
    def output(self) -> int:
        """Places of the window: ⌊(n + 2p − k) / s⌋ + 1, or 0 where it does not fit."""
        return 0 if self.trouble else output_size(self.size, self.kernel_size, self.stride, self.padding)

    @property
    def trouble(self) -> str:
        """The sentence that says why no window fits, with the way out; empty where one does."""
        try:
            output_size(self.size, self.kernel_size, self.stride, self.padding)
        except BadInput as error:
            return str(error)
        return ""

    def covered(self, index: int) -> range:
        """The positions that the window covers at place number `index`."""
        start = index * self.stride
        return range(start, start + self.kernel_size)

    @property
    def unreached(self) -> tuple[int, ...]:
        """Positions that no window ever covers: what is left at the end, and the gaps of a stride above the kernel."""
        reached = {position for index in range(self.output) for position in self.covered(index)}
        return tuple(position for position in range(self.padded) if position not in reached)

    @property
    def leftover(self) -> int:
        """How many positions at the end are beyond the last window."""
        return self.padded - self.covered(self.output - 1).stop if self.output else 0

    @property
    def even(self) -> bool:
        """Has the kernel no middle pixel?"""
        return self.kernel_size % 2 == 0

    @property
    def same(self) -> tuple[int, int]:
        """(before, after): the zeros that keep the size at stride 1; they differ where the kernel is even."""
        return (self.kernel_size - 1) // 2, self.kernel_size // 2

    def with_padding(self, padding: int) -> int:
        """The output's size at stride 1 with another padding."""
        return Geometry(self.size, self.kernel_size, padding).output
