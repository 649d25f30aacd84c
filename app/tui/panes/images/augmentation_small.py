"""What is varied as in CIFAR-10: small images, padded, cropped and flipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fastai_tui.app.tui.panes.common.playing import one_of
from fastai_tui.app.tui.panes.images import augmentation_drawing
from fastai_tui.app.tui.panes.images.augmentation_drawing import Shown
from fastai_tui.engine.image_views import Augmented, alternates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastai_tui.app.tui.panes.images.augmentation import AugmentationPane
    from fastai_tui.app.tui.sheet import Sheet

KINDS, FLIPS, PADDINGS = ("standard", "flip", "none"), ("random", "alternating"), ("reflect", "zero")
MOST_PAD, MOST_SIZE = 64, 128


class SmallImages:
    """The part of the pane that knows what a draw is: of an image with padding, crop and flip."""

    request, code, typed = "augmented", "engine.data.augment:moved", False
    settings = ("augment", "flip", "pad", "padding", "size")  # of which something is drawn

    def __init__(self, pane: AugmentationPane) -> None:
        self.pane = pane

    def asks(self) -> dict[str, Any]:
        """What the lab is asked with, beside the image, the seed and the number of epochs."""
        show = self.pane.scene.step.show
        chosen = {name: self.pane.knobs.get(name, show.get(name)) for name in ("augment", "flip", "padding")}
        return {
            "augment": one_of(KINDS, chosen["augment"]),
            "flip": one_of(FLIPS, chosen["flip"]),
            "padding": one_of(PADDINGS, chosen["padding"]),
            "pad": self._whole("pad", 4, MOST_PAD),
            "size": self._whole("size", 0, MOST_SIZE),
        }

    def _whole(self, name: str, usual: int, most: int) -> int:
        shown = self.pane.scene.step.show.get(name)
        return int(self.pane.knob(name, shown if type(shown) is int else usual, 0, most))

    def answer(self, told: Any) -> Augmented:
        """What the lab has told."""
        return msgspec.convert(told, Augmented)

    def place(self, found: Augmented) -> tuple[int, int]:
        """The image's row, and how many there are."""
        return found.original.row, found.train

    def measured(self, found: Augmented | None) -> dict[str, Any]:
        """What only such images have to measure."""
        shown, asks, draws = self.shown(found), self.asks(), self.pane.draws
        now = shown.now
        return {
            "flipped": int(now is not None and now.flipped),
            "dx": now.across if now else 0,
            "dy": now.down if now else 0,
            "flips": sum(draw.flipped for draw in draws),
            "views": len({draw.view for draw in draws}),
            "alternates": int(alternates(draws)),
            "border": now.border if now else 0,
            "side": found.original.width if found else 0,
            "padded": found.padded.width if found else 0,
            "label": found.label if found else "",
            "kind": asks["augment"],
            "flip": asks["flip"],
            "padding": asks["padding"],
            "pad": found.pad if found else asks["pad"],
        }

    def shown(self, found: Augmented | None) -> Shown:
        """Everything that is drawn."""
        pane = self.pane
        at = min(pane.at, len(pane.draws))
        padding = self.asks()["padding"]
        return Shown(found, tuple(pane.draws), at, padding, pane.view, pane.hidden, pane.trouble)

    def sentence(self, found: Augmented | None) -> str:
        """The picture in words."""
        return augmentation_drawing.sentence(self.shown(found))

    def draw(self, sheet: Sheet, found: Augmented | None, pulse: str) -> None:
        """The picture."""
        augmentation_drawing.draw(sheet, self.shown(found), pulse)

    def command(self, knobs: Mapping[str, Any]) -> Sequence[str]:
        """A run that varies its images so."""
        asks = self.asks()
        chosen = {name: asks[name] for name in ("augment", "flip", "pad", "padding") if name in knobs}
        words = [word for name, value in chosen.items() for word in ("--set", f"{name}={value}")]
        return ("train", "cifar10", *words, "--dry-run")
