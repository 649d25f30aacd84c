"""What a history that is not cut costs, beside one that is: two curves over the batches, and the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.text import duration, fit, number, plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.engine.history_costs import Cost, Costs, History

if TYPE_CHECKING:
    from fastai_tui.app.text import Look
    from fastai_tui.app.tui.plotting import Plotter
    from fastai_tui.app.tui.sheet import Role, Sheet

MOST = 32  # batches: 256 layers at the usual length, a second or two of measuring
LOW, LEAST, WIDE = 12, 7, 70  # rows of a pane with a plot, and of one of two plots; columns for two side by side
KINDS = {"memory": "memory, MB", "seconds": "pass backwards, ms"}
MEGA, MILLI = 2**20, 1e-3
TABLE, REACHING = 4, 16  # rows; of a pane from which there is room to show how far back gradients go


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: what was measured of the `wanted` batches, of a network with `hidden_units` that is given
    `bptt` characters at a time."""

    points: tuple[Costs, ...]
    history: History | None
    bptt: int
    hidden_units: int
    wanted: int
    kind: str = "memory"
    hidden: frozenset[str] = frozenset()
    trouble: str = ""

    @property
    def waits(self) -> bool:
        """Is something being measured?"""
        known = self.history
        return not self.trouble and (known is None or (len(known.points) < self.wanted and not known.full))

    @property
    def last(self) -> Costs | None:
        return self.points[-1] if self.points else None

    @property
    def deep(self) -> int:
        """Layers that the gradient goes through, nothing cut off."""
        return self.last.uncut.layers if self.last else 0

    @property
    def memory(self) -> float:
        """How many times as many bytes as with the history cut off; 1 before the first batch."""
        return self.last.uncut.memory / self.last.cut.memory if self.last else 1.0

    @property
    def seconds(self) -> float:
        """How many times as long a pass backwards."""
        return self.last.uncut.seconds / self.last.cut.seconds if self.last else 1.0

    @property
    def differs(self) -> float:
        """How far the gradient is from the one that was cut, as a share of it."""
        return self.last.differs if self.last else 0.0

    @property
    def title(self) -> str:
        streams = f", {self.history.streams} streams" if self.history else ""
        return f"{self.hidden_units} units{streams}, {plural(self.bptt, 'character')} a batch"

    @property
    def brief(self) -> str:
        """The same where there is little room."""
        return self.title.replace(" characters", "").replace(" character", "")

    @property
    def epoch(self) -> str:
        """What a whole epoch would need, if it went on as from the first batch to the last."""
        if self.history is None or len(self.points) < 2 or {"memory", "deep"} & self.hidden:
            return ""
        first, last = self.points[0].uncut, self.points[-1].uncut
        more = (last.memory - first.memory) / (len(self.points) - 1)
        whole = first.memory + more * (self.history.batches - 1)
        layers = first.layers + (last.layers - first.layers) / (len(self.points) - 1) * (self.history.batches - 1)
        return f"at this pace an epoch: {layers:,.0f} layers, {size(whole)}"

    @property
    def brought(self) -> str:
        """What one gets for it."""
        if not self.points:
            return ""
        share = "?" if "differs" in self.hidden else f"{self.differs:.0%}"
        return f"the cut takes {share} of the gradient away"

    def table(self) -> Iterator[tuple[str, tuple[str, str, str]]]:
        """Both sides' numbers, and how many times as large the first's are."""
        if self.last is None:
            return
        for name, cost in (("uncut", self.last.uncut), ("cut", self.last.cut)):
            yield name, self._cells(cost, cut=name == "cut")
        ratios = {"deep": self.deep / self.last.cut.layers, "memory": self.memory, "seconds": self.seconds}
        deep, memory, seconds = ("?" if name in self.hidden else f"×{number(v, 3)}" for name, v in ratios.items())
        yield "", (deep, memory, seconds)

    def _cells(self, cost: Cost, *, cut: bool) -> tuple[str, str, str]:
        cells = {"deep": f"{cost.layers:,}", "memory": size(cost.memory), "seconds": milli(cost.seconds)}
        deep, memory, seconds = (cell if cut or name not in self.hidden else "?" for name, cell in cells.items())
        return deep, memory, seconds


def size(of: float) -> str:
    """Bytes as people read them."""
    unit, divisor = next(((u, d) for u, d in (("GB", 2**30), ("MB", MEGA)) if of >= d), ("kB", 1024))
    return f"{number(of / divisor, 3)} {unit}"


def milli(seconds: float) -> str:
    """A short time."""
    return f"{number(seconds / MILLI, 3)} ms" if seconds < 1 else duration(seconds)


def draw(sheet: Sheet, shown: Shown, plotter: Plotter, pulse: str) -> None:
    """The network, the curves as far as there is room, the numbers, and what they come to."""
    title = shown.title if len(shown.title) <= sheet.width else shown.brief
    sheet.put(0, 0, fit(title, sheet.width), "dim")
    if shown.trouble:
        for i, (line, style) in enumerate(spoken(sheet, shown.trouble, sheet.width, max(sheet.height - 1, 0), "bad")):
            sheet.put(1 + i, 0, line, style)
        return
    sheet.put(1, 0, fit(_stage(shown, pulse), sheet.width), "strong")
    if shown.last is None:
        _before(sheet)
        return
    said = [words for words in (shown.brought, shown.epoch) if words]
    if sheet.height < TABLE + len(said) + 2:
        said = []
        sheet.leave_out("what it comes to")
    row = sheet.height - TABLE - len(said) if sheet.height >= LOW else 2
    _table(sheet, row, shown)
    for i, words in enumerate(said):
        short = words if len(words) <= sheet.width else words.replace("at this pace ", "")
        sheet.put(row + TABLE + i, 0, fit(short, sheet.width), "plain")
    if sheet.height >= LOW:
        taken = _reach(sheet, shown) if sheet.height >= REACHING else 0
        _plots(sheet, Area(2 + taken, 0, sheet.width, row - 2 - taken), shown, plotter)
    else:
        sheet.leave_out("the curves")


def _stage(shown: Shown, pulse: str) -> str:
    """How far it has got."""
    if shown.waits and shown.history is None:
        return f"{pulse} PyTorch starts …"
    if shown.waits:
        return f"{pulse} batch {len(shown.points)} of {shown.wanted} is measured"
    return f"batch {len(shown.points)} of {MOST}"


def _reach(sheet: Sheet, shown: Shown) -> int:
    """How far back the gradient goes, a sign for each batch; returns the rows taken."""
    count, arrow = len(shown.points), "←"
    sheet.put(2, 0, "uncut", "plain")
    sheet.put(2, 6, "?" if "deep" in shown.hidden else arrow * count, "accent")
    sheet.put(3, 0, "cut", "plain")
    sheet.put(3, 6, "·" * (count - 1), "dim")
    sheet.put(3, 5 + count, arrow, "warn")
    return 2


def _before(sheet: Sheet) -> None:
    """What is going to be measured."""
    words = (
        "The same network reads the same batches twice: once its state is cut off from how it came about after every "
        "batch, once it is not. Space reads the first."
    )
    for i, (line, style) in enumerate(spoken(sheet, words, sheet.width, max(sheet.height - 3, 0), "plain")):
        sheet.put(3 + i, 0, line, style)


def _table(sheet: Sheet, row: int, shown: Shown) -> None:
    wide = min((sheet.width - 6) // 3, 12)
    for j, name in enumerate(("layers", "memory", "backward")):
        sheet.put(row, 6 + j * wide, name.rjust(wide), "dim")
    for i, (name, cells) in enumerate(shown.table(), 1):
        style: Role = "strong" if not name else "plain"
        sheet.put(row + i, 0, name, "plain")
        for j, cell in enumerate(cells):
            sheet.put(row + i, 6 + j * wide, cell.rjust(wide), style)


def _plots(sheet: Sheet, area: Area, shown: Shown, plotter: Plotter) -> None:
    """Both curves, side by side or below one another; where there is no room, the one that is asked for."""
    beside = area.width >= WIDE
    both = beside or area.height >= 2 * LEAST
    high = area.height if beside or not both else area.height // 2
    wide = (area.width - 2) // 2 if beside else area.width
    one = next((kind for kind in (shown.kind, *KINDS) if kind not in shown.hidden), shown.kind)
    for i, kind in enumerate(KINDS if both else [one]):
        place = Area(area.row + (0 if beside else i * high), i * (wide + 2) if beside else 0, wide, high)
        if kind in shown.hidden:
            sheet.put(place.row, place.column, fit(f"{KINDS[kind]}: ? (predict it first)", wide), "dim")
        else:
            _plot(sheet, place, shown, plotter, kind)


def _plot(sheet: Sheet, area: Area, shown: Shown, plotter: Plotter, kind: str) -> None:
    def make(look: Look, width: int, height: int) -> list[str]:
        from fastai_tui.app import plots

        curves = [(name, *curve(shown.points, name, kind)) for name in ("uncut", "cut")]
        return plots.overlaid(curves, width=width, height=height, title=KINDS[kind], look=look, total=MOST)

    plotter.show(sheet, area, make, name=kind, view=(shown.bptt, shown.hidden_units), data=shown.points)


def curve(points: tuple[Costs, ...], name: str, kind: str) -> tuple[list[float], list[float]]:
    """The batches, and a side's megabytes or milliseconds after each."""
    unit = MEGA if kind == "memory" else MILLI
    return [float(i) for i in range(1, len(points) + 1)], [getattr(getattr(p, name), kind) / unit for p in points]


def sentence(shown: Shown) -> str:
    """The picture in words."""
    if shown.trouble:
        return shown.trouble
    if shown.last is None:
        return f"A network of {shown.title} is about to read; nothing has been measured yet."
    (deep, memory, seconds), (short, less, sooner), (_, more, longer) = (cells for _, cells in shown.table())
    said = (
        f"After {plural(len(shown.points), 'batch')} ({shown.title}) the gradient goes through {deep} layers if "
        f"nothing is cut off and through {short} otherwise; that takes {memory} of memory against {less} ({more}), and "
        f"{seconds} against {sooner} ({longer}); {shown.brought}."
    )
    return f"{said} {shown.epoch[0].upper()}{shown.epoch[1:]}." if shown.epoch else said
