"""What goes through a deep network, drawn: layer by layer, forward and back, step after step."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastai_tui.app.text import fit, number, plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.networks import signals_chart
from fastai_tui.app.tui.plotting import sparkline
from fastai_tui.engine.signal_sizes import MOST, Net, Point, Signals, broke, growth, growth_back

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.signal_sizes import Sizes

VIEWS = ("forward", "backward", "weights")
TITLES = {
    "forward": "what each layer gives: its size",
    "backward": "the gradient at each layer: its length",
    "weights": "the gradient by the weights, as a share of them",
}
SHORT = {"forward": "size forward", "backward": "gradient's length", "weights": "gradient by weights, share"}
TALL, TALLER = 24, 36  # rows of a pane with two charts, and with three
LOW, LEAST = 8, 5  # rows from which a chart has a title; and from which there is a chart
PREDICT = "? (predict it first)"
READS_SIZES = frozenset({"size", "first", "last"})
READS = {"forward": READS_SIZES | {"growth"}, "backward": READS_SIZES | {"growth_back"}, "weights": READS_SIZES}


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: a network's `signals` of up to `wanted` steps, with the cursor at the layer `at`, from 0;
    and the network that was looked at `before`."""

    net: Net
    signals: Signals | None = None
    wanted: int = 0
    view: str = VIEWS[0]
    at: int = 0
    before: tuple[Net, Signals] | None = None
    hidden: frozenset[str] = field(default_factory=frozenset)
    trouble: str = ""
    waits: bool = False

    @property
    def points(self) -> Sequence[Point]:
        """The batches of the steps that are wanted."""
        return self.signals.points[: self.wanted + 1] if self.signals else ()

    @property
    def point(self) -> Point | None:
        """The newest of them."""
        return self.points[-1] if self.points else None

    @property
    def steps(self) -> int:
        return max(len(self.points) - 1, 0)

    @property
    def covered(self) -> bool:
        """Is it to be predicted whether it goes wrong, so that nothing after the first step is shown?"""
        return bool(self.hidden & {"nan", "broke"}) and self.steps > 0

    def sizes(self, view: str) -> Sizes:
        """What the view shows of each layer."""
        return getattr(self.point, view) if self.point else ()

    def beside(self, view: str) -> Sizes:
        """The same of the network before, after as many steps, or as many as it has gone."""
        if self.before is None:
            return ()
        points = self.before[1].points
        found: Sizes = getattr(points[min(self.steps, len(points) - 1)], view)
        return found

    def tells(self, view: str) -> bool:
        """May the view's sizes be seen?"""
        return not self.covered and not self.hidden & READS[view]


def draw(sheet: Sheet, shown: Shown, pulse: str) -> None:
    """The network, how far it has got, as many charts as there is room for, and the numbers at the cursor."""
    if shown.trouble:
        for i, (line, style) in enumerate(spoken(sheet, shown.trouble, sheet.width, sheet.height, "bad")):
            sheet.put(i, 0, line, style)
        return
    titled = sheet.height >= LEAST
    if titled:
        sheet.put(0, 0, _fitting(names(shown.net), sheet.width), "dim")
    words, style = stage(shown, pulse)
    end = sheet.put(int(titled), 0, fit(words, sheet.width).rstrip(), style)
    if shown.point is None:
        return
    _losses(sheet, int(titled), end + 2, shown)
    lines = foot(shown, sheet.width)[: max(sheet.height - 1 - int(titled), 0)]
    if sheet.height < LEAST + 2:
        lines = lines[:2]
    row = sheet.height - len(lines)
    for i, (line, look) in enumerate(lines):
        sheet.put(row + i, 0, line, look)
    _charts(sheet, Area(2, 0, sheet.width, row - 2), shown)


def _losses(sheet: Sheet, row: int, column: int, shown: Shown) -> None:
    """The losses of all steps as one line of bars, where there is room for it."""
    room = sheet.width - column
    if shown.steps < 2 or room < 8 or shown.covered or "loss" in shown.hidden:
        return
    logs = [math.log10(p.loss) if p.loss else math.nan for p in shown.points]
    sheet.put(row, column, sparkline(logs, min(room, MOST + 1), sheet.sight.unicode), "dim")


def _charts(sheet: Sheet, area: Area, shown: Shown) -> None:
    """The view's chart, and below it the others as far as there is room."""
    if area.height < signals_chart.LEAST:
        sheet.leave_out("the chart")
        return
    count = 3 if sheet.height >= TALLER else 2 if sheet.height >= TALL else 1
    views = [view for view in VIEWS if view == shown.view or count == 3 or (count == 2 and view in VIEWS[:2])]
    views = views[-count:] if shown.view == "weights" else views[:count]
    for i, view in enumerate(views):
        top, end = (area.row + area.height * place // count for place in (i, i + 1))
        _chart(sheet, area._replace(row=top, height=end - top), shown, view)


def _chart(sheet: Sheet, area: Area, shown: Shown, view: str) -> None:
    title = sheet.height >= LOW
    if title:
        words = _fitting((TITLES[view], SHORT[view]), area.width)
        sheet.put(area.row, area.column, words, "strong" if view == shown.view else "dim")
    place = area._replace(row=area.row + title, height=area.height - title)
    if not shown.tells(view):
        sheet.put(place.row, place.column, fit(PREDICT, place.width), "dim")
    else:
        signals_chart.draw(sheet, place, shown.sizes(view), shown.beside(view), shown.at)


# In words


def names(net: Net) -> Iterator[str]:
    """The network in words, the longest first."""
    begins = net.init + (f" ×{net.gain:g}" if net.gain != 1 else "")
    extra = [words for words in ("skips" if net.skips else "", norm(net)) if words]
    kind = ", ".join(extra) if extra else "no norm, no skips"
    yield f"{net.layers} layers, {begins} weights, {kind}, rate {net.rate:g}"
    yield f"{net.layers} layers, {begins}, {kind}, rate {net.rate:g}"
    yield f"{net.layers} layers, {begins}, {kind}"
    yield f"{begins}, {kind}"


def norm(net: Net) -> str:
    """The norm in words."""
    return "" if net.norm == "none" else f"norm {net.norm} ReLU"


def stage(shown: Shown, pulse: str) -> tuple[str, Role]:
    """How far it has got, and what the loss is; or where numbers were lost."""
    point, so_far = shown.point, plural(shown.steps, "step")
    if point is None:
        return f"{pulse} A batch goes through; PyTorch starts …" if shown.waits else "", "strong"
    sign = f"{pulse} " if shown.waits else ""
    if shown.covered:
        return f"{sign}after {so_far}: {PREDICT}", "strong"
    loss = "?" if "loss" in shown.hidden else number(point.loss, 3)
    if point.loss is None:
        return f"{sign}after {so_far}: the loss is no number", "bad"
    if point.broken:
        return f"{sign}after {so_far}: loss {loss}, some lost", "bad"
    return f"{sign}{'before training' if not shown.steps else f'after {so_far}'}: loss {loss}", "strong"


def foot(shown: Shown, width: int) -> list[tuple[str, Role]]:
    """The layer at the cursor, the mean factor from layer to layer, and both of the network before."""
    found: list[tuple[str, Role]] = [(_fitting(here(shown), width), "strong"), (fit(_mean(shown), width), "plain")]
    if shown.before is not None:
        net, sizes = shown.before[0], shown.beside(shown.view)
        value = _value(sizes[shown.at]) if shown.at < len(sizes) else "not there"
        value = value if shown.tells(shown.view) else "?"
        said = [*(f"░ before ({name}): {value}" for name in names(net)), f"░ before: {value}"]
        found.append((_fitting(said, width), "dim"))
    return found


def here(shown: Shown) -> tuple[str, ...]:
    """The layer at the cursor, the longest words first."""
    sizes, signals = shown.sizes(shown.view), shown.signals
    if signals is None or not sizes:
        return ("",)
    shape = "×".join(str(side) for side in signals.shapes[shown.at])
    name = f"layer {shown.at + 1}"
    if not shown.tells(shown.view):
        return (f"{name}, {shape}: ?", f"{name}: ?")
    size, value = sizes[shown.at], _value(sizes[shown.at])
    if shown.view == "weights":
        moved = f"a step moves them by {number(100 * size * shown.net.rate, 3)} %" if size is not None else value
        return (f"{name}, {shape}: {value} of the weights, {moved}", f"{name}: {value}, {moved}", f"{name}: {value}")
    other = shown.at - 1 if shown.view == "forward" else shown.at + 1
    near = sizes[other] if 0 <= other < len(sizes) else None
    times = f", ×{number(size / near, 3)} from layer {other + 1}" if size is not None and near else ""
    return (f"{name}, {shape}: {value}{times}", f"{name}: {value}{times}", f"{name}: {value}")


def _value(size: float | None) -> str:
    return "no finite number" if size is None else number(size, 3)


def _mean(shown: Shown) -> str:
    """The mean factor, forward or back; of the weights' gradients the largest and the smallest."""
    if shown.view == "weights":
        return _ends(shown)
    back = shown.view == "backward"
    name, words = ("growth_back", "a layer back") if back else ("growth", "a layer")
    sizes = shown.sizes("backward" if back else "forward")
    factor = (growth_back if back else growth)(sizes) if sizes else None
    if shown.covered or shown.hidden & {name, "first", "last"}:
        return f"on average ? {words}"
    if factor is None:
        lost = sum(size is None for size in sizes)
        return f"{lost} of {len(sizes)} layers have lost their numbers" if lost else "nothing gets through"
    return f"on average ×{number(factor, 3)} {words}"


def _ends(shown: Shown) -> str:
    if not shown.tells("weights"):
        return "most at layer ?, least at layer ?"
    known = [(size, layer) for layer, size in enumerate(shown.sizes("weights"), 1) if size is not None]
    if not known:
        return "no layer has a gradient any more"
    (least, low), (most, high) = min(known), max(known)
    return f"most: {number(most, 3)} at {high}, least: {number(least, 3)} at {low}"


def sentence(shown: Shown) -> str:
    """The picture in words."""
    if shown.trouble:
        return shown.trouble
    if shown.point is None:
        return "The lab has not answered yet."
    said = [f"A network of {next(names(shown.net))}; {stage(shown, '')[0].strip()}."]
    said.append(f"{TITLES[shown.view].capitalize()}; {here(shown)[0]}; {_mean(shown)}.")
    if (step := broke(shown.points)) is not None and not shown.covered:
        said.append(f"After {plural(step, 'step')} something was no finite number any more.")
    if shown.before is not None:
        said.append(f"{foot(shown, 999)[-1][0].strip().removeprefix('░ ').capitalize()}.")
    return " ".join(said)


def _fitting(said: Iterator[str] | Sequence[str], width: int) -> str:
    words = list(said)
    return fit(next((each for each in words if len(each) <= width), words[-1]), width)
