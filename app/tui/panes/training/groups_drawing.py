"""Layer groups on paper: which layers belong together, how each group is trained, and how far a run has moved them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastai_tui.app.text import fit, plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import layers
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.engine.schedules import per_group

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet

VIEWS = ("layers", "moved")
NAME, COUNT, STATE = 10, 9, 21  # columns for a layer's name, its parameters, what becomes of it
MOVED, STATISTICS = 8, 8
BESIDE = 76  # columns from which both views have room
MANY = 12  # layers of a group from which on they are counted
TINY = 5e-5  # a change that four digits behind the point do not show
SECRETS = {"moved", "moved_frozen", "moved_free", "statistics"}


@dataclass(frozen=True)
class Layer:
    """A layer with parameters: whether it learns and keeps its running statistics with the knobs as they are, and, of
    the run that is shown, whether it was frozen and how far it has moved (None: not known, or nothing to move)."""

    name: str
    parameters: int
    frozen: bool
    norm: bool
    keeps: bool
    was_frozen: bool = False
    kept: bool = False
    change: float | None = None
    statistics: float | None = None


@dataclass(frozen=True)
class Group:
    """A layer group, counted from 1."""

    number: int
    frozen: bool
    rate: float
    wd: float
    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        """Of all its layers."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def how(self) -> str:
        """How it is trained."""
        return "frozen" if self.frozen else f"rate {self.rate:g}, decay {self.wd:g}"


@dataclass(frozen=True)
class Shown:
    """What is to be drawn: the groups, the layer that is chosen (from 0, over all groups), the step of the run whose
    changes are known (None: of none)."""

    groups: tuple[Group, ...]
    at: int
    view: str
    step: int | None
    hidden: frozenset[str]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All of them, in their order."""
        return tuple(layer for group in self.groups for layer in group.layers)

    @property
    def group(self) -> Group:
        """The one that the chosen layer belongs to."""
        before = 0
        for group in self.groups:
            before += len(group.layers)
            if self.at < before:
                return group
        return self.groups[-1]

    @property
    def parameters(self) -> int:
        """Of all layers."""
        return sum(group.parameters for group in self.groups)

    @property
    def trainable(self) -> int:
        """Of those that are not frozen."""
        return sum(group.parameters for group in self.groups if not group.frozen)

    @property
    def secret(self) -> bool:
        """Is how far the layers have moved to be predicted?"""
        return bool(SECRETS & self.hidden)

    def total(self) -> str:
        """How many parameters are trained."""
        trained = "?" if "trainable" in self.hidden else f"{self.trainable:,}"
        whole = "?" if "parameters" in self.hidden else f"{self.parameters:,}"
        return f"{trained} of {whole} parameters are trained"


def grouped(summary: Mapping[str, Any], moved: Mapping[str, Any] | None) -> tuple[Group, ...]:
    """The groups as the lab's summary tells them, with what a run has moved, if that is known."""
    count = summary["groups"]
    rates, wds = (per_group(summary["settings"][name], count) for name in ("lr", "wd"))
    changes = {layer["name"]: layer for layer in moved["layers"]} if moved else {}
    still = moved["freeze"] if moved else 0  # of layers that were not even there nothing is known but that
    return tuple(
        Group(
            number=number + 1,
            frozen=number < summary["frozen"],
            rate=rates[number],
            wd=wds[number],
            layers=tuple(
                _layer(layer, number < summary["frozen"], changes.get(layer["name"], {"frozen": number < still}))
                for layer in summary["layers"]
                if layer["group"] == number and layer["parameters"]
            ),
        )
        for number in range(count)
    )


def _layer(told: Mapping[str, Any], frozen: bool, moved: Mapping[str, Any]) -> Layer:
    return Layer(
        name=told["name"],
        parameters=told["parameters"],
        frozen=frozen,
        norm=told["type"].startswith("BatchNorm"),
        keeps=told["keeps_statistics"],
        was_frozen=moved.get("frozen", False),
        kept=moved.get("keeps_statistics", False),
        change=moved.get("change"),
        statistics=moved.get("statistics_change"),
    )


def explained(now: Shown) -> list[str]:
    """The chosen layer in words: what its group means for it, and what a run has made of it."""
    layer, group = now.layers[now.at], now.group
    if group.frozen:
        words = [f"{layer.name} is in group {group.number}, which is frozen: no step moves its weights."]
    else:
        what = "no weight decay" if layer.norm else f"weight decay {group.wd:g}"
        words = [f"{layer.name} is in group {group.number}: it learns, with the rate {group.rate:g} and {what}."]
    if layer.norm:
        words.append(
            "Its running mean and variance stay, and it normalises with them in training too."
            if layer.keeps
            else "Its running mean and variance follow every batch."
        )
    if now.step is not None and layer.change is not None:
        words.append(_told(now, layer))
    return words


def _told(now: Shown, layer: Layer) -> str:
    """How far the run has moved it."""
    if now.secret:
        return f"How far the run has moved {layer.name} is yours to predict."
    batches = plural(now.step or 0, "batch")
    if layer.change == 0:
        rest = ", nor of its statistics" if layer.statistics == 0 else ""
        more = f"; its statistics moved by {layer.statistics:.0%}" if layer.statistics else ""
        return f"Not a bit of its weights is different after {batches}{rest}{more}."
    more = "" if layer.statistics is None else f", its statistics by {layer.statistics:.0%}"
    far = f"{layer.change or 0:.1%}" if (layer.change or 0) >= 0.0005 else "less than 0.05%"
    return f"In {batches} its weights moved by {far}{more}."


def draw(sheet: Sheet, area: Area, now: Shown, note: str = "") -> None:
    """The table, or both where there is room, the sum, and below them the chosen layer and the `note` in words."""
    rows, beside = _rows(now), area.width >= BESIDE
    below = area.height >= 2 * len(rows) + 6  # whatever the words are, so that moving does not tear the page
    views = VIEWS if (beside or below) and now.step is not None else (now.view,)
    said = explained(now)[-1:] if views == ("moved",) else explained(now)
    words = [line for sentence in said for line, _ in spoken(sheet, sentence, area.width, 4, "plain")]
    tables = 1 if beside else len(views)
    room = max(area.height - 1 - tables, 1)
    told = max(min(len(words), room - min(tables * len(rows), 6)), 0)
    tall = min(max((room - told) // tables, 1), len(rows))
    row = area.row
    for view in views:
        column = area.column + (NAME + COUNT + STATE + 2 if beside and view != views[0] else 0)
        wide = NAME + COUNT + STATE if beside and view == views[0] and len(views) > 1 else area.right - column
        _table(sheet, Area(row, column, wide, tall + 1), now, rows, view)
        row += 0 if beside else tall + 1
    row += tall + 1 if beside else 0
    total = now.total() if len(now.total()) <= area.width else now.total().replace(" parameters", "")
    sheet.put(row, area.column, fit(total, area.width), "strong")
    end = sheet.put_lines(row + 1, area.column, words[:told])
    for row, (line, _) in enumerate(spoken(sheet, note, area.width, max(area.below - end, 0), "dim"), end):
        sheet.put(row, area.column, line, "dim")
    if told < len(words):
        sheet.leave_out("part of the explanation")
    if now.step is not None and len(views) == 1:
        other = "how far they moved" if now.view == "layers" else "how they are trained"
        sheet.leave_out(f"{other} (press v)")


def _table(sheet: Sheet, area: Area, now: Shown, rows: Sequence[tuple[Group, int | None]], view: str) -> None:
    """As many of the rows as there is room for, round the chosen one."""
    tall = area.height - 1
    at = next(i for i, (_, number) in enumerate(rows) if number == now.at)
    first = min(max(at - tall // 2, 0), len(rows) - tall)
    if tall < len(rows):
        sheet.leave_out(plural(len(rows) - tall, "row"))
    _head(sheet, area.row, area.column, view, area.width)
    for row, (group, number) in enumerate(rows[first : first + tall], area.row + 1):
        if number is None or (row == area.row + 1 and number != now.at):  # whose layers these are is always to be seen
            _heading(sheet, row, area.column, group, view, area.width)
        else:
            _line(sheet, row, area.column, now, number, view, area.width)


def _rows(now: Shown) -> list[tuple[Group, int | None]]:
    """The table's rows: a group's heading (None), and the numbers of its layers."""
    rows: list[tuple[Group, int | None]] = []
    number = 0
    for group in now.groups:
        rows.append((group, None))
        for _ in group.layers:
            rows.append((group, number))
            number += 1
    return rows


def _head(sheet: Sheet, row: int, column: int, view: str, width: int) -> None:
    if view == "layers":
        words = f"{'layer':<{NAME}}{'params':>{COUNT}}  training"
    else:
        bars = _bars(width)
        words = f"{'layer':<{NAME}}{'moved':>{MOVED}} {'':<{bars}}{'statist.':>{STATISTICS}}"
    sheet.put(row, column, fit(words, width), "dim")


def _bars(width: int) -> int:
    """Columns for the bars."""
    return max(width - NAME - MOVED - STATISTICS - 2, 0)


def _heading(sheet: Sheet, row: int, column: int, group: Group, view: str, width: int) -> None:
    if view == "layers":
        how = group.how
    else:
        how = "frozen" if any(layer.was_frozen for layer in group.layers) else "learnt"
    style: Role = "warn" if how == "frozen" else "strong"
    words, many = f"group {group.number}: {how}", f" ({len(group.layers)} layers)"
    more = many if len(group.layers) >= MANY and len(words) + len(many) <= width else ""
    sheet.put(row, column, fit(f"{words}{more}", width), style)


def _line(sheet: Sheet, row: int, column: int, now: Shown, number: int, view: str, width: int) -> None:
    layer = now.layers[number]
    style: Role = "cursor" if number == now.at else "plain"
    name = f" {layers.short(layer.name, NAME - 2)}"[: NAME - 1].ljust(NAME)
    if view == "layers":
        count = "?" if "parameters" in now.hidden else f"{layer.parameters:,}"
        sheet.put(row, column, fit(f"{name}{count:>{COUNT}}  {_state(layer)}", min(width, NAME + COUNT + STATE)), style)
        return
    sheet.put(row, column, fit(f"{name}{_number(now, layer.change):>{MOVED}}", min(width, NAME + MOVED)), style)
    wide = _bars(width)
    most = max((one.change or 0.0 for one in now.layers), default=0.0)
    if not now.secret and layer.change and most:
        sheet.put(row, column + NAME + MOVED + 1, "█" * max(round(wide * layer.change / most), 1), "accent")
    if layer.norm:
        words = _number(now, layer.statistics).rjust(STATISTICS)
        sheet.put(row, column + NAME + MOVED + 1 + wide, words[: max(width, 0)], "plain")


def _state(layer: Layer) -> str:
    learns = "stays" if layer.frozen else "learns"
    return f"{learns}, stats {'fixed' if layer.keeps else 'move'}" if layer.norm else learns


def _number(now: Shown, change: float | None) -> str:
    """A change as a number; that nothing has changed is exact."""
    if now.secret:
        return "?"
    if change is None or change == 0:
        return "–" if change is None else "0"
    return f"{change:.4f}" if change >= TINY else f"{change:.0e}".replace("e-0", "e-")


def in_words(groups: Sequence[Group]) -> str:
    """The groups in a sentence."""
    return "; ".join(f"group {group.number} ({_named(group)}): {group.how}" for group in groups)


def _named(group: Group) -> str:
    """Its layers, or of many the first and the last."""
    names = [layer.name for layer in group.layers]
    return f"{len(names)} layers, {names[0]} to {names[-1]}" if len(names) >= MANY else ", ".join(names)
