"""The pane of evaluation: what a network with batch norm is worth by each batch's own mean and variance, by the last
training batch's, or by running averages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.asking import AskingInsidePane
from fastai_tui.app.tui.panes.common.playing import one_of, whole
from fastai_tui.app.tui.panes.networks import evaluation_drawing as drawing
from fastai_tui.app.tui.panes.networks.evaluation_drawing import Shown
from fastai_tui.app.tui.plotting import Plotter
from fastai_tui.engine.normed import BATCH_SIZES, SIZES, STATISTICS, Row

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

START = 64  # the size at which the cursor begins
MOST_DRAWS = 20  # last batches to try
Key = tuple[int, bool, int, int]  # size, sorted, bs, draw


class EvaluationPane(AskingInsidePane):
    """The arrows go through sizes and statistics, space evaluates the row; what training left behind is the same in all
    rows, and is shown in all once one was evaluated."""

    TRAINS = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1, 0)", "size", tooltip="larger batches"),
        Binding("up", "move(-1, 0)", "size", tooltip="smaller batches"),
        Binding("right", "move(0, 1)", "statistics", tooltip="whose mean and variance"),
        Binding("left", "move(0, -1)", "statistics", tooltip="whose mean and variance"),
        Binding("home", "move(-99, 0)", "batches of one image", show=False),
        Binding("end", "move(99, 0)", "the largest batches", show=False),
        Binding("space", "evaluate", "evaluate", tooltip="evaluate in batches of this size"),
        Binding("a", "all", "all sizes", tooltip="evaluate in batches of all sizes"),
        Binding("m", "order('class')", "by class", tooltip="batches of one class each"),
        Binding("m", "order('mixed')", "mixed", tooltip="batches of all classes, mixed"),
        Binding("l", "draw(1)", "last batch", tooltip="if another batch of training had been the last one"),
        Binding("L", "draw(-1)", "the last batch before", show=False),
        Binding("z", "anew", "anew", tooltip="forget what was evaluated"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "a", "m", "l", "z")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept, show = scene.kept, scene.step.show
        size = show.get("size", START)
        first = SIZES.index(size) if size in SIZES else SIZES.index(START)
        self.at = whole(kept.get("at", first), len(SIZES) - 1)
        self.column = STATISTICS.index(one_of(STATISTICS, self.option("statistics")))
        self.sorted = bool(whole(self.option("sorted"), 1))
        self.draws = whole(kept.get("draw"), MOST_DRAWS - 1)
        self.wanted = _keys(kept.get("wanted"))
        self.rows: dict[Key, Row] = {}
        self.plotter = Plotter(self)

    # What is asked for

    @property
    def bs(self) -> int:
        """Images in a batch of training; 0: as many as the run had."""
        value = self.knobs.get("bs", self.scene.step.show.get("bs", 0))
        good = isinstance(value, (int, float)) and math.isfinite(value)
        return int(min(max(value, 0), BATCH_SIZES[1])) if good else 0  # type: ignore[arg-type]

    @property
    def here(self) -> Key:
        """What the cursor's row would be evaluated with."""
        return SIZES[self.at], self.sorted, self.bs, self.draws

    def forget_run(self) -> None:
        self.rows, self.trouble = {}, ""

    def look(self) -> None:
        self.rows, self.trouble = {}, ""  # its weights are others now
        self.serve_anew()

    def on_mount(self) -> None:
        super().on_mount()
        self.serve_anew()

    def turned(self, knob: str, value: Value) -> None:
        self._again()
        super().turned(knob, value)

    def _again(self) -> None:
        """What is wanted here is wanted with other batches of training, too."""
        if any(key[:2] == self.here[:2] for key in self.wanted):
            self._want([SIZES[self.at]])
        elif sizes := [key[0] for key in self.wanted if key[1] == self.sorted]:
            self._want(sizes[-1:])

    def _want(self, sizes: Sequence[int]) -> None:
        for size in sizes:
            key = (size, self.sorted, self.bs, self.draws)
            if key not in self.wanted:
                self.wanted.append(key)
        self.serve_anew()

    @property
    def missing(self) -> Key | None:
        """What is to be evaluated next."""
        return next((key for key in self.wanted if key not in self.rows), None)

    async def ask_next(self) -> None:
        """What is told of another run is dropped."""
        run, key = self.run, self.missing
        if run is None or key is None:
            return
        looked, (size, by_class, bs, draw) = self._looked, key
        answer = await self.services.lab.ask(
            "evaluation", topic="evaluation", run=run.id, size=size, by_class=by_class, bs=bs, draw=draw
        )
        if self.run is not None and self.run.id == run.id and looked == self._looked and self.is_attached:
            self.rows[key] = msgspec.convert(answer, Row)
            self.changed()

    def refused(self, sentence: str) -> None:
        self.wanted = [key for key in self.wanted if key in self.rows]
        super().refused(sentence)

    # What it says of itself

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        done = {key: row for key, row in self.rows.items() if key in self.wanted}
        waits = self.missing
        return Shown(
            own={key[0]: row for key, row in done.items() if key[1] == self.sorted},
            mine=next((row for key, row in done.items() if key[1:] == self.here[1:]), None),
            lasts=tuple(
                {key[3]: row.last.accuracy for key, row in done.items() if key[1:3] == self.here[1:3]}.values()
            ),
            at=self.at,
            column=self.column,
            by_class=self.sorted,
            bs=self.bs,
            number=self.draws + 1,
            hidden=self.hidden,
            waits=waits[0] if waits and not self.trouble else 0,
            trouble=self.trouble,
        )

    def measured(self) -> Measured:
        shown = self.shown
        found: dict[str, float | str] = {
            "statistics": STATISTICS[self.column],
            "size": SIZES[self.at],
            "sorted": int(self.sorted),
            "bs": shown.training,
            "tried": len({key[:2] for key in self.wanted if key in self.rows}),
            "draws": len(shown.lasts),
        }
        if shown.lasts:
            found |= {"last_low": min(shown.lasts), "last_high": max(shown.lasts)}
        done = [row for key, row in self.rows.items() if key in self.wanted]
        if every := [row.score(name).accuracy for row in done for name in STATISTICS]:
            found |= {"best": max(every), "worst": min(every)}
        for name, kind in (("own", "batch"), ("last", "last"), ("running", "running")):
            if (score := shown.score(SIZES[self.at], kind)) is not None:
                found[name] = score.accuracy
        if (score := shown.score(SIZES[self.at], STATISTICS[self.column])) is not None:
            found |= {"accuracy": score.accuracy, "loss": score.loss}
        return found

    def kept(self) -> State:
        wanted: list[int | float | str] = [" ".join(map(str, map(int, key))) for key in self.wanted]
        at: State = {"at": self.at, "statistics": STATISTICS[self.column], "sorted": int(self.sorted)}
        return {**at, "draw": self.draws, "wanted": wanted}

    def sentence(self) -> str:
        return self.nothing_yet() if self._nothing else drawing.sentence(self.shown)

    def command(self) -> Sequence[str]:
        return ("show", self.run.id) if self.run else ()

    def code(self) -> str:
        return self.scene.step.code or "engine.models.batch_norm:LastBatchNorm"

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "anew":
            return bool(self.wanted)
        if action == "order":
            return self.sorted == (parameters[0] == "mixed")
        return super().check_action(action, parameters)

    def action_move(self, down: int, across: int) -> None:
        self.at = min(max(self.at + down, 0), len(SIZES) - 1)
        self.column = min(max(self.column + across, 0), len(STATISTICS) - 1)
        self.changed()

    def action_evaluate(self) -> None:
        self._want([SIZES[self.at]])
        self._wanted_changed()

    def action_all(self) -> None:
        self._want([*reversed(SIZES)])  # the large ones are the quick ones
        self._wanted_changed()

    def action_order(self, to: str) -> None:
        self.sorted = to == "class"
        self._wanted_changed()

    def action_draw(self, by: int) -> None:
        self.draws = min(max(self.draws + by, 0), MOST_DRAWS - 1)
        self._again()
        self._wanted_changed()

    def action_anew(self) -> None:
        self.wanted, self.draws = [], 0
        self._wanted_changed()

    def _wanted_changed(self) -> None:
        self.refresh_bindings()
        self.changed()

    # The picture

    @property
    def _nothing(self) -> bool:
        """Is there no run to evaluate?"""
        return self.run is None or self._looked is None

    def draw(self, sheet: Sheet) -> None:
        if self._nothing:
            self.draw_nothing(sheet)
            return
        shown = self.shown
        self.pulse.beat(bool(shown.waits))
        drawing.draw(sheet, shown, self.plotter, self.pulse.sign(sheet.sight.unicode))


def _keys(value: object) -> list[Key]:
    """The rows that were evaluated, as they were kept; nonsense is none."""
    found: list[Key] = []
    for each in value[:500] if isinstance(value, list) else []:
        parts = each.split() if isinstance(each, str) else []
        if len(parts) == 4 and all(part.isascii() and part.isdecimal() and len(part) < 5 for part in parts):
            size, by_class, bs, draw = map(int, parts)
            key = (size, bool(by_class), bs, draw)
            if size in SIZES and by_class < 2 and bs <= BATCH_SIZES[1] and draw < MOST_DRAWS and key not in found:
                found.append(key)
    return found
