"""The status line: the run that is followed, its device and queue, the lab, and the link; what matters least goes first
when there is little room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.sentences import phase
from fastai_tui.app.text import duration, width
from fastai_tui.app.tui.canvas import Canvas

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.sheet import Role, Sheet

MOODS: dict[str, Role] = {
    "starting": "accent",
    "running": "good",
    "finished": "good",
    "failed": "bad",
    "diverged": "bad",
    "lost": "bad",
}


@dataclass(frozen=True)
class StatusFacts:
    """What the line tells. `share` of the run is done, `left` are the seconds it still needs, `waiting` runs queue;
    `lab`, `link` and `note` are words that are shown as they are, `link` only while there is something to say of it;
    `trains` says whether there could be a run."""

    run: str = ""
    phase: str = ""
    share: float | None = None
    left: float | None = None
    device: str = ""
    waiting: int = 0
    lab: str = ""
    link: str = ""
    note: str = ""
    trains: bool = True

    @property
    def telling(self) -> bool:
        """Is there anything that a learner would want to know where nothing is trained?"""
        return bool(self.run or self.note or "thin" in self.link or self.lab not in ("", "ready"))

    @classmethod
    def of(
        cls,
        shot: Snapshot | None,
        *,
        waiting: int = 0,
        lab: str = "",
        link: str = "",
        note: str = "",
        trains: bool = True,
    ) -> StatusFacts:
        """The facts of a snapshot, and those that it does not hold."""
        if shot is None:
            return cls(waiting=waiting, lab=lab, link=link, note=note, trains=trains)
        share = shot.step / shot.total if shot.total and shot.step and not shot.ended else None
        left = shot.left if shot.phase == "running" else None
        return cls(shot.run, phase(shot), share, left, shot.device, waiting, lab, link, note, trains)


Part = tuple[int, str, "Role"]  # how much it matters (0 most), the words, their style


def parts(facts: StatusFacts) -> list[Part]:
    """The line's parts from left to right."""
    found: list[Part] = []
    if facts.run:
        found += [(2, facts.run, "shade"), (0, facts.phase, MOODS.get(facts.phase, "warn"))]
    elif facts.trains:
        found.append((3, "no run yet", "shade"))
    if facts.share is not None:
        found.append((0, f"{min(facts.share, 1):.0%}", "shade"))
    if facts.left is not None:
        found.append((4, f"{duration(facts.left, tenths=False)} left", "shade"))
    if facts.device and facts.device != "auto":
        found.append((6, facts.device, "shade"))
    if facts.waiting:
        found.append((5, f"{facts.waiting} waiting", "shade"))
    if facts.lab:
        found.append((7 if facts.lab == "ready" else 3, f"lab {facts.lab}", "shade"))
    if facts.link:
        found.append((1, facts.link, "warn") if "thin" in facts.link else (8, facts.link, "shade"))
    if facts.note:
        found.append((1, facts.note, "warn"))
    return found


def fitting(found: list[Part], room: int) -> list[Part]:
    """The parts that fit beside each other; what matters least is left out first."""
    kept = list(found)
    while kept and sum(width(words) + 3 for _, words, _ in kept) - 3 > room:
        kept.remove(max(kept, key=lambda part: part[0]))
    return kept


class StatusLine(Canvas):
    """Draws `StatusFacts`."""

    def __init__(self) -> None:
        super().__init__(id="status")
        self.facts = StatusFacts()

    def show(self, facts: StatusFacts) -> None:
        """Tell something else."""
        if facts != self.facts:
            self.facts = facts
            self.redraw()

    def draw(self, sheet: Sheet) -> None:
        sheet.fill(0, 0, sheet.width, 1, "shade")
        column, all_parts = 1, parts(self.facts)
        kept = fitting(all_parts, sheet.width - 2)
        for i, (_, words, style) in enumerate(kept):
            if i:
                column = sheet.put(0, column, " · ", "shade")
            column = sheet.put(0, column, words, style)
        if len(kept) < len(all_parts):
            sheet.leave_out("some of the status")
