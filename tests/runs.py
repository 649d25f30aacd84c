"""What tests do with real runs: order one, start it, kill it, wait for it."""

import contextlib
import os
import signal
import time
from pathlib import Path

import numpy as np

from fastai_tui.app import studying
from fastai_tui.engine.ablation.study import StudyStore
from fastai_tui.engine.runs import client
from fastai_tui.engine.runs.run import Run, State
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons.experiments import order

PATIENCE = 120.0  # seconds: a bound on hanging, not a measure


def new_run(
    experiment: str = "mnist", epochs: int = 1, data: str = "mnist-sample", seed: int = 42, **chosen: str
) -> Run:
    """A run that nobody has started, on the embedded sample."""
    job = order(experiment, chosen, epochs=epochs, seed=seed, device="cpu", data=data)
    return RunStore().create(job, "", ["test"])


def finish(run: Run, within: float = PATIENCE) -> State:
    """Wait until the run has ended, so many seconds at most."""
    end = time.monotonic() + within
    while (state := run.state()).live or state.phase == "new":
        assert time.monotonic() < end, f"{run.id} hangs: {state}"
        time.sleep(0.02)
    return state


def reach(run: Run, step: int) -> None:
    """Wait until so many batches are done."""
    end = time.monotonic() + PATIENCE
    while len(run.steps()) < step:
        assert time.monotonic() < end, f"{run.id} hangs at {len(run.steps())}: {run.state()}"
        state = run.state()
        assert state.live or state.phase in ("new", "lost"), state
        time.sleep(0.005)


def kill(run: Run) -> None:
    """`kill -9`, and wait until the process is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(run.state().pid, signal.SIGKILL)
    while run.state().live:
        time.sleep(0.01)


def kill_all() -> None:
    """All that trains or is studied in this home: nothing outlives its test."""
    studies = StudyStore()
    for name in studies.names():
        if (holder := studying.holder(name, studies)) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(holder.pid, signal.SIGKILL)
    for run in RunStore().runs():
        if run.state().live:
            kill(run)


def losses(run: Run) -> np.ndarray:
    """Every batch's loss, to the bit."""
    return np.asarray(run.steps().read()["loss"])


def last_words(run: Run) -> str:
    """What the process said outside its log."""
    return Path(run.path / "output.log").read_text()


__all__ = ["Run", "client", "finish", "kill", "last_words", "losses", "new_run", "reach"]
