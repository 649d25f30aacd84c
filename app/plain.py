"""A run as plain lines, for pipes, log files and screen readers: no escape codes, nothing that is overwritten."""

import time
from collections.abc import Callable
from subprocess import Popen

from fastai_tui.app import plots, sentences
from fastai_tui.app.live import over
from fastai_tui.app.snapshots import Snapshot, Watcher
from fastai_tui.app.stopper import Interrupts, Stopper, leaving
from fastai_tui.app.text import Look, plural, printable
from fastai_tui.engine.runs.run import Run

BEAT = 0.25  # seconds between two looks
PROGRESS = 5.0  # seconds between two lines of progress
WIDEST = 100


class Plain:
    """Tells a run's story line by line, from its first step to its end."""

    def __init__(
        self,
        run: Run,
        look: Look,
        say: Callable[[str], None],
        stopper: Stopper | None = None,
        process: "Popen[bytes] | None" = None,
    ) -> None:
        self.watcher, self.look, self.stopper, self.process = Watcher(run), look, stopper, process
        self._write = say
        self._facts, self._epochs, self._warnings, self._samples, self._notice = False, 0, 0, 0, ""
        self._told = time.monotonic()

    def tell(self) -> Snapshot | None:
        """Follow the run to its end, and return its last snapshot; None once the user has had enough (Ctrl-C)."""
        with Interrupts() as interrupts:
            while True:
                shot = self.watcher.snapshot()
                self.tell_news(shot)
                if over(shot, self.process):
                    return shot
                time.sleep(BEAT)
                if leaving(interrupts, self.stopper):
                    return None

    def _say(self, line: str) -> None:
        self._write(self.look.spell(line))
        self._told = time.monotonic()

    def tell_news(self, shot: Snapshot) -> None:
        """Say what is new since the last snapshot."""
        if shot.parameters and not self._facts:
            self._facts = True
            for line in facts(shot):
                self._say(line)
        self._epochs = min(self._epochs, len(shot.table))  # a resume takes back what it does again
        for row in shot.table[self._epochs :]:
            self._say(sentences.epoch_line(row, shot.epochs))
        self._samples = min(self._samples, len(shot.samples))
        for sample in shot.samples[self._samples :]:
            self._say(sentences.written_line(sample))
        for warning in shot.warnings[self._warnings :]:
            self._say(f"warning: {printable(warning)}")
        self._epochs, self._warnings, self._samples = len(shot.table), len(shot.warnings), len(shot.samples)
        self._stands_still(shot)
        if shot.phase == "running" and shot.step and time.monotonic() - self._told > PROGRESS:
            self._say(sentences.progress_line(shot))

    def _stands_still(self, shot: Snapshot) -> None:
        """Say once why nothing happens: the run waits for another, or somebody has paused it."""
        waits = (shot.phase == "queued" and shot.behind) or (shot.phase == "paused" and shot.live)
        prepares = shot.phase == "running" and not shot.step and shot.prepared is not None
        quiet = time.monotonic() - self._told < PROGRESS
        notice = sentences.notice(shot) if waits or (prepares and not quiet) else ""
        if notice and notice != self._notice:
            self._say(notice)
        self._notice = notice


def facts(shot: Snapshot) -> list[str]:
    """What is going to happen."""
    model = dict(shot.settings).get("model")
    network = f"{model}, {plural(shot.parameters, 'parameter')}" if model else plural(shot.parameters, "parameter")
    return [
        f"{shot.run}: {network}, on {shot.device}, seed {shot.seed}",
        f"data: {printable(shot.data)}",
        sentences.length(shot.epochs, shot.batches_per_epoch),
    ]


def ending(shot: Snapshot, columns: int, look: Look) -> list[str]:
    """The curves, what they show, and how the run ended: its metrics are in the last line."""
    lines: list[str] = []
    if shot.step:
        wide, total, c = min(columns, WIDEST), shot.total, shot.curve
        valid = [(row.step, row.valid_loss) for row in shot.table if row.valid_loss is not None]
        lines += plots.loss_curve(
            c.steps, c.lows, c.highs, c.smooth, valid, width=wide, height=16, total=total, look=look
        )
        lines += plots.rate_curve(c.steps, c.rates, width=wide, height=8, total=total, look=look)
        lines += [sentences.loss_sentence(shot), sentences.rate_sentence(shot)]
    return [look.spell(line).rstrip() for line in [*lines, printable(sentences.last_line(shot))]]
