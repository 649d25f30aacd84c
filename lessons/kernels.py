"""Kernels to play with: the chapter's six edges, a few that picture editors use, and the learner's own."""

from __future__ import annotations

from collections.abc import Mapping

from fastai_tui.engine.convolution import KERNELS, Kernel, Rows, parse_kernel
from fastai_tui.engine.errors import BadInput

PRESETS: dict[str, Rows] = {
    "identity": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
    "blur": ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "sobel_x": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),  # Sobel and Feldman, 1968
    "sobel_y": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "emboss": ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)),
}
KNOWN: Mapping[str, Rows] = {**KERNELS, **PRESETS}
FIRST = Kernel("top_edge", KERNELS["top_edge"])
ABOUT = {
    "top_edge": "ink below, paper above",
    "bottom_edge": "ink here, paper below",
    "left_edge": "ink here, paper to the left",
    "right_edge": "ink here, paper to the right",
    "diag1_edge": "a slant like /, paper beside it",
    "diag2_edge": "a slant like \\, paper beside it",
    "identity": "the picture itself",
    "blur": "nine times the mean of nine pixels",
    "sharpen": "what differs from its neighbours",
    "sobel_x": "more ink to the right",
    "sobel_y": "more ink below",
    "emboss": "lit from the upper left",
}


def kernel(wanted: object, default: Kernel = FIRST) -> Kernel:
    """The kernel that a step or an older progress file names or writes out; `default` where that makes no sense."""
    if not isinstance(wanted, str):
        return default
    if wanted in KNOWN:
        return Kernel(wanted, KNOWN[wanted])
    try:
        return parse_kernel(wanted)
    except BadInput:
        return default


def known_as(chosen: Kernel) -> str:
    """The name of the kernel with these weights, or ""."""
    return next((name for name, rows in KNOWN.items() if rows == chosen.rows), "")


def cells(rows: Rows) -> str:
    """A kernel as `fastai-tui convolve --kernel` takes it: commas between cells, semicolons between rows."""
    return ";".join(",".join(f"{value:.12g}" for value in row) for row in rows)


def word(chosen: Kernel) -> str:
    """A kernel in one word: its name, or its cells."""
    return chosen.name or cells(chosen.rows)


def argument(chosen: Kernel) -> str:
    """What the command line takes for it: a name that it knows, or the cells."""
    return chosen.name if chosen.name in KERNELS else cells(chosen.rows)


def beside(chosen: Kernel, step: int, first: Kernel) -> Kernel:
    """The next kernel, or (`step` −1) the one before: `first`, if it is one of a kind, and those that have a name."""
    names = list(KNOWN)
    ring = [Kernel(name, KNOWN[name]) for name in names]
    if first not in ring:
        ring.insert(0, first)
    return ring[(ring.index(chosen) + step) % len(ring)] if chosen in ring else ring[0]


def reach(chosen: Kernel, brightest: int = 255) -> tuple[float, float]:
    """The smallest and the largest sum that the kernel can come to on pixels of 0 to `brightest`."""
    weights = [weight for row in chosen.rows for weight in row]
    return brightest * sum(w for w in weights if w < 0), brightest * sum(w for w in weights if w > 0)
