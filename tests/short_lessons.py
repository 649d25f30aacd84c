"""The app with lessons whose runs on `pydocs` read a piece of it, and those of `cifar10` and `dogscats` see a few
pictures; `digit-clutter` is trained for two short epochs.

A chapter that trains a dozen networks takes minutes to play. On a few thousand characters, or a hundred pictures, the
same runs, with as many epochs and all else that is asked of them, take a second or two each.
"""

import gzip
import sys
from collections.abc import Sequence
from importlib.resources.abc import Traversable
from pathlib import Path

from msgspec.structs import replace
from PIL import Image

from fastai_tui.engine.data import store
from fastai_tui.lessons import loader
from fastai_tui.lessons.problems import Problem
from fastai_tui.lessons.schema import Chapter, Step
from tests import warm
from tests.conftest import ROOT

CHARACTERS = 16_000
BATCH = 32  # pictures at most
PICTURES = {"train": 13, "valid": 6}  # of each class; the road trains in batches of 128
PHOTOS = 128  # where they pass through a pretrained network


def command(folder: Path, *modules: str) -> Sequence[str]:
    """The app so, as a command, whose runs need not load these modules; the piece of text and the pictures are written
    into the folder."""
    piece, pictures = folder / "piece.txt", folder / "pictures"
    piece.write_text(gzip.decompress((ROOT / "assets" / "data" / "pydocs.txt.gz").read_bytes()).decode()[:CHARACTERS])
    write_pictures(pictures)
    begin = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.short_lessons import app; "
    return sys.executable, "-c", f"{begin}app({str(piece)!r}, {str(pictures)!r}, *{modules!r})"


def write_pictures(folder: Path) -> None:
    """Some of colour-digits, in a folder for each class."""
    found = store.images("colour-digits")
    parts = {"train": (found.train_images, found.train_labels), "valid": (found.valid_images, found.valid_labels)}
    for part, (images, labels) in parts.items():
        for label, name in enumerate(found.classes):
            place = folder / part / name
            place.mkdir(parents=True)
            for number, row in enumerate((labels == label).nonzero()[0][: PICTURES[part]]):
                Image.fromarray(images[row].transpose(1, 2, 0)).save(place / f"{number}.png")


def app(text: str, pictures: str, *modules: str) -> None:
    """The program with all that is trained on `pydocs` trained on that text, and `cifar10` on those pictures."""
    whole, instead = loader.load, {"pydocs": text, "cifar10": pictures}

    def load(path: Traversable | Path) -> Chapter | list[Problem]:
        found = whole(path)
        return replace(found, steps=tuple(map(short, found.steps))) if isinstance(found, Chapter) else found

    def short(step: Step) -> Step:
        if step.run and step.run.experiment == "dogscats" and "size" in step.run.set:
            return replace(step, run=replace(step.run, set={**step.run.set, "photos": PHOTOS}))
        if step.run and step.run.experiment == "digit-clutter":
            return replace(step, run=replace(step.run, epochs=2, set={**step.run.set, "each": 1}))
        if step.run and (data := instead.get(step.run.data or step.run.experiment)):
            small = {"bs": BATCH} if int(step.run.set.get("bs", 0)) > BATCH else {}
            return replace(step, run=replace(step.run, data=data, set={**step.run.set, **small}))
        return step

    loader.load = load
    warm.app(*modules)
