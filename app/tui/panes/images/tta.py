"""The pane of test-time augmentation: one image in several views, what their average answers, and what that does to all
images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.asking import AskingInsidePane
from fastai_tui.app.tui.panes.common.playing import one_of, whole
from fastai_tui.app.tui.panes.images import tta_drawing as drawing
from fastai_tui.app.tui.panes.images.tta_shown import IMAGE_SECRETS, SET_SECRETS, VIEWS, Shown, sentence
from fastai_tui.app.tui.plotting import Plotter
from fastai_tui.engine.viewed import COUNTS, KINDS, SHIFTS, Scores, Viewed

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

SHIFT, COUNT = 1, 4  # airbench's crops, and fast.ai's number of random views
MOST = 10**6  # images; no validation set is larger
REMEMBERED = 24  # images that were looked at; a megabyte each
OF_PHOTOS, DRAWN = ("dogscats", "dogbreeds"), ("random",)  # experiments whose pictures are varied as photos: at random
Asks = tuple[str, int, int]  # kind, shift, count


class TtaPane(AskingInsidePane):
    """The left and right keys go through the images, space takes one more view into the average."""

    TRAINS = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "image(1)", "image", tooltip="next validation image"),
        Binding("left", "image(-1)", "image", tooltip="the image before"),
        Binding("home", "image(-1000000)", "the first image", show=False),
        Binding("end", "image(1000000)", "the last image", show=False),
        Binding("space", "views(1)", "view", tooltip="one more view into the average"),
        Binding("down", "views(1)", "one more view", show=False),
        Binding("up", "views(-1)", "fewer", tooltip="one view fewer"),
        Binding("f", "views(9)", "all views", tooltip="all views into the average"),
        Binding("j", "jump(1)", "changed", tooltip="next image that averaging answers differently"),
        Binding("J", "jump(-1)", "the changed image before", show=False),
        Binding("m", "kind", "kind", tooltip="crops, reflections or random views"),
        Binding("v", "view", "all images", tooltip="one image, or all of them"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "f", "j", "m", "v")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept, show = scene.kept, scene.step.show
        self.at = whole(kept.get("at", whole(show.get("image"), MOST, 1) - 1), MOST)
        self.taken = whole(kept.get("taken"), COUNTS[1] + 1, 1)
        run = scene.step.run
        self.kinds = DRAWN if run is not None and run.experiment in OF_PHOTOS else KINDS
        self.kind = one_of(self.kinds, self.option("kind"))
        self.view = one_of(VIEWS, self.option("view"))
        seen = kept.get("seen")
        self.seen = {n for n in seen if type(n) is int and 0 <= n < MOST} if isinstance(seen, list) else set[int]()
        self.images: dict[tuple[Asks, int], Viewed] = {}
        self.scores: dict[Asks, Scores] = {}
        self._stale = False
        self._asked: set[Asks] = set()  # for all images, since the weights were others
        self.plotter = Plotter(self)

    # What is asked for

    @property
    def asks(self) -> Asks:
        """Which views, as the lab takes them."""
        return self.kind, self._knob("shift", SHIFT, *SHIFTS), self._knob("count", COUNT, *COUNTS)

    def _knob(self, name: str, usual: int, low: int, high: int) -> int:
        value = self.knobs.get(name, usual)
        good = isinstance(value, (int, float)) and math.isfinite(value)
        return int(min(max(value, low), high)) if good else usual  # type: ignore[arg-type]

    @property
    def one(self) -> Viewed | None:
        """The image at the cursor, once the lab has told."""
        return self.images.get((self.asks, self.at))

    def forget_run(self) -> None:
        self.images, self.scores, self.trouble = {}, {}, ""
        self._asked = set()

    def look(self) -> None:
        self._stale, self.trouble = True, ""  # its weights are others now; what is known stays until they have answered
        self._asked = set()
        self._inquire()

    def turned(self, knob: str, value: Value) -> None:
        self._inquire()
        super().turned(knob, value)

    def on_mount(self) -> None:
        super().on_mount()
        self._inquire()

    def _inquire(self) -> None:
        """Ask for the image at the cursor, if it is not known, and for all images."""
        if self.run is None or self._looked is None or not self.is_mounted:
            return
        if self.one is None or self._stale:
            asks, run = self.asks, self.run.id

            def take(answer: Any) -> None:
                self._take(msgspec.convert(answer, Viewed), asks, run)

            self.ask_lab("views", take, run=run, image=self.at, **_named(asks))
        self.serve_anew()

    def _take(self, one: Viewed, asks: Asks, run: str) -> None:
        if self.run is None or self.run.id != run:
            return
        if self._stale:
            self.images, self._stale = {}, False
        if len(self.images) >= REMEMBERED:
            self.images.pop(next(iter(self.images)))
        self.images[asks, one.index] = one
        self.trouble = ""
        if asks == self.asks:
            if self.at >= one.images:
                self.at = one.index
            self.taken = min(self.taken, len(one.views))
            self.seen.add(one.index)

    @property
    def missing(self) -> bool:
        """Are there images left to look at? A network that trains is another before all have been seen."""
        known = self.scores.get(self.asks)
        return (
            self.asks not in self._asked
            or known is None
            or (not known.done and not (self.shot is not None and self.shot.live))
        )

    async def ask_next(self) -> None:
        """Have all images looked at, a few at a time."""
        if self.run is None:
            return
        asks, run = self.asks, self.run.id
        answer = await self.services.lab.ask("views_of_all", topic="tta:all", run=run, **_named(asks))
        if self.run is not None and self.run.id == run and self.is_attached:
            self._asked.add(asks)
            self.scores[asks] = msgspec.convert(answer, Scores)
            self.changed()

    # What it says of itself

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        return Shown(
            self.one, self.scores.get(self.asks), self.kind, self.at, self.taken, self.view, self.hidden, self.trouble
        )

    def measured(self) -> Measured:
        found: dict[str, float | str] = {
            "image": self.at + 1, "views": self.taken, "kind": self.kind, "view": self.view, "seen": len(self.seen),
        }  # fmt: skip
        one, all_ = self.one, self.scores.get(self.asks)
        if one is not None:
            count = len(one.views)
            found |= {
                "count": count,
                "right_one": int(one.answer(1) == one.truth),
                "right_all": int(one.answer(count) == one.truth),
                "changed": int(one.answer(1) != one.answer(count)),
            }
        if all_ is None:
            return found | {"done": 0}
        first, last = all_.averages[0], all_.averages[-1]
        found |= {"accuracy": first.accuracy, "tta_accuracy": last.accuracy, "loss": first.loss, "tta_loss": last.loss}
        found |= {"fixed": len(all_.fixed), "spoiled": len(all_.spoiled), "best": all_.best}
        return found | {"done": int(all_.done)}

    def kept(self) -> State:
        seen: list[int | float | str] = [*sorted(self.seen)[:1000]]
        return {"at": self.at, "taken": self.taken, "kind": self.kind, "view": self.view, "seen": seen}

    def sentence(self) -> str:
        if self.one is None and self.scores.get(self.asks) is None:
            return self.nothing_yet()
        return sentence(self.shown)

    def command(self) -> Sequence[str]:
        return ("show", self.run.id) if self.run else ()

    def code(self) -> str:
        return self.scene.step.code or "engine.tta:look"

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return len(self.kinds) > 1 if action == "kind" else super().check_action(action, parameters)

    def action_image(self, by: int) -> None:
        self._go(self.at + by)

    def _go(self, to: int) -> None:
        all_ = self.scores.get(self.asks)
        known = self.one.images if self.one else all_.total if all_ else MOST
        self.at = min(max(to, 0), known - 1)
        if self.one is not None:
            self.seen.add(self.at)
        self._inquire()
        self.changed()

    def action_views(self, by: int) -> None:
        most = len(self.one.views) if self.one else COUNTS[1] + 1
        self.taken = min(max(self.taken + by, 1), most)
        self.changed()

    def action_jump(self, by: int) -> None:
        """To the next image whose answer is another."""
        all_ = self.scores.get(self.asks)
        if self.hidden & (SET_SECRETS | IMAGE_SECRETS):
            self.say("Which images averaging changes is yours to predict first.")
        elif all_ is None or not (places := [n for n in all_.changed if (n - self.at) * by > 0]):
            self.say("There is no such image on this side of the cursor.")
        else:
            self._go(min(places) if by > 0 else max(places))

    def action_kind(self) -> None:
        self.kind = self.kinds[(self.kinds.index(self.kind) + 1) % len(self.kinds)]
        self.taken = 1
        self._inquire()
        self.changed()

    def action_view(self) -> None:
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]
        self.changed()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        if self.one is None and self.scores.get(self.asks) is None:
            self.draw_nothing(sheet)
            return
        shown = self.shown
        self.pulse.beat(not self.trouble and (self.one is None or self.missing))
        drawing.draw(sheet, shown, self.plotter, self.pulse.sign(sheet.sight.unicode))


def _named(asks: Asks) -> dict[str, Any]:
    return dict(zip(("kind", "shift", "count"), asks, strict=True))
