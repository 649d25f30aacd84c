"""`colour-digits`: the embedded digits, coloured, over coloured textures and among pieces of other digits, 32×32.

They stand in for CIFAR-10 until it is fetched. Colours are drawn without a look at the class, a digit is now lighter
and now darker than what is behind it, and it lies here and there: so the chapter's ladder shows its order. Measured
with six epochs of 1cycle, batch 64: the linear network .38, three strided convolutions .65, five with batch norm .77.

Everything is computed with whole numbers, from a generator whose numbers never change (numpy's legacy one): the images
are the same bytes on every machine.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy import ndarray

SIDE, SEED, CHUNK = 32, 42, 250
MARGIN = 24  # around a digit, so that it can be looked at from as far outside
DRIFT = (-1, 6)  # where a digit's corner lies, from and to below: a row or column of it may be cut off
DARKER = 5  # one digit in so many is darker than its background
CONTRAST, DRAWS = 80, 16  # grey levels between the two, at least; of so many pairs of colours the first that has them
STRENGTH, GRAIN, PIECES = 40, 12, 2  # of the textures and of the noise, in grey levels; and pieces of other digits
LUMA = np.array((299, 587, 114), np.int32)  # thousandths of red, green and blue (ITU-R BT.601)


@lru_cache(maxsize=1)
def coloured(digits: bytes, count: int) -> "ndarray":
    """The images made of `count` digits of 28×28 bytes, in their order: read-only uint8 (count, 3, 32, 32). 0.8 s."""
    grey = np.frombuffer(digits, np.uint8).reshape(count, 28, 28)
    random = np.random.RandomState(SEED)
    made = [_images(random, grey[start : start + CHUNK], grey) for start in range(0, count, CHUNK)]
    found = np.concatenate(made)
    found.flags.writeable = False
    return found


def _images(random: np.random.RandomState, digits: "ndarray", every: "ndarray") -> "ndarray":
    """Background, pieces of other digits, the digit itself and grain, laid over one another."""
    count = len(digits)
    behind, before = _contrasting(random, count)
    image = _dyed(random, behind)
    for _ in range(PIECES):
        other = every[_whole(random, 0, len(every), count)]
        paint = _dyed(random, _whole(random, 0, 256, count, 3))
        image = _over(image, paint, _placed(other, _outside(random, count)))
    image = _over(image, _dyed(random, before), _placed(digits, _whole(random, *DRIFT, count, 2)))
    image += _whole(random, -GRAIN, GRAIN + 1, *image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def _whole(random: np.random.RandomState, low: int, high: int, *shape: int) -> "ndarray":
    """Whole numbers from `low` to below `high`."""
    return random.randint(low, high, size=shape, dtype=np.int32)


def _contrasting(random: np.random.RandomState, count: int) -> tuple["ndarray", "ndarray"]:
    """Two colours for each image, (count, 3) each: that of the background and that of the digit."""
    behind, before = _whole(random, 0, 256, 2, DRAWS, count, 3)
    lighter = np.where(_whole(random, 0, DARKER, count), 1, -1)
    chosen = ((before - behind) @ LUMA * lighter >= 1000 * CONTRAST).argmax(0)  # where none does, the first
    return behind[chosen, np.arange(count)], before[chosen, np.arange(count)]


def _dyed(random: np.random.RandomState, colour: "ndarray") -> "ndarray":
    """A texture around each colour: (count, 3, 32, 32), as whole numbers a little beyond 0…255."""
    count = len(colour)
    towards = _whole(random, -STRENGTH, STRENGTH + 1, count, 3)
    pattern = np.where(_whole(random, 0, 2, count, 1, 1), _stripes(random, count), _clouds(random, count)) - 128
    return colour[:, :, None, None] + ((towards[:, :, None, None] * pattern[:, None]) >> 7)


def _stripes(random: np.random.RandomState, count: int) -> "ndarray":
    """Stripes in any direction, three pixels apart or more: (count, 32, 32), 0…255."""
    down, across = _whole(random, -64, 65, 2, count, 1, 1)
    rows, columns = np.ogrid[:SIDE, :SIDE]
    wave = (down * rows + across * columns + _whole(random, 0, 256, count, 1, 1)) & 255
    return np.abs(2 * wave - 255).astype(np.int32)


def _clouds(random: np.random.RandomState, count: int) -> "ndarray":
    """A coarse grid of random numbers, interpolated: (count, 32, 32), 0…255."""
    places, nodes = 4 * np.arange(SIDE, dtype=np.int32), SIDE * np.arange(5, dtype=np.int32)
    weights = np.maximum(SIDE - np.abs(places[:, None] - nodes), 0)
    return weights @ _whole(random, 0, 256, count, 5, 5) @ weights.T // SIDE**2


def _outside(random: np.random.RandomState, count: int) -> "ndarray":
    """Corners so far from the middle that only a piece of a digit is to be seen: (count, 2)."""
    away = (2 * _whole(random, 0, 2, count) - 1) * _whole(random, 15, 23, count)
    along = _whole(random, -16, 17, count)
    upright = _whole(random, 0, 2, count, 1).astype(bool)
    return 2 + np.where(upright, np.stack([away, along], 1), np.stack([along, away], 1))


def _placed(digits: "ndarray", corners: "ndarray") -> "ndarray":
    """The digits with their upper left corners there: (count, 32, 32), 0 where there is none."""
    padded = np.pad(digits, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))
    rows, columns = (MARGIN + np.arange(SIDE) - corners[:, axis, None] for axis in (0, 1))
    return padded[np.arange(len(digits))[:, None, None], rows[:, :, None], columns[:, None, :]]


def _over(image: "ndarray", paint: "ndarray", cover: "ndarray") -> "ndarray":
    """`paint` laid over `image`: all of it where `cover` is 255, mixed where that is between."""
    return image + (paint - image) * cover[:, None].astype(np.int32) // 255
