"""The pane in which it is measured what precomputed activations save: an epoch through the trunk, and one without."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.measuring import MeasuringPane
from fastai_tui.app.tui.panes.common.playing import one_of
from fastai_tui.app.tui.panes.photos import precompute_drawing
from fastai_tui.app.tui.panes.photos.precompute_drawing import Shown
from fastai_tui.engine.precompute_costs import Costs, megabytes

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

HEADS = ("concat", "linear", "cam")
REMEMBERED = 24  # rows
BATCHES, SIZES, PHOTOS = (16, 2, 128), (224, 64, 320), (2000, 100, 10**6)  # usual, least and most


class PrecomputePane(MeasuringPane):
    """Space measures what the knobs say; what was measured stays, to be compared with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "measure", "measure", tooltip="train a head through the trunk, and from what is precomputed"),
        Binding("space", "stop", "stop", tooltip="measure no further"),
        Binding("z", "forget", "forget", tooltip="forget everything that was measured"),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.rows = _rows(scene.kept.get("rows"))

    def turned(self, knob: str, value: Value) -> None:
        self.cease()
        self.trouble = ""
        self.tell()

    @property
    def head(self) -> str:
        """The kind of head that is trained."""
        return one_of(HEADS, self.knobs.get("head", self.scene.step.show.get("head")))

    @property
    def asked(self) -> tuple[str, int, int]:
        """What the knobs say: head, size and batch."""
        return self.head, self.whole("size", *SIZES), self.whole("bs", *BATCHES)

    @property
    def now(self) -> Costs | None:
        """What this has come to, so far or before."""
        if self.busy:
            return self.told
        return next((row for row in self.rows if _of(row) == self.asked), None)

    # Measuring

    def action_measure(self) -> None:
        head, size, bs = self.asked
        self.begin("precompute_costs", Costs, bs=bs, size=size, head=head)

    def remember(self) -> None:
        if self.told is not None:
            self.rows = [*(row for row in self.rows if _of(row) != _of(self.told)), self.told][-REMEMBERED:]

    def action_forget(self) -> None:
        self.cease()
        self.rows, self.trouble = [], ""
        self.tell()

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
            "photos": self.whole("photos", *PHOTOS),
        }
        if now is None:
            return found
        photos = self.whole("photos", *PHOTOS)
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
        photos = self.whole("photos", *PHOTOS)
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
