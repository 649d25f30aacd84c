"""A pane that looks inside the network of the run that belongs to its step, with the lab's help."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from fastai_tui.app.text import fit
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.app.tui.panes.common.run_picture import bar, instead

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.layout import Area
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.runs.run import Run

PAUSE = 2.0  # seconds between two looks into a network that still trains


class InsidePane(Pane):
    """Calls `look` when there is something new to see in the run, and `forget_run` when it is another run."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.trouble = ""
        self.pulse = Pulse(self)
        self._looked: tuple[str, int, bool] | None = None
        self._next = 0.0

    def look(self) -> None:
        """Ask the lab for what is to be shown of `self.run` as it is now."""
        raise NotImplementedError

    def forget_run(self) -> None:
        """What is known is about another run."""
        raise NotImplementedError

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        before = self.run.id if self.run else ""
        super().follow(run, shot, runs)
        if (run.id if run else "") != before:
            self._looked = None
            self.forget_run()
            self.redraw()
        if run is not None and shot is not None and self._due(shot):
            self._looked, self._next = (shot.run, shot.step, shot.live), monotonic() + PAUSE
            self.look()

    def _due(self, shot: Snapshot) -> bool:
        """Has the run got on since the last look, and was that long enough ago? Its end is always worth one."""
        if not (shot.step or shot.ended) or self._looked == (shot.run, shot.step, shot.live):
            return False
        return shot.ended or monotonic() >= self._next

    def refused(self, sentence: str) -> None:
        self.trouble = sentence
        self.redraw()
        super().refused(sentence)

    def nothing_yet(self) -> str:
        """Why there is nothing to show, in a sentence."""
        if self.run is None:
            return (
                "No network has been trained yet: press b until you are at the step that trains one, "
                "start it there with space, and come back."
            )
        if self.shot is None or not (self.shot.step or self.shot.ended):
            return f"{self.run.id} has yet to begin; as soon as it trains, you can look inside."
        return self.trouble or f"The lab looks inside {self.run.id}. The first time it has to start PyTorch."

    def draw_nothing(self, sheet: Sheet) -> None:
        """The same on an empty sheet, with a sign of life while something will come."""
        waits = self.run is not None and not self.trouble
        self.pulse.beat(waits)
        words = f"{self.pulse.sign(sheet.sight.unicode)} {self.nothing_yet()}" if waits else self.nothing_yet()
        instead(sheet, words)


def batches(step: int) -> str:
    """When that was: `before training`, `after 24 batches`."""
    return f"after {step:,} batch{'es' if step > 1 else ''}" if step else "before training"


def ranked(likely: Sequence[float], most: int) -> list[int]:
    """The classes that there is room for, in their order; the likeliest ones first where there are more."""
    if len(likely) <= most:
        return list(range(len(likely)))
    return sorted(range(len(likely)), key=lambda i: -likely[i])[:most]


def probabilities(sheet: Sheet, area: Area, classes: Sequence[str], likely: Sequence[float]) -> None:
    """A bar for each class, in two columns where that saves room; the likeliest alone where there is no room for all.

    A number that is none any more is shown as nothing."""
    shares = [share or 0.0 for share in likely]
    columns = 2 if len(shares) > area.height and area.width >= 32 else 1
    shown = ranked(shares, columns * area.height)
    rows = -(-len(shown) // columns) if shown else 0
    wide = (area.width - (columns - 1) * 2) // columns
    names = [classes[which] if which < len(classes) else str(which) for which in range(len(shares))]
    longest = min(max((len(names[which]) for which in shown), default=1), max(wide // 2, 1))
    for place, which in enumerate(shown):
        across, down = divmod(place, rows)
        column = area.column + across * (wide + 2)
        name = f"{fit(names[which], longest):<{longest}}"
        after = sheet.put(area.row + down, column, f"{name} ", "strong" if shares[which] == max(shares) else "plain")
        bar(sheet, area.row + down, after, wide - (after - column), shares[which], f"{shares[which]:6.1%}")
    if len(shown) < len(shares):
        sheet.leave_out(f"{len(shares) - len(shown)} of the probabilities")
