"""The app with lessons whose runs on `pydocs` read a piece of it.

A chapter that trains a dozen networks on a whole text takes minutes to play. On a few thousand characters the same
runs, with as many epochs, batches of the same shape and all that is asked of them, take a second or two each.
"""

import gzip
import sys
from collections.abc import Sequence
from importlib.resources.abc import Traversable
from pathlib import Path

from msgspec.structs import replace

from fastai_tui.lessons import loader
from fastai_tui.lessons.problems import Problem
from fastai_tui.lessons.schema import Chapter, Step
from tests import warm
from tests.conftest import ROOT

CHARACTERS = 16_000


def command(folder: Path) -> Sequence[str]:
    """The app so, as a command; the piece of text is written into the folder."""
    piece = folder / "piece.txt"
    piece.write_text(gzip.decompress((ROOT / "assets" / "data" / "pydocs.txt.gz").read_bytes()).decode()[:CHARACTERS])
    begin = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.short_lessons import app; app({str(piece)!r})"
    return sys.executable, "-c", begin


def app(text: str) -> None:
    """The program with all that is trained on `pydocs` trained on that text."""
    whole = loader.load

    def load(path: Traversable | Path) -> Chapter | list[Problem]:
        found = whole(path)
        return replace(found, steps=tuple(map(short, found.steps))) if isinstance(found, Chapter) else found

    def short(step: Step) -> Step:
        return replace(step, run=replace(step.run, data=text)) if step.run and step.run.data == "pydocs" else step

    loader.load = load
    warm.app()
