"""The pane in which it is measured how long a network waits for its data, from files and from memory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui import orders
from fastai_tui.app.tui.panes.common.measuring import MeasuringPane
from fastai_tui.app.tui.panes.images import loading_drawing
from fastai_tui.app.tui.panes.images.loading_drawing import Row, Shown
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.loading import Loading, Spent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

IMAGES, FEWEST, MOST = 2000, 64, 4096
REMEMBERED = 24  # rows


class LoadingPane(MeasuringPane):
    """Space measures what the knobs say; what was measured stays, to be compared with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "measure", "measure", tooltip="train on the same images from files and from memory"),
        Binding("space", "stop", "stop", tooltip="measure no further"),
        Binding("z", "forget", "forget", tooltip="forget everything that was measured"),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.rows = _rows(scene.kept.get("rows"))
        self.job: Job | None = None

    def on_mount(self) -> None:
        super().on_mount()
        self._order()

    def turned(self, knob: str, value: Value) -> None:
        self.cease()
        self.told = None
        self._order()
        self.tell()

    def _order(self) -> None:
        """What space would measure now."""
        try:
            self.job, self.trouble = orders.job_of(self.scene.step, self.knobs), ""
        except FastaiTuiError as error:
            self.job, self.trouble = None, str(error)

    @property
    def images(self) -> int:
        """How many are read."""
        return self.whole("images", IMAGES, FEWEST, MOST)

    @property
    def model(self) -> str:
        """The network that is trained."""
        return str(self.job.settings.get("model", "")) if self.job else ""

    @property
    def bs(self) -> int:
        """Images in a batch."""
        return int(self.job.settings["bs"]) if self.job else 0  # type: ignore[arg-type]

    @property
    def now(self) -> Row | None:
        """What the knobs' network has come to, so far or before."""
        known = self.told
        if known is not None and known.files.batches:
            return Row(self.model, self.bs, known.resident, known.files)
        return next((row for row in self.rows if (row.model, row.bs) == (self.model, self.bs)), None)

    # Measuring

    def action_measure(self) -> None:
        if self.job is None:
            self.say(self.trouble)
            return
        self.begin("loading", Loading, job=self.job, images=self.images)

    def remember(self) -> None:
        if (row := self.now) is not None:
            others = [each for each in self.rows if (each.model, each.bs) != (row.model, row.bs)]
            self.rows = [*others, row][-REMEMBERED:]

    def action_forget(self) -> None:
        self.cease()
        self.rows, self.told = [], None
        self._order()
        self.tell()

    # What it says of itself

    @property
    def done(self) -> bool:
        """Has what the knobs say been measured?"""
        return not self.busy and self.now is not None

    def measured(self) -> Measured:
        found: dict[str, float | str] = {
            "done": int(self.done),
            "tried": len(self.rows),
            "networks": len({row.model for row in self.rows}),
            "model": self.model,
            "bs": self.bs,
        }
        now = self.now
        if now is None or not self.done:
            return found
        return found | {
            "share": now.files.share,
            "share_resident": now.resident.share,
            "ratio": now.ratio,
            "images": now.files.batches * now.bs,
        }

    def kept(self) -> State:
        return {"rows": [_as_text(row) for row in self.rows]}

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        now = self.now if not self.busy or self.told else None
        return Shown(self.model, self.bs, self.images, now, self.told, self.rows, self.busy, self.hidden, self.trouble)

    def sentence(self) -> str:
        return loading_drawing.sentence(self.shown)

    def command(self) -> Sequence[str]:
        """The training that waits the more."""
        if not self.scene.step.run:
            return ()
        return [*orders.command_of(self.scene.step, self.knobs), "--set", "loader=files"]

    def code(self) -> str:
        return self.scene.step.code or "engine.interpret.loading:Side"

    # The picture

    def draw(self, sheet: Sheet) -> None:
        self.pulse.beat(self.busy)
        loading_drawing.draw(sheet, self.shown, self.pulse.sign(sheet.sight.unicode))


def _as_text(row: Row) -> str:
    times = (part for spent in (row.resident, row.files) for part in (spent.waiting, spent.computing))
    return " ".join([row.model, str(row.bs), str(row.files.batches), *(f"{part:.4g}" for part in times)])


def _rows(value: Any) -> list[Row]:
    """Rows as they were kept; what is none is left out."""
    found = value[-REMEMBERED:] if isinstance(value, list) else []
    return [row for each in found if isinstance(each, str) and (row := _row(each)) is not None]


def _row(text: str) -> Row | None:
    try:
        model, bs, batches, *times = text.split(" ")
        first, second, third, fourth = (float(part) for part in times)
        count = int(batches)
        row = Row(model[:20], int(bs), Spent(first, second, count), Spent(third, fourth, count))
    except ValueError:
        return None
    good = all(math.isfinite(part) and part >= 0 for part in (first, second, third, fourth))
    return row if good and row.bs > 0 and count > 0 else None
