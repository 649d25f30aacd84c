"""A study that goes on, followed: a line for each run that ends, or in a terminal a picture that is kept up to date."""

from collections.abc import Callable, Sequence

from fastai_tui.app import ablation, terminal
from fastai_tui.app.painter import Painter
from fastai_tui.app.text import Look
from fastai_tui.engine.ablation.outcome import Outcome, to_do
from fastai_tui.engine.ablation.runner import Runner

AROUND = 6  # lines around the table
STOPPING = "Stopping: what trains ends with a checkpoint; Ctrl-C again leaves it alone"
Show = Callable[[Sequence[Outcome] | None], None]  # what has ended; None at the end of all


def silent(ended: Sequence[Outcome] | None) -> None:
    """Show nothing: the answer will be one document."""


class Plain:
    """For pipes."""

    def __init__(self, runner: Runner, look: Look) -> None:
        self.runner, self.look = runner, look
        self._say(ablation.title(runner.study))
        if done := len(runner.outcomes) - len(to_do(runner.outcomes.values())):
            self._say(f"{done} done already, {len(runner.outcomes) - done} to do.")

    def _say(self, line: str) -> None:
        print(self.look.spell(line), flush=True)

    def show(self, ended: Sequence[Outcome] | None) -> None:
        """Say what has ended."""
        for each in ended or ():
            self._say(ablation.ended_line(self.runner.study, each))


class Live:
    """For terminals: how far it is, the table as it fills, and what runs now."""

    def __init__(self, runner: Runner, look: Look, send: Callable[[bytes], object]) -> None:
        self.runner, self.look, self.painter = runner, look, Painter(send)

    def show(self, ended: Sequence[Outcome] | None) -> None:
        """Paint it as it is now."""
        if ended is None:
            self.painter.leave()
            return
        columns, rows = terminal.size()
        self.painter.paint(self.frame(columns, rows), columns, rows)

    def frame(self, columns: int, rows: int) -> list[str]:
        """The picture for a terminal of this size."""
        study, found = self.runner.study, [*self.runner.outcomes.values()]
        now = [ablation.now_line(study, going.member, going.run) for going in self.runner.going.values()]
        table = ablation.table_lines(study, found)[: max(rows - len(now) - AROUND, 1)]
        last = STOPPING if self.runner.stopping else f"Ctrl-C: stop; `fastai-tui ablate --resume {study.name}` goes on"
        return ablation.frame(study, found, table, now, last, columns, self.look)
