"""A photo's colours in what a terminal has: the nearest of xterm's 256, three tones a hue with 16, or characters.

Nearest means nearest to the eye: OKLab (Björn Ottosson, 2020), in which lightness is kept apart from hue. numpy takes
140 ms to import: import this module where a photo is drawn, not before a first frame.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

CHARACTERS = " .:-=+*#%@"
FIRST = 16  # of the 256, for those before are the user's own
# Lightness counts more than hue does: half of a photo's shapes are lost else, in the steps of 40 that the cube has.
LIGHTNESS = 1.5
STRONG = 0.11  # chroma of what is not grey any more
ENDS, EVEN = (0.02, 0.98), 0.8  # the shares of a photo that are dark or light without end; how much the ranks count
GREYS = (0, 8, 7, 15)
HUES = (
    (9, 1),
    (11, 3),
    (10, 2),
    (14, 6),
    (12, 4),
    (13, 5),
)  # light and dark of red, yellow, green, cyan, blue, magenta
_OF_HUES = ((255, 0, 0), (255, 255, 0), (0, 255, 0), (0, 255, 255), (92, 92, 255), (255, 0, 255))
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(colours: np.ndarray) -> np.ndarray:
    """(…, 3) of red, green and blue, 0…255 in sRGB, as lightness (0…1) and the two axes of hue."""
    parts = np.asarray(colours, np.float64) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T


def lightness(pixels: np.ndarray) -> np.ndarray:
    """How light pixels (…, 3) are to the eye, 0…1."""
    return oklab(pixels)[..., 0]


def of_256(pixels: np.ndarray) -> np.ndarray:
    """The number, 16 to 255, of the xterm colour that is nearest to each of the pixels (…, 3)."""
    weights = np.array([LIGHTNESS, 1, 1])
    wanted, there = oklab(pixels) * weights, _palette() * weights
    distance = (there**2).sum(1) - 2 * (wanted.reshape(-1, 3) @ there.T)
    return (FIRST + distance.argmin(1)).reshape(pixels.shape[:-1])


def of_16(pixels: np.ndarray) -> np.ndarray:
    """The number, 0 to 15, of one of the terminal's own colours for each of the pixels (…, 3).

    Greys by how light a place is among the others, because the nearest of 16 would make most of a photo the same grey;
    a hue where there is a strong one.
    """
    found = oklab(pixels)
    hues = oklab(np.asarray(_OF_HUES))
    chroma = np.linalg.norm(found[..., 1:], axis=-1)
    alike = found[..., 1:] @ (hues[:, 1:] / np.linalg.norm(hues[:, 1:], axis=1, keepdims=True)).T
    dark = (found[..., 0] < np.median(found[..., 0])).astype(int)
    return np.where(chroma > STRONG, np.asarray(HUES)[alike.argmax(-1), dark], grey_16(found[..., 0]))


def grey_16(light: np.ndarray) -> np.ndarray:
    """The number of one of the four greys for each place."""
    return np.asarray(GREYS)[(even(light) * len(GREYS)).astype(int).clip(0, len(GREYS) - 1)]


def tones(light: np.ndarray, where: np.ndarray, shares: tuple[float, float]) -> np.ndarray:
    """0, 1 or 2 for dark, middle and light: of the pixels `where`, so large a share lies below each bound."""
    if not where.any():
        return np.zeros(light.shape, int)
    return (light[..., None] >= np.quantile(light[where], shares)).sum(-1)


def characters(light: np.ndarray) -> np.ndarray:
    """Numbers of `CHARACTERS`, the more ink the lighter."""
    return (even(light) * (len(CHARACTERS) - 1)).round().astype(int)


def even(light: np.ndarray) -> np.ndarray:
    """Lightness made to use all there is from 0 to 1: in part how light a place is, in part how many are darker."""
    darker = np.searchsorted(np.sort(light, axis=None), light)
    ranks = darker / max(int(darker.max()), 1)  # a ground of one colour is dark if it is the darkest, else light
    low, high = np.quantile(light, ENDS)
    plain = np.clip((light - low) / (high - low), 0, 1) if high > low else (light > low).astype(float)
    return ranks * EVEN + plain * (1 - EVEN)


@lru_cache(maxsize=1)
def _palette() -> np.ndarray:
    """The 240 colours from `FIRST` on, in OKLab."""
    levels = (0, 95, 135, 175, 215, 255)
    cube = [(red, green, blue) for red in levels for green in levels for blue in levels]
    return oklab(np.array([*cube, *((8 + 10 * step,) * 3 for step in range(24))]))
