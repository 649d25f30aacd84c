"""Where a network looks in a photo, as plain values: what the lab answers. No torch, no numpy."""

import os
import re
from pathlib import Path

import msgspec

from fastai_tui import assets
from fastai_tui.engine.framing import WHOLE, Box

CAT = "chelsea"  # the embedded photo's name
CAT_FILE = Path(assets.__path__[0]) / "data" / "chelsea.png"


class Seen(msgspec.Struct, frozen=True):
    """What a network said of the part `box` of a photo. `map` is where it saw what was asked for, in its own numbers;
    `channels` has such a map for each class, before what is below nought is left out. `peak` is the middle of the map's
    hottest cell, `hottest` the square around its hottest region; None where the map is the same everywhere. `field` is
    what the map's cells have of `box` among them, as shares of it: strides leave them a little further up and left."""

    box: Box
    probabilities: list[float]
    map: list[list[float]]
    channels: list[list[list[float]]]
    peak: tuple[float, float] | None
    hottest: Box | None
    field: Box = WHOLE


class Looked(msgspec.Struct, frozen=True):
    """A photo of `width` × `height`, by its name and label (if it has one), as a network saw it. All places are in its
    pixels. `pixels` are red, green and blue of the photo reduced to (width, height) `shown`.

    `network` is a run's id or another network's name; `kind` says how the map was made (cam or grad-cam), `of` which
    class it is of ("": of all, by their probabilities). `zoomed` is what was seen in the hottest region, cut out.
    """

    image: str
    label: str | None
    width: int
    height: int
    shown: tuple[int, int]
    pixels: bytes
    network: str
    kind: str
    classes: list[str]
    of: str
    first: Seen
    zoomed: Seen | None = None

    def ranked(self, seen: Seen) -> list[tuple[str, float]]:
        """The classes with their probabilities, the likeliest first."""
        return sorted(zip(self.classes, seen.probabilities, strict=True), key=lambda pair: -pair[1])


def file_of(image: str) -> Path | None:
    """The file that such a photo is in, there or not; None for a data set's NAME:INDEX. Files come first."""
    if not os.path.exists(image):
        if re.fullmatch(r".+:-?[0-9]+", image):
            return None
        if image == CAT:
            return CAT_FILE
    return Path(os.path.expanduser(image))
