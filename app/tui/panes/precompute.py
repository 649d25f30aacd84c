"""The pane in which it is measured what precomputed activations save: an epoch through the trunk, and one without."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes import precompute_drawing
from fastai_tui.app.tui.panes.base import Pane
from fastai_tui.app.tui.panes.beginning import Pulse
from fastai_tui.app.tui.panes.playing import one_of
from fastai_tui.app.tui.panes.precompute_drawing import Shown
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.precompute_costs import Costs, megabytes

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

HEADS = ("concat", "linear", "cam")
REMEMBERED = 24  # rows
BOUNDS = {"bs": (16, 2, 128), "size": (224, 64, 320), "photos": (2000, 100, 10**6)}  # usual, least and most


class PrecomputePane(Pane):
    """Space measures what the knobs say; what was measured stays, to be compared with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "measure", "measure", tooltip="train a head through the trunk, and from what is precomputed"),
        Binding("space", "stop", "stop", tooltip="measure no further"),
        Binding("z", "forget", "forget", tooltip="forget everything that was measured"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "z")
    TRAINS = False

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.rows = _rows(scene.kept.get("rows"))
        self.told: Costs | None = None  # of what is being measured
        self.busy, self.trouble = False, ""
        self.pulse = Pulse(self)

    def turned(self, knob: str, value: Value) -> None:
        self._cease()
        self.trouble = ""
        self._tell()

    def whole(self, name: str) -> int:
        """A number as the knobs have it, or else the step, or else as usual."""
        usual, least, most = BOUNDS[name]
        value = self.knobs.get(name, self.scene.step.show.get(name))
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9
        return min(max(int(value), least), most) if good else usual  # type: ignore[arg-type]

    @property
    def head(self) -> str:
        """The kind of head that is trained."""
        return one_of(HEADS, self.knobs.get("head", self.scene.step.show.get("head")))

    @property
    def asked(self) -> tuple[str, int, int]:
        """What the knobs say: head, size and batch."""
        return self.head, self.whole("size"), self.whole("bs")

    @property
    def now(self) -> Costs | None:
        """What this has come to, so far or before."""
        if self.busy:
            return self.told
        return next((row for row in self.rows if _of(row) == self.asked), None)

    # Measuring

    def action_measure(self) -> None:
        self.busy, self.told, self.trouble = True, None, ""
        self._measure(*self.asked)
        self._tell()

    @work(exclusive=True, group="precompute", exit_on_error=True)
    async def _measure(self, head: str, size: int, bs: int) -> None:
        """Ask the lab piece by piece, until it is done or nobody waits any more."""
        try:
            while self.is_attached and not (self.told and self.told.done):
                lab = self.services.lab
                answer = await lab.ask("precompute_costs", topic="precompute_costs", bs=bs, size=size, head=head)
                self.told = msgspec.convert(answer, Costs)
                self.changed()
        except FastaiTuiError as error:
            self.trouble = str(error)
        except asyncio.CancelledError:
            raise  # another knob, another step: whoever cancelled has seen to the rest
        else:
            self._remember()
        self.busy = False
        self._tell()

    def _remember(self) -> None:
        if self.told is not None:
            self.rows = [*(row for row in self.rows if _of(row) != _of(self.told)), self.told][-REMEMBERED:]

    def _cease(self) -> None:
        if self.busy:
            self.workers.cancel_group(self, "precompute")
            self.busy, self.told = False, None

    def action_stop(self) -> None:
        self._cease()
        self.say("Stopped: what was half measured does not count.")
        self._tell()

    def action_forget(self) -> None:
        self._cease()
        self.rows, self.trouble = [], ""
        self._tell()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("measure", "stop"):
            return self.busy == (action == "stop")
        return bool(self.rows) or bool(self.trouble) if action == "forget" else True

    def _tell(self) -> None:
        """Draw, and have the keys that matter shown anew."""
        self.refresh_bindings()
        self.changed()

    # What it says of itself

    def measured(self) -> Measured:
        head, size, bs = self.asked
        now = None if self.busy else self.now
        found: dict[str, float | str] = {
            "done": int(now is not None),
            "tried": len(self.rows),
            "heads": len({row.head for row in self.rows}),
            "head": head,
            "size": size,
            "bs": bs,
            "photos": self.whole("photos"),
        }
        if now is None:
            return found
        photos = self.whole("photos")
        return found | {
            "ratio": now.ratio,
            "numbers": now.numbers,
            "megabytes": megabytes(photos, now.numbers),
            "through": now.epoch(photos),
            "cached": now.epoch_cached(photos),
            "copies": now.through_photos,
        }

    def kept(self) -> State:
        return {"rows": [_as_text(row) for row in self.rows]}

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        photos = self.whole("photos")
        return Shown(*self.asked, photos, self.now, self.rows, self.busy, self.hidden, self.trouble)

    def sentence(self) -> str:
        return precompute_drawing.sentence(self.shown)

    def code(self) -> str:
        return self.scene.step.code or "engine.data.activations:Computed"

    # The picture

    def draw(self, sheet: Sheet) -> None:
        self.pulse.beat(self.busy)
        precompute_drawing.draw(sheet, self.shown, self.pulse.sign(sheet.sight.unicode))


def _of(row: Costs) -> tuple[str, int, int]:
    return row.head, row.size, row.bs


def _as_text(row: Costs) -> str:
    numbers = row.size, row.bs, row.numbers, row.through_photos, row.cached_photos
    return " ".join([row.head, *map(str, numbers), f"{row.through:.4g}", f"{row.cached:.4g}"])


def _rows(value: Any) -> list[Costs]:
    """Rows as they were kept; what is none is left out."""
    found = value[-REMEMBERED:] if isinstance(value, list) else []
    return [row for each in found if isinstance(each, str) and (row := _row(each)) is not None]


def _row(text: str) -> Costs | None:
    try:
        head, *counts = text.split(" ")
        size, bs, numbers, photos, cached_photos = (int(word) for word in counts[:-2])
        through, cached = (float(word) for word in counts[-2:])
    except ValueError:
        return None
    good = all(math.isfinite(time) and time > 0 for time in (through, cached))
    if head not in HEADS or not good or min(size, bs, numbers, photos, cached_photos) < 1:
        return None
    return Costs(through, photos, cached, cached_photos, numbers, head, size, bs, "", done=True)
