"""The colourful dimension as lines of text, for `show`: a run's layers below one another, the whole run in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app import halfblocks
from fastai_tui.app.activations import BINS_TOP, Activations, brightest, grid, window
from fastai_tui.app.text import Look, fit, number, printable

if TYPE_CHECKING:
    from fastai_tui.app.activations import Seen
    from fastai_tui.app.terminal import Depth
    from fastai_tui.engine.runs.run import Run

ROWS = 5  # lines of a layer: 10 rows of 4 bins
MOST = 8  # layers that are shown
GUTTER = 3
LEVELS = 24


def lines(run: Run, columns: int, depth: Depth, look: Look) -> list[str]:
    """Every layer's; nothing of a run that has recorded none. Raises `DiskTrouble`."""
    feed = Activations(run)
    while feed.follow():
        pass
    wide = max(columns - GUTTER - 1, 1)
    found = [feed.seen(layer, window(feed.count, min(wide, max(feed.count, 1)))) for layer in range(len(feed.names))]
    made = [line for seen in found[:MOST] if seen is not None for line in _layer(seen, columns, depth, look)]
    more = [f"({len(found) - MOST} more layers are in the app)"] if made and len(found) > MOST else []
    return [*made, *more]


def _layer(seen: Seen, columns: int, depth: Depth, look: Look) -> list[str]:
    last = [number(float(seen.statistic(name)[-1]), 3) for name in ("mean", "std", "near_zero")]
    title = f"{printable(seen.name)}: in the end mean {last[0]}, deviation {last[1]}, near zero {last[2]}"
    values = (grid(seen, 2 * ROWS) / brightest(seen.values) * (LEVELS - 1)).round()
    picture = halfblocks.lines(values.tolist(), halfblocks.amount(LEVELS - 1), depth)
    labels = [f"{BINS_TOP:g}", *[""] * (ROWS - 2), "0"]
    named = [f"{label:>{GUTTER}} {line}" for label, line in zip(labels, picture, strict=True)]
    return [look.paint(fit(look.spell(title), columns).rstrip(), "1"), *named]
