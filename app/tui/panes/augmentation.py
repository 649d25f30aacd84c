"""The pane of augmentation: one image as every epoch of a run sees it, with what chance has drawn for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes import augmentation_drawing
from fastai_tui.app.tui.panes.augmentation_drawing import VIEWS, Shown
from fastai_tui.app.tui.panes.beginning import Pulse
from fastai_tui.app.tui.panes.playing import PlayingPane, one_of, whole
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.image_views import Augmented, alternates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

MOST = 24  # epochs
KINDS, FLIPS, PADDINGS = ("standard", "flip", "none"), ("random", "alternating"), ("reflect", "zero")
MOST_PAD, MOST_SIZE, MOST_KEPT = 64, 128, 64
NUMBERED = 10**6
LEAP = 7919  # images on: a set may be sorted by class, and a prime comes round to every image


class AugmentationPane(PlayingPane):
    """`self.drawn` epochs are wanted, `self.at` is the one that is looked at (0 before the first); what the knobs say
    is drawn anew for as many."""

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
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "a", "f", "v", "d", "u", "z")
    WALKED: ClassVar[bool] = False
    FRAMES: ClassVar[float] = 3
    TRAINS: ClassVar[bool] = False
    STEERS: ClassVar[bool] = False

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept, data = scene.kept, scene.step.show.get("data")
        self.data = data if isinstance(data, str) else ""
        self.seed = whole(scene.step.show.get("seed", 42), 2**32 - 1)
        self.row = whole(self.option("image"), NUMBERED)
        self.drawn = whole(kept.get("draws"), MOST)
        self.at = whole(kept.get("at"), self.drawn)
        self.view = one_of(VIEWS, self.option("view"))
        self.rows = _strings(kept.get("rows"))
        self.kinds = _strings(kept.get("kinds"))
        self.found: Augmented | None = None
        self._answered: dict[str, Any] = {}  # what `found` was asked with
        self.trouble, self._serving = "", False
        self.pulse = Pulse(self)

    def on_mount(self) -> None:
        super().on_mount()
        self._serve()

    # What is asked for

    @property
    def asks(self) -> dict[str, Any]:
        """What the lab is asked with, the number of epochs apart."""
        chosen = {name: self.knobs.get(name, self.scene.step.show.get(name)) for name in ("augment", "flip", "padding")}
        return {
            "data": self.data,
            "image": self.row,
            "seed": self.seed,
            "augment": one_of(KINDS, chosen["augment"]),
            "flip": one_of(FLIPS, chosen["flip"]),
            "padding": one_of(PADDINGS, chosen["padding"]),
            "pad": self._whole("pad", 4, MOST_PAD),
            "size": self._whole("size", 0, MOST_SIZE),
        }

    def _whole(self, name: str, usual: int, most: int) -> int:
        shown = self.scene.step.show.get(name)
        return int(self.knob(name, shown if type(shown) is int else usual, 0, most))

    @property
    def missing(self) -> bool:
        """Has the lab to be asked?"""
        return self.found is None or self._answered != self.asks or len(self.found.draws) < self.drawn

    def _serve(self) -> None:
        if not self._serving and self.is_attached and self.missing:
            self._serving, self.trouble = True, ""
            self._ask()

    @work(exit_on_error=True)
    async def _ask(self) -> None:
        """Ask the lab until it has told what is wanted now."""
        try:
            while self.missing and self.is_attached:
                asks, epochs = self.asks, self.drawn
                answer = await self.services.lab.ask("augmented", topic="augmented", epochs=epochs, **asks)
                if asks == self.asks and self.is_attached:
                    self.found = msgspec.convert(answer, Augmented)
                    self.row = self.found.original.row  # a smaller set has no such image
                    self._answered = self.asks
                    self._note()
                    self.settle()
        except FastaiTuiError as error:
            self.found, self.trouble = None, str(error)
            self.stop()
            self.settle()
        finally:
            self._serving = False

    def _note(self) -> None:
        """Remember the image, and the settings of which something was drawn."""
        if self.found is None:
            return
        asks = self.asks
        self.rows = [*dict.fromkeys([*self.rows, str(self.row)])][-MOST_KEPT:]
        if self.draws:
            kind = " ".join(str(asks[name]) for name in ("augment", "flip", "pad", "padding", "size"))
            self.kinds = [*dict.fromkeys([*self.kinds, kind])][-MOST_KEPT:]

    @property
    def draws(self) -> list[Any]:
        """The epochs that are wanted and known."""
        return self.found.draws[: self.drawn] if self.found is not None else []

    # What it says of itself

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        asks = self.asks
        return Shown(
            self.found, tuple(self.draws), min(self.at, len(self.draws)), asks["padding"], self.view, self.hidden,
            self.trouble,
        )  # fmt: skip

    def measured(self) -> Measured:
        shown, asks, draws = self.shown, self.asks, self.draws
        now, found = shown.now, self.found
        return {
            "draws": len(draws),
            "epoch": now.epoch if now else 0,
            "flipped": int(now is not None and now.flipped),
            "dx": now.across if now else 0,
            "dy": now.down if now else 0,
            "flips": sum(draw.flipped for draw in draws),
            "views": len({draw.view for draw in draws}),
            "alternates": int(alternates(draws)),
            "border": now.border if now else 0,
            "seen": len(self.rows),
            "kinds": len(self.kinds),
            "side": found.original.width if found else 0,
            "padded": found.padded.width if found else 0,
            "image": self.row,
            "label": found.label if found else "",
            "flip": asks["flip"],
            "padding": asks["padding"],
            "pad": found.pad if found else asks["pad"],
            "view": self.view,
        }

    def kept(self) -> State:
        return {
            "draws": self.drawn,
            "at": self.at,
            "image": self.row,
            "view": self.view,
            "rows": [*self.rows],
            "kinds": [*self.kinds],
        }

    def sentence(self) -> str:
        return augmentation_drawing.sentence(self.shown)

    def command(self) -> Sequence[str]:
        asks = self.asks
        chosen = {name: asks[name] for name in ("augment", "flip", "pad", "padding") if name in self.knobs}
        words = [word for name, value in chosen.items() for word in ("--set", f"{name}={value}")]
        return ("train", "cifar10", *words, "--dry-run")

    def code(self) -> str:
        return self.scene.step.code or "engine.data.augment:moved"

    # What the screen tells it

    def turned(self, knob: str, value: Value) -> None:
        self.stop()
        self._serve()
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
        self._serve()

    def action_move(self, step: int) -> None:
        self.stop()
        self.at = min(max(self.at + step, min(self.drawn, 1)), self.drawn)
        self.changed()

    def action_image(self, step: int) -> None:
        self.stop()
        many = self.found.train if self.found else 1000
        self.row = (self.row + step * LEAP) % many
        self._serve()
        self.changed()

    def action_view(self) -> None:
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]
        self.changed()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        self.pulse.beat(self.found is None and not self.trouble)
        augmentation_drawing.draw(sheet, self.shown, self.pulse.sign(sheet.sight.unicode))


def _strings(kept: object) -> list[str]:
    """Words as they were kept; nonsense is none."""
    found = kept if isinstance(kept, list) else []
    return [one for one in found if isinstance(one, str) and len(one) <= 99][-MOST_KEPT:]
