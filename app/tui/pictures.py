"""The pictures that a learner can choose: the embedded digits by name, and the drawing of one's own.

Plain Python throughout, so that the first frame can show one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from fastai_tui.engine.data import digits
from fastai_tui.engine.data.digits import Pixels
from fastai_tui.engine.errors import BadInput, DataMissing, FastaiTuiError
from fastai_tui.lessons import drawing

SAMPLE = "mnist-sample"
DEFAULT = f"{SAMPLE}:1502"  # number 12 of MNIST's training images, the course's three
DRAWN = "drawn"
CLASSES = 10
OF_EACH = digits.COUNT // CLASSES
_NAME = re.compile(rf"{SAMPLE}:(\d{{1,6}})", re.ASCII)


@dataclass(frozen=True)
class Picture:
    """28 rows of 28 values, 0 to 255, and what they are: `label` is the digit's class, "" for a drawing."""

    name: str
    rows: Pixels
    label: str = ""

    @property
    def title(self) -> str:
        """The picture in words."""
        return f"a {self.label}, {self.name}" if self.label else "your drawing"


def load(name: str) -> Picture:
    """The picture called `mnist-sample:ROW` or `drawn`. Raises `BadInput`, `DiskTrouble`, and `DataMissing` where
    nothing was drawn yet."""
    if name == DRAWN:
        pixels = drawing.read()
        if pixels is None:
            raise DataMissing("You have not drawn anything yet: press e in the first step of the chapter convolution.")
        return Picture(DRAWN, pixels)
    match = _NAME.fullmatch(name)
    if match is None:
        raise BadInput(f"There is no picture {name[:40]!r} here: take {SAMPLE}:0 to {SAMPLE}:{digits.COUNT - 1}.")
    return _of_sample(int(match[1]))


def first(*names: object) -> tuple[Picture, str]:
    """The first of these pictures that can be had, else the course's three; and a sentence if one could not."""
    trouble = ""
    for name in names:
        if isinstance(name, str):
            try:
                return load(name), trouble
            except FastaiTuiError as error:
                trouble = trouble or str(error)
    return load(DEFAULT), trouble


def after(name: str, step: int = 1) -> str:
    """The next digit, or (`step` −1) the one before: a 4 comes after a 3 and a 0 after a 9, each round with other
    examples."""
    of_class, example = divmod(_row(name), OF_EACH)
    place = example * CLASSES + of_class + step  # example after example, each with its ten classes
    return _name(*divmod(place % digits.COUNT, CLASSES))


def example(of_class: int, name: str) -> str:
    """An example of a class: the first one, or the one after `name` where that is such an example already."""
    found, number = divmod(_row(name), OF_EACH)
    if name != DRAWN and found == of_class:
        return _name((number + 1) % OF_EACH, of_class)
    return _name(0, of_class)


def reference(name: str) -> str:
    """What `fastai-tui convolve --image` takes for a picture."""
    return str(drawing.path()) if name == DRAWN else name


@lru_cache(maxsize=64)
def _of_sample(row: int) -> Picture:
    rows, label = digits.digit(row)
    return Picture(f"{SAMPLE}:{row}", rows, str(label))


def _row(name: str) -> int:
    match = _NAME.fullmatch(name)
    return min(int((match or _NAME.fullmatch(DEFAULT))[1]), digits.COUNT - 1)  # type: ignore[index]


def _name(number: int, of_class: int) -> str:
    """The sample holds its classes one after the other, 500 of each (assets/PROVENANCE.md)."""
    return f"{SAMPLE}:{of_class * OF_EACH + number}"
