"""A network's layers in the order of their calls, the hook at one of them, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.text import fit, plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.panes.common.run_picture import instead

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.hooked import Hooked, Passed

CELL, LEAST = 6, 34  # columns of a number, and of the list of layers beside the numbers


@dataclass(frozen=True)
class Shown:
    """Everything that is drawn; see `HookPane`."""

    found: Hooked | None
    at: int = 0
    step: int = 0
    hook: int = 0
    holds: int = 0
    fired: int = 0
    looks: int = 0
    hidden: frozenset[str] = frozenset()
    trouble: str = ""

    @property
    def kept(self) -> Passed | None:
        """The layer whose output the hook keeps."""
        return self.found.layers[self.holds - 1] if self.found is not None and self.holds else None

    @property
    def held(self) -> str:
        """The shape of that in words, nothing where there is none."""
        return shape(self.kept) if self.kept is not None else ""


def shape(passed: Passed) -> str:
    """As `1×1280×7×7`."""
    return "×".join(str(side) for side in passed.shape)


def draw(sheet: Sheet, shown: Shown, pulse: str) -> None:
    """The call so far, the layers, what the hook holds, and its numbers where there is room for them."""
    if shown.found is None:
        words = shown.trouble or f"{pulse} The lab calls the network. The first time it has to start PyTorch."
        instead(sheet, words, "bad" if shown.trouble else "plain")
        return
    layers = len(shown.found.layers)
    head = f"{shown.found.network}({shown.found.image}): {shown.step} of {layers} layers called"
    sheet.put(0, 0, fit(head, sheet.width), "title")
    told = lines(shown)[: max((sheet.height - 1) // 3, int(sheet.height > 2))]
    for i, line in enumerate(told):
        sheet.put(sheet.height - len(told) + i, 0, fit(line, sheet.width), "accent" if i == 0 else "plain")
    area = Area(1, 0, sheet.width, max(sheet.height - 1 - len(told), 0))
    if shown.kept is not None and "held" not in shown.hidden:
        area = _corner(sheet, area, shown.kept)
    _layers(sheet, area, shown, shown.found)


def lines(shown: Shown) -> list[str]:
    """What is to be said: the hook, and the answer once the call is over."""
    assert shown.found is not None
    layers = shown.found.layers
    fired = "?" if "fired" in shown.hidden else str(shown.fired)
    times = f"fired {plural(shown.fired, 'time')}" if fired != "?" else "fired ? times"
    if shown.hook:
        said = [f"hook at {layers[shown.hook - 1].name}: {times}"]
    else:
        said = ["the hook is removed; what it held stays" if shown.holds else "no hook: k sets one at this layer"]
    if shown.kept is not None:
        said.append(f"it holds {'?' if 'held' in shown.hidden else shown.held}")
    if shown.step == len(layers):
        said.append(f"the call returned: {shown.found.answer} {shown.found.probability:.1%}")
    return said


def _layers(sheet: Sheet, area: Area, shown: Shown, found: Hooked) -> None:
    """A line a layer; those that have been called are lit and say what they have made."""
    first = parts.around(shown.looks, area.height, len(found.layers))
    for row, passed in enumerate(found.layers[first : first + area.height]):
        i = first + row
        done = i < shown.step
        mark = "◆" if i + 1 == shown.hook else "→" if i + 1 == shown.step < len(found.layers) else " "
        made = ("?" if {"held", "side"} & shown.hidden else shape(passed)) if done else ""
        name = passed.name.removeprefix("trunk.")
        wide = max(area.width - len(made) - 3, 0)
        style: Role = "cursor" if i == shown.at else "accent" if i + 1 == shown.step else "plain" if done else "dim"
        line = f"{fit(f'{name} {passed.kind}', wide):<{wide}} {made}"
        column = sheet.put(area.row + row, area.column, mark, "mark" if i + 1 == shown.hook else "plain")
        sheet.put(area.row + row, column, fit(f" {line}", max(area.width - 1, 0)), style)
    if area.height < len(found.layers):
        sheet.leave_out("some of the layers")


def _corner(sheet: Sheet, area: Area, passed: Passed) -> Area:
    """The first channel's numbers beside the layers or below them; returns what is left of the room."""
    columns, rows = CELL * len(passed.corner[0]), len(passed.corner)
    if area.width >= LEAST + 2 + columns and area.height > rows:
        place = Area(area.row, area.column + area.width - columns, columns, area.height)
        left = area._replace(width=area.width - columns - 2)
    elif area.width >= columns and area.height >= 2 * rows + 3:
        place = Area(area.below - rows - 1, area.column, columns, rows + 1)
        left = area._replace(height=area.height - rows - 1)
    else:
        sheet.leave_out("the numbers that the hook holds")
        return area
    whole = passed.shape[-1] == len(passed.corner[0])
    title = "channel 0" if whole else f"channel 0, {rows}×{len(passed.corner[0])} of it"
    sheet.put(place.row, place.column, fit(title if len(passed.shape) == 4 else "its numbers", columns), "strong")
    for i, line in enumerate(passed.corner):
        words = "".join(f"{value:{CELL}.2f}".replace("-", "−") for value in line)
        sheet.put(place.row + 1 + i, place.column, fit(words, columns))
    return left


def sentence(shown: Shown) -> str:
    """The picture in words."""
    if shown.found is None:
        return shown.trouble or "The lab calls the network. The first time it has to start PyTorch."
    called = f"{shown.step} of {len(shown.found.layers)} layers of {shown.found.network} have been called"
    return f"{called}; {'; '.join(lines(shown))}."
