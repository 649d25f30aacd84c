"""The pane of augmentation: one image or photo as every epoch of a run sees it, with what chance has drawn for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.asking import AskingPane
from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.app.tui.panes.common.playing import PlayingPane, one_of, whole
from fastai_tui.app.tui.panes.common.typed import as_line
from fastai_tui.app.tui.panes.common.typing import TypingPane
from fastai_tui.app.tui.panes.images.augmentation_drawing import VIEWS
from fastai_tui.app.tui.panes.images.augmentation_photos import Photos
from fastai_tui.app.tui.panes.images.augmentation_small import SmallImages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

MOST = 24  # epochs
MOST_KEPT, LONGEST = 64, 99  # words, and characters of one
NUMBERED = 10**6
PHOTOS = "photos"  # as `data`: dogs and cats where they are here, or else the cat
LEAP = 7919  # images on: a set may be sorted by class, and a prime comes round to every image


class AugmentationPane(TypingPane, AskingPane, PlayingPane):
    """`self.drawn` epochs are wanted, `self.at` is the one that is looked at (0 before the first); what the knobs say
    is drawn anew for as many. `self.of` knows what a draw is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "step", "epoch", tooltip="the image as the next epoch sees it"),
        Binding("f", "finish", "all", tooltip=f"{MOST} epochs"),
        Binding("left", "move(-1)", "look back", tooltip="an epoch that was drawn before"),
        Binding("right", "move(1)", "look on", tooltip="one that was drawn later"),
        Binding("home", "move(-99)", "first epoch", show=False),
        Binding("end", "move(99)", "last epoch", show=False),
        Binding("d", "image(1)", "image", tooltip="another image"),
        Binding("D", "image(-1)", "image before", show=False),
        Binding("v", "view", "view", tooltip="one epoch with its numbers, or all of them"),
        Binding("e", "edit", "own photos", tooltip="type the path of a folder of photos; ctrl+u empties the line"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "a", "f", "v", "d", "e", "u", "z")
    WALKED: ClassVar[bool] = False
    FRAMES: ClassVar[float] = 3
    TRAINS: ClassVar[bool] = False
    STEERS: ClassVar[bool] = False

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept, data = scene.kept, scene.step.show.get("data")
        self.of: SmallImages | Photos = Photos(self) if data == PHOTOS else SmallImages(self)
        self.home = data if isinstance(data, str) and data != PHOTOS else ""
        self.data = as_line(kept.get("data", self.home)) if self.of.typed else self.home
        self.seed = whole(scene.step.show.get("seed", 42), 2**32 - 1)
        self.row = whole(self.option("image"), NUMBERED)
        self.drawn = whole(kept.get("draws"), MOST)
        self.at = whole(kept.get("at"), self.drawn)
        self.view = one_of(VIEWS, self.option("view"))
        self.rows = _strings(kept.get("rows"))
        self.kinds = _strings(kept.get("kinds"))
        self.found: Any = None  # what the lab has told, as `self.of` understands it
        self._answered: dict[str, Any] = {}  # what `found` was asked with
        self.pulse = Pulse(self)

    def on_mount(self) -> None:
        super().on_mount()
        self.serve_anew()

    # What is asked for

    @property
    def asks(self) -> dict[str, Any]:
        """What the lab is asked with, the number of epochs apart."""
        return {"data": self.data, "image": self.row, "seed": self.seed, **self.of.asks()}

    @property
    def missing(self) -> bool:
        """Has the lab to be asked?"""
        return self.found is None or self._answered != self.asks or len(self.found.draws) < self.drawn

    async def ask_next(self) -> None:
        asks, epochs = self.asks, self.drawn
        answer = await self.services.lab.ask(self.of.request, topic="augmented", epochs=epochs, **asks)
        if asks == self.asks and self.is_attached:
            self.found = self.of.answer(answer)
            self.row, _ = self.of.place(self.found)  # a smaller set has no such image
            self._answered = self.asks
            self._note()
            self.settle()

    def refused(self, sentence: str) -> None:
        self.found = None
        super().refused(sentence)
        self.stop()
        self.settle()

    def _note(self) -> None:
        """Remember the image, and the settings of which something was drawn."""
        if self.found is None:
            return
        asks = self.asks
        name = str(self.row) if self.data == self.home else f"{self.data}:{self.row}"[-LONGEST:]
        self.rows = [*dict.fromkeys([*self.rows, name])][-MOST_KEPT:]
        if self.draws:
            kind = " ".join(str(asks[name]) for name in self.of.settings)
            self.kinds = [*dict.fromkeys([*self.kinds, kind])][-MOST_KEPT:]

    @property
    def draws(self) -> list[Any]:
        """The epochs that are wanted and known."""
        return self.found.draws[: self.drawn] if self.found is not None else []

    # What it says of itself

    def measured(self) -> Measured:
        draws = self.draws
        return {
            "draws": len(draws),
            "epoch": min(self.at, len(draws)),
            "seen": len(self.rows),
            "kinds": len(self.kinds),
            "image": self.row,
            "view": self.view,
            **self.of.measured(self.found),
        }

    def kept(self) -> State:
        return {
            "draws": self.drawn,
            "at": self.at,
            "image": self.row,
            "view": self.view,
            "rows": [*self.rows],
            "kinds": [*self.kinds],
            **({"data": self.data} if self.of.typed else {}),
        }

    def sentence(self) -> str:
        return self.of.sentence(self.found)

    def command(self) -> Sequence[str]:
        return self.of.command(self.knobs)

    def code(self) -> str:
        return self.scene.step.code or self.of.code

    # What the screen tells it

    def turned(self, knob: str, value: Value) -> None:
        self.stop()
        self.serve_anew()
        super().turned(knob, value)

    # Epochs

    @property
    def over(self) -> bool:
        return self.drawn >= MOST

    @property
    def begun(self) -> bool:
        return self.drawn > 0

    def ended(self) -> str:
        return f"{MOST} epochs are enough: u goes back, z begins anew, d takes another image."

    def advance(self) -> None:
        self.drawn = min(self.drawn + 1, MOST)
        self._to(self.drawn)

    def retreat(self) -> None:
        self.drawn = max(self.drawn - 1, 0)
        self._to(self.drawn)

    def restart(self) -> None:
        self.drawn = 0
        self._to(0)

    def _to(self, at: int) -> None:
        self.at = at
        self._note()
        self.serve_anew()

    def action_move(self, step: int) -> None:
        self.stop()
        self.at = min(max(self.at + step, min(self.drawn, 1)), self.drawn)
        self.changed()

    def action_image(self, step: int) -> None:
        self.stop()
        many = self.of.place(self.found)[1] if self.found else 1000
        self.row = (self.row + step * LEAP) % many
        self.serve_anew()
        self.changed()

    def action_view(self) -> None:
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]
        self.changed()

    # A folder of the learner's own

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "edit" and not self.of.typed:
            return False
        if action == "image" and self.found and self.of.place(self.found)[1] == 1:
            return False
        return super().check_action(action, parameters)

    def action_edit(self) -> None:
        self.stop()
        super().action_edit()

    def before_typing(self) -> str:
        return "" if self.data == self.home else self.data

    def take(self, text: str) -> None:
        self.data, self.row = text.strip() or self.home, 0
        self.serve_anew()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        self.pulse.beat(self.found is None and not self.trouble)
        self.of.draw(sheet, self.found, self.pulse.sign(sheet.sight.unicode))


def _strings(kept: object) -> list[str]:
    """Words as they were kept; nonsense is none."""
    found = kept if isinstance(kept, list) else []
    return [one for one in found if isinstance(one, str) and len(one) <= LONGEST][-MOST_KEPT:]
