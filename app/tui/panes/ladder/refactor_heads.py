"""What is different where both are heads of one pretrained network: their layers, as its summary has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import count, fit
from fastai_tui.app.tui.panes.common import layers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from fastai_tui.app.tui.layout import Area
    from fastai_tui.app.tui.panes.common.layers import Network
    from fastai_tui.app.tui.sheet import Role, Sheet

VIEWS = ("code", "summary", "accuracy")
HEAD = "head."  # begins the names of a head's layers
BESIDE = 76  # columns from which the two stand side by side
Line = tuple[str, "Role"]


def lines(name: str, net: Network | None, width: int, *, covered: bool) -> list[Line]:
    """The trunk in a line, the head's layers with what each gives and holds, and their sum; without the numbers of
    parameters where those are `covered`."""
    found: list[Line] = [(fit(name, width), "title")]
    if net is None:
        return [*found, ("…", "dim")]
    own = [layer for layer in net.layers if layer.name.startswith(HEAD)]
    trunk = [layer for layer in net.layers if not layer.name.startswith(HEAD)]
    if trunk:
        shape, held = layers.by(trunk[-1].output), sum(layer.parameters for layer in trunk)
        found.append((_line("trunk, as it is", shape, count(held), width), "dim"))
    for layer in own:
        held_here = "?" if covered and layer.parameters else count(layer.parameters) if layer.parameters else "-"
        found.append((_line(_short(layer.kind), layers.by(layer.output), held_here, width), "plain"))
    total = "?" if covered else count(sum(layer.parameters for layer in own))
    return [*found, (_line("to be learned", "", total, width), "strong")]


def draw(
    sheet: Sheet, area: Area, names: Sequence[str], known: Mapping[str, Network], hidden: Collection[str], top: int
) -> int:
    """Both, beside each other or one below the other from line `top` on; returns the last line that may be first."""
    beside = area.width >= BESIDE
    wide = (area.width - 3) // 2 if beside else min(area.width, BESIDE // 2 + 2)
    covers = ("parameters_before" in hidden, "parameters" in hidden)
    both = [lines(name, known.get(name), wide, covered=c) for name, c in zip(names, covers, strict=True)]
    columns = both if beside else [[*both[0], ("", "plain"), *both[1]]]
    last = max(max(len(column) for column in columns) - area.height, 0)
    for i, column in enumerate(columns):
        first = min(top, last)
        for row, (words, style) in enumerate(column[first : first + max(area.height, 0)], area.row):
            sheet.put(row, area.column + i * (wide + 3), words, style)
    if last:
        sheet.leave_out("some of the layers (the arrows bring them)")
    return last


def told(names: Sequence[str], known: Mapping[str, Network], hidden: Collection[str]) -> str:
    """The layers of both as sentences."""
    words = []
    for name, hides in zip(names, ("parameters_before", "parameters"), strict=True):
        own = [layer for layer in known[name].layers if layer.name.startswith(HEAD)] if name in known else []
        if own:
            kinds = ", ".join(_short(layer.kind) for layer in own)
            total = "?" if hides in hidden else count(sum(layer.parameters for layer in own))
            words.append(f"{name}: {kinds}; {total} parameters.")
    return " ".join(words)


def _short(kind: str) -> str:
    """`AvgPool2d` for an adaptive one: it is to have room."""
    return kind.removeprefix("Adaptive")


def _line(name: str, shape: str, held: str, width: int) -> str:
    room = max(width - 11, 1)
    words = f"{name:<16}{shape}" if len(name) + len(shape) + 1 <= room else name
    return fit(f"{fit(words, room):<{room}} {held:>10}", width)
