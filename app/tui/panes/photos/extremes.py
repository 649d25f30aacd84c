"""The pane of a run's best and worst photos: the most correct, the most wrong and the most uncertain ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.asking import AskingInsidePane
from fastai_tui.app.tui.panes.common.inside_training import InsideTrainingPane
from fastai_tui.app.tui.panes.common.playing import one_of, whole
from fastai_tui.app.tui.panes.photos import extremes_drawing
from fastai_tui.app.tui.panes.photos.extremes_drawing import Shown
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.photo_facts import OnePhoto
from fastai_tui.engine.ranked import KINDS, Ranked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

COUNT = 60  # photos that are asked for
ALL = -1  # instead of a class
MOST_SEEN = 400  # photos of a kind that are remembered
Order = tuple[str, int]  # the kind, and the class or `ALL`


class ExtremesPane(AskingInsidePane, InsideTrainingPane):
    """`self.kind` and `self.label` say which order is wanted, `self.at` which place of it is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "kind", "kind", tooltip="the most correct, the most wrong, the most uncertain photos"),
        Binding("down", "move(1)", "photo", tooltip="the next photo"),
        Binding("up", "move(-1)", "photo", tooltip="the photo before"),
        Binding("home", "move(-999)", "first photo", show=False),
        Binding("end", "move(999)", "last photo", show=False),
        Binding("k", "class(1)", "class", tooltip="the photos of one class, or of all"),
        Binding("K", "class(-1)", "class before", show=False),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("v", "k", "space", "u")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept, label = scene.kept, self.option("class", ALL)
        self.kind = one_of(KINDS, self.option("kind"))
        self.label = whole(label, 9999, ALL) if type(label) is int else ALL
        self.at = whole(kept.get("at"), COUNT - 1)
        self.seen = {kind: _rows(kept.get(f"seen_{kind}")) for kind in KINDS}
        self.met = whole(kept.get("met"), 2 ** len(KINDS) - 1)  # kinds that were shown, one bit each
        self.orders: dict[Order, Ranked] = {}
        self.photo: OnePhoto | None = None
        self.no_photo = ""  # why it can not be shown
        self._stale = False

    # The lab

    def look(self) -> None:
        self._stale, self.trouble = True, ""
        self.serve_anew()

    def forget_run(self) -> None:
        self.orders, self.photo, self.trouble = {}, None, ""

    @property
    def order(self) -> Order:
        """What is wanted."""
        return self.kind, self.label

    @property
    def ranked(self) -> Ranked | None:
        """The same, once the lab has told."""
        return self.orders.get(self.order)

    @property
    def missing_photo(self) -> int | None:
        """The row of the photo that the lab has to be asked for, if there is one."""
        shown = self.shown
        one = shown.chosen if shown is not None and shown.ranked.pixels else None
        known = self.photo is not None and one is not None and self.photo.image == one.index
        return None if one is None or known or self.no_photo else one.index

    @property
    def missing(self) -> bool:
        """Has the lab to be asked?"""
        return self._stale or self.ranked is None or self.missing_photo is not None

    async def ask_next(self) -> None:
        if self.run is not None and (self._stale or self.ranked is None):
            await self._ask_order(self.run.id, *self.order)
        elif self.run is not None and (row := self.missing_photo) is not None:
            await self._ask_photo(self.run.id, row)
        if self.is_attached:
            self.changed()

    async def _ask_order(self, run: str, kind: str, label: int) -> None:
        forgets, self._stale = self._stale, False
        asked = {"run": run, "kind": kind, "label": label, "count": COUNT}
        answer = msgspec.convert(await self.services.lab.ask("ranked", topic="ranked", **asked), Ranked)
        if self.run is None or self.run.id != run or not self.is_attached:
            return
        if forgets:  # what is known is of other weights
            self.orders, self.photo, self.no_photo = {}, None, ""
        self.orders[kind, label] = answer
        if self.label >= len(answer.classes):  # another run had more
            self.label = ALL
        self._go(self.at)

    async def _ask_photo(self, run: str, row: int) -> None:
        """Numbers are shown without it, too."""
        try:
            answer = await self.services.lab.ask("ranked_photo", topic="ranked_photo", run=run, row=row)
        except FastaiTuiError as error:
            self.no_photo = str(error)
            return
        if self.run is not None and self.run.id == run:
            self.photo = msgspec.convert(answer, OnePhoto)
            self.redraw()

    # What it says of itself

    @property
    def shown(self) -> Shown | None:
        """Everything that is drawn, once the lab has told."""
        known = self.ranked
        if known is None:
            return None
        label = known.classes[self.label] if 0 <= self.label < len(known.classes) else ""
        at = min(self.at, max(len(known.photos) - 1, 0))
        return Shown(known, at, label, self.photo, self.no_photo, self.hidden)

    def measured(self) -> Measured:
        found: dict[str, float | str] = {
            "kind": self.kind,
            "kinds": self.met.bit_count(),
            "seen": len(self.seen[self.kind]),
        }
        shown = self.shown
        if shown is None:
            return found
        known, one = shown.ranked, shown.chosen
        found |= {
            "label": shown.label or "all",
            "wrong": known.wrong,
            "total": known.total,
            "wrong_share": known.wrong_share,
            "pictures": int(known.pixels),
        }
        if one is None:
            return found
        return found | {
            "row": one.index,
            "truth": shown.named(one.truth),
            "prediction": shown.named(one.prediction),
            "probability": one.probabilities[one.truth],
            "one_loss": one.loss,
        }

    def kept(self) -> State:
        kinds: State = {f"seen_{kind}": [*rows] for kind, rows in self.seen.items()}
        return kinds | {"met": self.met, "kind": self.kind, "class": self.label, "at": self.at}

    def sentence(self) -> str:
        shown = self.shown
        return extremes_drawing.sentence(shown) if shown else self.nothing_yet()

    def command(self) -> Sequence[str]:
        return ("show", self.run.id) if self.run else ()

    def code(self) -> str:
        return self.scene.step.code or "engine.interpret.ranked:ordered"

    # Keys

    def _go(self, to: int) -> None:
        """Look at another photo of the order."""
        shown = self.shown
        self.at = min(max(to, 0), len(shown.ranked.photos) - 1 if shown and shown.ranked.photos else COUNT - 1)
        if (now := self.shown) is not None:
            self.met |= 1 << KINDS.index(self.kind)
        if now is not None and (one := now.chosen) is not None:
            self.seen[self.kind] = [*dict.fromkeys([*self.seen[self.kind], one.index])][-MOST_SEEN:]
        self.serve_anew()
        self.refresh_bindings()
        self.changed()

    def action_move(self, by: int) -> None:
        self._go(self.at + by)

    def action_kind(self) -> None:
        self.kind = KINDS[(KINDS.index(self.kind) + 1) % len(KINDS)]
        self._go(0)

    def action_class(self, by: int) -> None:
        shown = self.shown
        if shown is not None:
            places = len(shown.ranked.classes) + 1
            self.label = (self.label + 1 + by) % places - 1
            self._go(0)

    # The picture

    def draw(self, sheet: Sheet) -> None:
        shown = self.shown
        if shown is None:
            self.draw_nothing(sheet)
        else:
            self.pulse.beat(False)
            extremes_drawing.draw(sheet, shown)


def _rows(kept: object) -> list[int]:
    """Rows as they were kept; nonsense is none."""
    found = kept if isinstance(kept, list) else []
    return [row for row in found if type(row) is int and row >= 0][-MOST_SEEN:]
