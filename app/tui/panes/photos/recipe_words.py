"""What there is to say of the recipe: of the line at the cursor, of the newest run, of the data. Pure functions."""

from __future__ import annotations

import math
import shlex
from typing import TYPE_CHECKING

from fastai_tui.app import rate_finding, sentences
from fastai_tui.app.text import duration, number, rate
from fastai_tui.engine.data.catalogue import DATA_SETS, data_set
from fastai_tui.engine.data.store import how_to_get, present
from fastai_tui.lessons import recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.panes.photos.recipe_drawing import Shown
    from fastai_tui.app.tui.panes.photos.recipe_rows import Row
    from fastai_tui.app.tui.sheet import Role

STAND_IN = "Coloured digits stand in for photos: what is found with them says little of dogs."
TITLES = {"dogscats": "dogs and cats", "dogbreeds": "120 breeds", recipe.STAND_IN: "coloured digits, a stand-in"}
PREDICT = "predict it first"


def title(data: str) -> str:
    """The data's name; of a folder's path its end, which tells one from the other."""
    return TITLES.get(data, data)


def missing(data: str) -> str:
    """How data that are not here are come by, a sentence; "" where they are, or are a path."""
    if data not in DATA_SETS or present(entry := data_set(data)):
        return ""
    return f"{entry.name} is not here: {how_to_get(entry)}; k takes other data, e a folder of yours."


def detail(shown: Shown) -> Iterator[tuple[int, str, Role]]:
    """As (rank, words, style), in the order in which they are read: the lower the rank, the sooner they find room."""
    row = shown.rows[shown.at]
    yield 4, f"{row.number}. {row.line.about}.", "plain"
    yield 3, going(shown), "accent"
    yield 2, standing(shown), "strong"
    yield 5, STAND_IN if shown.data == recipe.STAND_IN else "", "warn"
    yield 6, shlex.join(["fastai-tui", *shown.command]) if shown.command else "", "code"
    yield 1, shown.note, shown.mood


def going(shown: Shown) -> str:
    """How far the run or the finder is that goes on."""
    if shown.finds >= 0:
        found = rate_finding.progress(shown.finding) if shown.finding else "the network and the data are made ready"
        return f"The finder: {found}."
    shot = next((row.live for row in shown.rows if row.live), None)
    return progress(shot, covered=shown.covered("loss")) if shot else ""


def progress(shot: Snapshot, *, covered: bool) -> str:
    """A run that goes on, in a sentence."""
    if not shot.step:
        return f"{shot.run}: {sentences.notice(shot) or sentences.phase(shot)}"
    now = min(shot.step // max(shot.batches_per_epoch, 1) + 1, shot.epochs)
    words = [f"{shot.run}: epoch {now} of {shot.epochs}"]
    words += [f"loss {'?' if covered else number(shot.smooth_loss)}"] if shot.smooth_loss is not None else []
    words += [f"{duration(shot.left, tenths=False)} left"] if shot.left is not None else []
    return f"{', '.join(words)}."


def standing(shown: Shown) -> str:
    """The newest run's numbers, and the best of all."""
    words = []
    if shown.accuracy is not None:
        right = "?" if shown.covered("accuracy") else f"{shown.accuracy:.1%}"
        loss = "?" if shown.covered("loss") else number(shown.loss, 3)
        words.append(f"Newest: {right} right, log-loss {loss}" if shown.loss is not None else f"Newest: {right} right")
    if shown.best is not None:
        words.append(f"best: {f'? ({PREDICT})' if shown.covered('accuracy') else f'{shown.best:.1%}'}")
    return f"{', '.join(words)}." if words else ""


def state(row: Row, begins: bool, finding: str, pulse: str) -> str:
    """What stands at a line's end in place of numbers."""
    if begins:
        return f"{pulse} begins"
    if finding:
        return f"{pulse} {finding}"
    if row.live is not None:
        shot = row.live
        if shot.phase == "paused":
            return f"paused {shot.step / max(shot.total, 1):.0%}"
        return f"{pulse} {shot.step / shot.total:.0%}" if shot.step and shot.total else f"{pulse} begins"
    if row.failure:
        return "failed"
    if row.rate is not None:
        return rate(row.rate) if math.isfinite(row.rate) else "none"
    return ""


def sentence(shown: Shown) -> str:
    """The whole list in words."""
    told = [f"{row.number} {row.line.name}" for row in shown.rows if row.done]
    rest = [f"{row.number} {row.line.name}" for row in shown.rows if not row.done]
    parts = [f"The recipe on {title(shown.data)}: {len(told)} of {len(shown.rows)} lines are ticked off."]
    parts += [f"Done: {', '.join(told)}."] if told else []
    parts += [f"Open: {', '.join(rest)}."] if rest else []
    return " ".join([*parts, *(words for _, words, _ in detail(shown) if words)])
