"""The geometry of a window in words: the size formula with its numbers, the pixels under it, what keeps a size."""

from fastai_tui.engine.geometry import Geometry


def formula(grid: Geometry, output: str, unicode: bool) -> list[str]:
    """The size formula in letters, and with the numbers of now."""
    low, high, times = ("⌊", "⌋", "·") if unicode else ("floor(", ")", "*")
    minus = "−" if unicode else "-"
    if grid.trouble:
        output = "none"
    return [
        f"size = {low}(n + 2p {minus} k) / s{high} + 1",
        f"{low}({grid.size} + 2{times}{grid.padding} {minus} {grid.kernel_size}) / {grid.stride}{high} + 1 = {output}",
    ]


def keeping(grid: Geometry) -> str:
    """What padding would keep the size (at stride 1), and what goes wrong with an even kernel."""
    before, after = grid.same
    if not grid.even:
        return f"With stride 1, p = (k − 1) / 2 = {before} keeps the size."
    sizes = ", ".join(f"p = {padding} gives {grid.with_padding(padding)}" for padding in (before, after))
    return f"k is even, no pixel is in its middle: same size takes {before} before and {after} after. {sizes}."


def pixels(grid: Geometry, index: int) -> str:
    """The pixels under the window along one axis; those before 0 lie on the padding."""
    first = grid.covered(index).start - grid.padding
    last = grid.covered(index).stop - 1 - grid.padding
    if first == last:
        return f"{first}".replace("-", "−")
    return f"{first}–{last}" if first >= 0 else f"{first} to {last}".replace("-", "−")


def on_padding(grid: Geometry, index: int) -> bool:
    """Does the window stand on the padding, too, along one axis?"""
    covered = grid.covered(index)
    return covered.start < grid.padding or covered.stop > grid.padding + grid.size


def what(grid: Geometry) -> str:
    """Grid and window in a sentence."""
    padding = f" with a padding of {grid.padding}" if grid.padding else ""
    kernel = square(grid.kernel_size)
    return f"A {kernel} window moves by {grid.stride} over a grid of {square(grid.size)}{padding}."


def square(side: int) -> str:
    """A square's size."""
    return f"{side}×{side}"


def counted(count: int) -> str:
    """So many rows, and as many columns."""
    return "row and column" if count == 1 else f"{count} rows and columns"
