"""`digit-clutter`: one whole digit somewhere on a canvas of 64×64, among six fragments of other digits.

Cluttered translated MNIST (Mnih, Heess, Graves and Kavukcuoglu 2014, Recurrent Models of Visual Attention), made of the
embedded digits. The label is the digit's, and since its place is known, so is where a network ought to look. Canvases
to train on are made of the digits to train on alone, fragments included, and those for validation of the others.

Everything is computed with whole numbers, from a generator whose numbers never change (numpy's legacy one): the
canvases are the same bytes on every machine. All 22,000 take 0.6 s.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from fastai_tui.engine.data.catalogue import DIGIT_CLUTTER

if TYPE_CHECKING:
    from numpy import ndarray

SIDE, DIGIT, FRAGMENT, FRAGMENTS = 64, 28, 8, 6
MARGIN = 4  # pixels around a digit that are mostly black: fragments are not cut out of them
SEED, CHUNK = 42, 2000


@dataclass(frozen=True)
class Canvases:
    """Canvases (n, 64, 64) and labels (n,), and the place of each canvas's digit (n, 4): its 28×28 pixels' first row
    and column, and the row and column behind its last. Read-only uint8."""

    images: "ndarray"
    labels: "ndarray"
    boxes: "ndarray"


@lru_cache(maxsize=1)
def made() -> tuple[Canvases, Canvases]:
    """Those to train on, and those for validation, in the order of `store.images("digit-clutter")`. Raises
    `DiskTrouble` where the package's own digits are damaged."""
    from fastai_tui.engine.data.store import images

    digits = images("mnist-sample")
    random = np.random.RandomState(SEED)
    parts = ((digits.train_images, digits.train_labels), (digits.valid_images, digits.valid_labels))
    train, valid = (
        scattered(random, *part, count)
        for part, count in zip(parts, (DIGIT_CLUTTER.train, DIGIT_CLUTTER.valid), strict=True)
    )
    return train, valid


def scattered(random: np.random.RandomState, digits: "ndarray", labels: "ndarray", count: int) -> Canvases:
    """So many canvases of digits (n, 28, 28) with labels (n,): each digit has its turn as often as any other."""
    order = np.concatenate([random.permutation(len(digits)) for _ in range(-(-count // len(digits)))])[:count]
    corners = _whole(random, SIDE - DIGIT + 1, count, 2)
    images = np.zeros((count, SIDE, SIDE), np.uint8)
    for start in range(0, count, CHUNK):
        piece = slice(start, start + CHUNK)
        _lay(images[piece], digits[order[piece]], corners[piece])
        for _ in range(FRAGMENTS):
            _lay(images[piece], *_fragments(random, digits, order[piece]))
    found = Canvases(images, labels[order], np.concatenate([corners, corners + DIGIT], 1).astype(np.uint8))
    for part in (found.images, found.labels, found.boxes):
        part.flags.writeable = False
    return found


def _whole(random: np.random.RandomState, below: int, *shape: int) -> "ndarray":
    return random.randint(0, below, size=shape, dtype=np.int32)


def _fragments(random: np.random.RandomState, digits: "ndarray", own: "ndarray") -> tuple["ndarray", "ndarray"]:
    """For each canvas a piece of another digit than its `own`, (n, 8, 8), and the corner where it belongs, (n, 2)."""
    other = (own + 1 + _whole(random, len(digits) - 1, len(own))) % len(digits)
    corners = MARGIN + _whole(random, DIGIT - FRAGMENT - 2 * MARGIN + 1, len(own), 2)
    pieces = _windows(digits, FRAGMENT)[other, corners[:, 0], corners[:, 1]]
    return pieces, _whole(random, SIDE - FRAGMENT + 1, len(own), 2)


def _lay(canvases: "ndarray", pieces: "ndarray", corners: "ndarray") -> None:
    """Lay a piece on each canvas, its first pixel at the corner: where both are light, the lighter counts."""
    windows, place = _windows(canvases, pieces.shape[1]), (np.arange(len(canvases)), corners[:, 0], corners[:, 1])
    windows[place] = np.maximum(windows[place], pieces)


def _windows(images: "ndarray", side: int) -> "ndarray":
    """Every square of so many pixels, without copying one: (n, rows, columns, side, side)."""
    return np.lib.stride_tricks.sliding_window_view(images, (side, side), axis=(1, 2), writeable=images.flags.writeable)
