"""How commands show a run that is under way: live frames in a terminal, plain lines in a pipe, or events as JSON."""

import contextlib
import os
import time
from collections.abc import Callable
from subprocess import Popen, TimeoutExpired
from typing import TYPE_CHECKING

from fastai_tui.app.cli.output import colours, in_terminal, print_line
from fastai_tui.engine.errors import Interrupted, RunFailed

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.stopper import Stopper
    from fastai_tui.app.text import Look
    from fastai_tui.engine import events
    from fastai_tui.engine.runs.run import Run, State

BEAT = 0.1  # seconds between two looks for new events


class Child:
    """A run's process that we `start`, which returns once it has taken its run over (or has died)."""

    def __init__(self, run: "Run", start: "Callable[[Run], Popen[bytes]]") -> None:
        self.run, self._said = run, _log_size(run)
        self.process = start(run)

    @property
    def gone(self) -> bool:
        """Has it ended?"""
        return self.process.poll() is not None

    def check(self, within: float = 0.0) -> None:
        """Raises `RunFailed` if it dies, within so many seconds, without a word in the run's log; then `output.log`
        says why."""
        with contextlib.suppress(TimeoutExpired):
            self.process.wait(within)
        if self.process.poll() not in (None, 0) and _log_size(self.run) == self._said:
            raise RunFailed(f"{self.run.id} could not begin: {_last_words(self.run)}")


def _log_size(run: "Run") -> int:
    try:
        return (run.path / "events.jsonl").stat().st_size
    except OSError:
        return 0


def attach(run: "Run", child: Child | None, *, as_json: bool = False) -> None:
    """Show a run as `train` does, from the moment its `child` begins to its end: Ctrl-C stops it. Raises `Interrupted`
    or `RunFailed` if it did not finish."""
    from fastai_tui.app.stopper import Stopper

    stopper = Stopper(run)
    if child is not None:
        child.check()
    if as_json:
        state = _stream(run, stopper, child)
        phase, message = (state.phase, state.message) if state else ("", "")
    else:
        shot = _follow(run, stopper, child.process if child else None)
        phase, message = (shot.phase, shot.message) if shot else ("", "")
    if not phase and not stopper.presses:
        print(f"Detached: {run.id} goes on; `fastai-tui watch {run.id}` shows it again.")
    elif phase != "finished":
        if child is not None:
            child.check(within=5.0)
        raise _trouble(run, phase, message)


def watch(run: "Run", *, as_json: bool = False) -> None:
    """Show a run from its first step to its end; Ctrl-C detaches."""
    if as_json:
        _stream(run, None, None)
    elif _follow(run, None, None) is None and in_terminal():
        print(f"Detached: {run.id} goes on.")


def _follow(run: "Run", stopper: "Stopper | None", process: "Popen[bytes] | None") -> "Snapshot | None":
    from fastai_tui.app import terminal
    from fastai_tui.app.live import Live
    from fastai_tui.app.plain import Plain, ending

    shown = look()
    if in_terminal():
        return Live(run, shown, stopper, process).show()
    shot = Plain(run, shown, _say, stopper, process).tell()
    for line in ending(shot, terminal.size()[0], shown) if shot else ():
        _say(line)
    return shot


def look() -> "Look":
    """What standard output can show. The Linux console has no Braille dots, so it gets plain characters."""
    from fastai_tui.app.terminal import speaks_unicode
    from fastai_tui.app.text import Look

    return Look(colours=colours(), unicode=speaks_unicode() and os.environ.get("TERM") != "linux")


def _say(line: str) -> None:
    print(line, flush=True)


def _stream(run: "Run", stopper: "Stopper | None", child: Child | None) -> "State | None":
    """Print the run's events as they come, to its end; None after a Ctrl-C, with a stopper after the second."""
    from fastai_tui.app.stopper import Interrupts, leaving
    from fastai_tui.engine.runs.stream import EventStream

    stream = EventStream(run)
    with Interrupts() as interrupts:
        while True:
            state = run.state()  # first: what is polled after an end is all there is
            for event in stream.poll():
                print_line(event)
            if not state.live and (state.phase != "new" or (child is not None and child.gone)):
                if state.phase == "lost":
                    print_line(lost(run, state))
                return state
            time.sleep(BEAT)
            if leaving(interrupts, stopper):
                return None


def lost(run: "Run", state: "State") -> "events.RunEnded":
    """The last event of a run whose process ended without a word: nobody wrote it, so whoever reads says it."""
    from fastai_tui.engine import events

    steps = run.steps()
    last, log = steps.read(len(steps) - 1), run.log()
    when = float(last["time"][-1]) if len(last) else max((e.time for e in log), default=run.spec.created)
    epoch = int(last["epoch"][-1]) if len(last) else 0
    begun = next((e.time for e in log if isinstance(e, events.RunStarted)), when)
    return events.RunEnded(
        time=when,
        step=len(steps),
        epoch=epoch,
        reason="lost",
        message=state.message,
        seconds=max(when - begun, 0.0),
    )


def _trouble(run: "Run", phase: str, message: str) -> Exception:
    """How a run that did not finish is reported, with what to do next."""
    again = f"`fastai-tui resume {run.id}` goes on with it."
    if not phase:
        return Interrupted(f"{run.id} is still stopping; `fastai-tui watch {run.id}` tells when it has. Then, {again}")
    if phase == "stopped":
        return Interrupted(f"{message or 'Stopped.'} {again}")
    return RunFailed(message or f"The run {phase}.")


def _last_words(run: "Run") -> str:
    """What the process said last, on its standard error."""
    try:
        said = (run.path / "output.log").read_text(errors="replace").strip().splitlines()
    except OSError:
        said = []
    return said[-1][:300] if said else "its process ended without a word."
