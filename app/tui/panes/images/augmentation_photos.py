"""What is varied as photos are: laid down, rotated, enlarged, tilted, with other light; one photo, or the cat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fastai_tui.app.tui.panes.common.playing import one_of
from fastai_tui.app.tui.panes.images import augmentation_photo_drawing as drawing
from fastai_tui.app.tui.panes.images.augmentation_photo_drawing import Shown
from fastai_tui.engine.photo_draws import PhotoDraws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastai_tui.app.tui.panes.images.augmentation import AugmentationPane
    from fastai_tui.app.tui.sheet import Sheet

KINDS = ("side-on", "top-down", "basic", "none")
KNOBS: dict[str, tuple[float, float, float]] = {  # usual, lowest and highest
    "rotate": (10.0, 0.0, 45.0),
    "zoom": (1.1, 1.0, 2.0),
    "light": (0.05, 0.0, 0.5),
    "contrast": (0.05, 0.0, 0.5),
    "warp": (0.0, 0.0, 0.5),
}


class Photos:
    """The part of the pane that knows what a draw is: of a photo."""

    request, code, typed = "photo_draws", "engine.data.photo_augment:PhotoAugment", True
    settings = ("augment", *KNOBS)

    def __init__(self, pane: AugmentationPane) -> None:
        self.pane = pane

    def asks(self) -> dict[str, Any]:
        """What the lab is asked with, beside the photo, the seed and the number of epochs."""
        kind = self.pane.knobs.get("augment", self.pane.scene.step.show.get("augment"))
        return {"augment": one_of(KINDS, kind)} | {name: self.pane.knob(name, *ends) for name, ends in KNOBS.items()}

    def answer(self, told: Any) -> PhotoDraws:
        """What the lab has told."""
        return msgspec.convert(told, PhotoDraws)

    def place(self, found: PhotoDraws) -> tuple[int, int]:
        """The photo's row, and how many there are."""
        return found.image, found.photos

    def measured(self, found: PhotoDraws | None) -> dict[str, Any]:
        """What only photos have to measure."""
        now, draws = self.shown(found).now, self.pane.draws
        return {
            "kind": self.asks()["augment"],
            "flipped": int(now is not None and now.flipped),
            "flips": sum(draw.flipped for draw in draws),
            "turn": now.turn if now else 0,
            "turns": len({draw.turn for draw in draws}),
            "upside": int(now is not None and now.upside),
            "angle": now.angle if now else 0.0,
            "larger": now.larger if now else 1.0,
            "tilted": int(now is not None and now.tilted),
            "side": found.side if found else 0,
            "label": found.label if found else "",
        }

    def shown(self, found: PhotoDraws | None) -> Shown:
        """Everything that is drawn."""
        pane = self.pane
        at = min(pane.at, len(pane.draws))
        return Shown(
            found, tuple(pane.draws), at, self.asks()["augment"], pane.view, pane.hidden, pane.trouble, pane.line
        )

    def sentence(self, found: PhotoDraws | None) -> str:
        """The picture in words."""
        return drawing.sentence(self.shown(found))

    def draw(self, sheet: Sheet, found: PhotoDraws | None, pulse: str) -> None:
        """The picture."""
        drawing.draw(sheet, self.shown(found), pulse)

    def command(self, knobs: Mapping[str, Any]) -> Sequence[str]:
        """A run that varies its photos so."""
        asks = self.asks()
        words = [word for name in self.settings if name in knobs for word in ("--set", f"{name}={asks[name]}")]
        return ("train", "dogscats", "--set", "preset=augmented", *words, "--dry-run")
