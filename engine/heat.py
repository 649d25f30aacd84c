"""Class activation maps as numbers: from what a network makes for each class to one map, enlarged and cut. No torch.

`channels` has a small map for each class, (classes, height, width); the formulas are TARGETS' for the chapter `cam`.
A map's `field` is the part of the picture that its cells have among them, as shares of it; a strip of the picture that
it leaves over belongs to the cell beside it.
"""

from collections import deque

import numpy as np

from fastai_tui.engine.framing import WHOLE, Box

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


def enlarged(heat: Map, height: int, width: int, field: Box = WHOLE) -> Map:
    """The picture's map, with so many points down and across, bilinearly, as `F.interpolate(..., align_corners=False)`
    does where the field is the whole."""
    rows, columns = _places(height, width, heat.shape, field)
    return _shares(rows, heat.shape[0]) @ heat @ _shares(columns, heat.shape[1]).T


def nearest(heat: Map, height: int, width: int, field: Box = WHOLE) -> Map:
    """The same with each point as its cell is."""
    rows, columns = (np.floor(at + 0.5).astype(int) for at in _places(height, width, heat.shape, field))
    return heat[rows.clip(0, heat.shape[0] - 1)][:, columns.clip(0, heat.shape[1] - 1)]


def peak(heat: Map, field: Box = WHOLE) -> tuple[float, float]:
    """(x, y) of the middle of the hottest cell, from 0 to 1 across and down the picture."""
    row, column = divmod(int(heat.argmax()), heat.shape[1])
    return field.place((column + 0.5) / heat.shape[1], (row + 0.5) / heat.shape[0])


def hottest(heat: Map, share: float = SHARE, field: Box = WHOLE) -> Box | None:
    """The box around all that hangs together with the peak and has at least this share of the way from the smallest
    value to it, in shares of the picture. None for a map that is the same everywhere."""
    if float(heat.max()) <= float(heat.min()):
        return None
    height, width = CELL * heat.shape[0], CELL * heat.shape[1]
    large = scaled(enlarged(heat, height, width, field))
    region = _connected(large >= share, divmod(int(large.argmax()), width))
    rows, columns = zip(*region, strict=True)
    return Box(min(columns) / width, min(rows) / height, (max(columns) + 1) / width, (max(rows) + 1) / height)


def _places(height: int, width: int, cells: tuple[int, ...], field: Box) -> tuple[Map, Map]:
    """Where the middles of so many points down and across are, counted in cells from the middle of the first."""
    axes = ((height, cells[0], field.top, field.height), (width, cells[1], field.left, field.width))
    down, across = (
        ((np.arange(points) + 0.5) * count / points - low * count) / long - 0.5 for points, count, low, long in axes
    )
    return down, across


def _shares(places: Map, cells: int) -> Map:
    """The share that each cell has in the points at these places, (points, cells)."""
    inside, every = places.clip(0, cells - 1), np.arange(len(places))
    before = inside.astype(int)
    found = np.zeros((len(places), cells))
    np.add.at(found, (every, before), 1 - (inside - before))
    np.add.at(found, (every, np.minimum(before + 1, cells - 1)), inside - before)
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
