"""Class activation maps as numbers: from what a network makes for each class to one map, enlarged and cut. No torch.

`channels` has a small map for each class, (classes, height, width); the formulas are TARGETS' for the chapter `cam`.
"""

from collections import deque

import numpy as np

from fastai_tui.engine.framing import Box

SHARE = 0.5  # of the largest value: what belongs to the hottest region
CELL = 8  # points that a cell of the map is enlarged to before its region is cut out

Map = np.ndarray


def of_class(channels: Map, number: int) -> Map:
    """The map of one class: what speaks against it counts as nothing."""
    return np.maximum(channels[number], 0)


def summed(channels: Map, probabilities: Map) -> Map:
    """The maps of all classes, each as far as its class is likely."""
    return np.tensordot(probabilities, np.maximum(channels, 0), 1)


def difference(channels: Map, one: int, other: int) -> Map:
    """Where one class is seen rather than the other: above zero the one, below it the other."""
    return of_class(channels, one) - of_class(channels, other)


def scaled(heat: Map) -> Map:
    """From the smallest value to the largest as 0…1; a map that is the same everywhere is 0."""
    low, high = float(heat.min()), float(heat.max())
    return (heat - low) / (high - low) if high > low else np.zeros_like(heat)


def signed(heat: Map) -> Map:
    """As −1…1, with zero where it is; 0 where there is nothing else."""
    largest = float(np.abs(heat).max())
    return heat / largest if largest else np.zeros_like(heat)


def enlarged(heat: Map, height: int, width: int) -> Map:
    """The map with so many points down and across, bilinearly, as `F.interpolate(..., align_corners=False)` does."""
    return _stretch(height, heat.shape[0]) @ heat @ _stretch(width, heat.shape[1]).T


def peak(heat: Map) -> tuple[float, float]:
    """(x, y) of the middle of the hottest cell, from 0 to 1 across and down."""
    row, column = divmod(int(heat.argmax()), heat.shape[1])
    return (column + 0.5) / heat.shape[1], (row + 0.5) / heat.shape[0]


def hottest(heat: Map, share: float = SHARE) -> Box | None:
    """The box around all that hangs together with the peak and has at least this share of the way from the smallest
    value to it; its numbers go from 0 to 1. None for a map that is the same everywhere."""
    if float(heat.max()) <= float(heat.min()):
        return None
    height, width = CELL * heat.shape[0], CELL * heat.shape[1]
    large = scaled(enlarged(heat, height, width))
    region = _connected(large >= share, divmod(int(large.argmax()), width))
    rows, columns = zip(*region, strict=True)
    return Box(min(columns) / width, min(rows) / height, (max(columns) + 1) / width, (max(rows) + 1) / height)


def _stretch(points: int, cells: int) -> Map:
    """The share that each cell has in each point, (points, cells)."""
    places = np.maximum((np.arange(points) + 0.5) * cells / points - 0.5, 0)
    before = places.astype(int)
    after = np.minimum(before + 1, cells - 1)
    found = np.zeros((points, cells))
    np.add.at(found, (np.arange(points), before), 1 - (places - before))
    np.add.at(found, (np.arange(points), after), places - before)
    return found


def _connected(hot: Map, start: tuple[int, int]) -> set[tuple[int, int]]:
    """The places that can be reached from `start` across sides without leaving what is hot."""
    found, waiting = {start}, deque([start])
    while waiting:
        row, column = waiting.popleft()
        for place in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            inside = 0 <= place[0] < hot.shape[0] and 0 <= place[1] < hot.shape[1]
            if inside and place not in found and hot[place]:
                found.add(place)
                waiting.append(place)
    return found
