"""The list of all runs: live, with what each has come to, and the keys to steer them."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app.text import duration, fit, number
from fastai_tui.app.tui import steering
from fastai_tui.app.tui.panes.common.comparing import short
from fastai_tui.app.tui.plotting import is_thin, sparkline
from fastai_tui.app.tui.run_table import Line, RunTable
from fastai_tui.app.tui.screens.page import Page, Row, Rows, wrapped
from fastai_tui.app.tui.sheet import Role, Style
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore

BEAT, THIN_BEAT = 0.5, 1.0  # seconds between two looks at the runs; the second on a thin link
MOODS: dict[str, Role] = {"running": "good", "finished": "plain", "failed": "bad", "diverged": "bad", "lost": "bad"}
BROKEN = "can not be opened: enter says why, d removes it"
NONE_YET = "There are no runs yet: space starts one in a step that trains, and so does `fastai-tui train mnist`."


class RunRows(Rows):
    """The list itself: space steers here, where other lists scroll with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "page(1)", "a screenful down", show=False),
        Binding("space", "screen.steer('pause')", "pause"),
        Binding("space", "screen.steer('resume')", "go on"),
    ]
    KEYS = "The list of runs"


class RunsScreen(Page):
    """All runs of this home, the newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "steer('stop')", "stop"),
        Binding("c", "steer('continue')", "continue"),
        Binding("delete,d", "ask_remove", "remove"),
        Binding("y", "remove", "yes, remove it"),
        Binding("x", "command", "command line", show=False),
        Binding("s", "say_it", "in a sentence", show=False),
    ]

    def __init__(self, store: RunStore) -> None:
        super().__init__()
        self.store, self.table = store, RunTable(store)
        self.lines = RunRows(self)
        self.found: list[Line] | None = None
        self.trouble = ""
        self.asking = ""  # the run that is to be removed, until the learner has said yes

    def on_mount(self) -> None:
        self._poll()

    @work(exclusive=True)
    async def _poll(self) -> None:
        while True:
            if self.is_current:
                await self._look()
            beat = THIN_BEAT if is_thin(self.lines) else BEAT
            await asyncio.sleep(beat if self.table.complete else 0.01)

    async def _look(self) -> None:
        """Read the runs, and show them if anything is different."""
        try:
            found, trouble = await asyncio.to_thread(self.table.read), ""
        except (FastaiTuiError, OSError) as error:
            found, trouble = [], str(error)
        if (found, trouble) != (self.found, self.trouble):
            self.found, self.trouble = found, trouble
            self.lines.renew()
            for head in self.query("#title"):
                head.redraw()  # type: ignore[attr-defined]

    @property
    def chosen(self) -> Line | None:
        """The line under the cursor."""
        return next((line for line in self.found or [] if line.run == self.lines.pick), None)

    # What is shown

    def heading(self) -> tuple[str, str]:
        live = sum(line.live for line in self.found or [])
        count = len(self.found or [])
        gone = [name for name, _ in _COLUMNS if name not in dict(_shown(self.size.width - 3))]
        right = f"{count} in all" + (f", {live} live" if live else "")
        for left in (f"Runs · not shown: {', '.join(gone)}", f"Runs · {len(gone)} not shown"):
            if gone and len(left) + len(right) + 4 <= self.size.width:
                return left, right
        return "Runs", right

    def rows(self, room: int) -> list[Row]:
        if self.found is None:
            return [Row([("Reading the runs …", "dim")])]
        if not self.found:
            mood: Role = "bad" if self.trouble else "plain"
            return [Row([(line, mood)]) for line in wrapped(self.trouble or NONE_YET, room)]
        return [
            Row([(_head(room), "dim")]),
            *(Row(pieces(line, room, self.app.sight.unicode), line.run) for line in self.found),  # type: ignore[attr-defined]
        ]

    # What the keys do

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        line = self.chosen
        if action == "steer":
            return line is not None and steering.can(str(parameters[0]), line.phase, line.live)
        if action in ("ask_remove", "command", "say_it"):
            return line is not None and (action != "ask_remove" or not line.live)
        return bool(self.asking) if action == "remove" else True

    def picked(self, pick: Hashable) -> None:
        line = self.chosen
        if line is None or line.trouble:
            self.say(line.trouble if line else "", "bad")
            return
        from fastai_tui.app.tui.screens.run import RunScreen

        self._asked_no_more()
        self.app.push_screen(RunScreen(Run(self.store.place / line.run)))

    def moved(self, pick: Hashable) -> None:
        self._asked_no_more()
        self.refresh_bindings()

    def _asked_no_more(self) -> None:
        self.asking = ""
        self.say("")
        self.refresh_bindings()

    @work
    async def action_steer(self, do: str) -> None:
        if self.chosen is not None:
            said, well = await steering.steer(Run(self.store.place / self.chosen.run), do)
            self.say(said, "accent" if well else "bad")
            await self._look()

    def action_ask_remove(self) -> None:
        if self.chosen is not None:
            self.asking = self.chosen.run
            self.say(f"Remove {self.asking} for good, with its checkpoints? y: yes · any arrow: no", "warn")
            self.refresh_bindings()

    @work
    async def action_remove(self) -> None:
        name, self.asking = self.asking, ""
        others = self.lines.picks()
        at = others.index(name) if name in others else 0
        said, well = await steering.remove(self.store, name)
        self.say(said, "accent" if well else "bad")
        await self._look()
        others = [one for one in others if one != name]
        self.lines.renew(others[min(at, len(others) - 1)] if well and others else None)

    def action_command(self) -> None:
        from fastai_tui.app.tui.screens.command import CommandScreen

        line = self.chosen
        if line is not None:
            do = "rm" if line.trouble else "watch" if line.live else "show"
            self.app.push_screen(CommandScreen([do, line.run]))

    def action_say_it(self) -> None:
        from fastai_tui.app.tui.screens.say import SayScreen

        if self.chosen is not None:
            self.app.push_screen(SayScreen(in_words(self.chosen)))

    def action_back(self) -> None:
        if self.asking:
            self._asked_no_more()
        else:
            super().action_back()


# A run as a line, in so many columns: what matters least goes first.
_COLUMNS = (("run", 5), ("experiment", 12), ("is", 9), ("done", 6), ("loss", 8), ("accuracy", 9))


def _shown(room: int) -> list[tuple[str, int]]:
    """The columns that there is room for."""
    gone = [] if room >= 60 else ["loss"] if room >= 46 else ["loss", "experiment"]
    return [column for column in _COLUMNS if column[0] not in gone]


def _head(room: int) -> str:
    words = "".join(fit(name, size) if size > 9 or name in ("run", "is") else name.rjust(size)
                    for name, size in _shown(room))  # fmt: skip
    return fit(f"{words}  {'loss curve' if room - len(words) >= 12 else ''}", room)


def pieces(line: Line, room: int, unicode: bool = True) -> Sequence[tuple[str, Style]]:
    """A run's line of `room` cells."""
    mood = MOODS.get(line.phase, "warn")
    if line.trouble:
        return [(fit(short(line.run), 5), "plain"), (fit(BROKEN, max(room - 5, 0)), "bad")]
    words = {
        "run": short(line.run),
        "experiment": line.name or line.experiment,
        "is": line.phase,
        "done": f"{line.share:.0%}",
        "loss": "" if line.loss is None else number(line.loss),
        "accuracy": "" if line.accuracy is None else number(line.accuracy),
    }
    found: list[tuple[str, Style]] = []
    for name, size in _shown(room):
        left = name in ("run", "experiment", "is")
        style: Style = mood if name == "is" else "plain"
        found.append((fit(words[name], size - 1) + " " if left else words[name][: size - 1].rjust(size), style))
    rest = room - sum(size for _, size in _shown(room)) - 2
    tail = f"behind {short(line.behind)}" if line.behind else ""
    if not tail and rest >= 8:
        left_words = f" {duration(line.left, tenths=False)} left" if line.left is not None else ""
        tail = sparkline(list(line.sparks), min(rest - len(left_words), 40), unicode) + left_words
    return [*found, (fit(f"  {tail}", rest + 2), "accent")]


def in_words(line: Line) -> str:
    """A line as a sentence."""
    if line.trouble:
        return f"{line.run} can not be opened: {line.trouble}"
    parts = [f"{line.run} ({line.experiment}) is {line.phase}", f"{line.share:.0%} done"]
    parts += [f"waits for {line.behind}"] if line.behind else []
    parts += [f"smoothed loss {number(line.loss)}"] if line.loss is not None else []
    parts += [f"accuracy {number(line.accuracy)}"] if line.accuracy is not None else []
    parts += [f"{duration(line.left, tenths=False)} left"] if line.left is not None else []
    return f"{', '.join(parts)}. {line.message}".strip()
