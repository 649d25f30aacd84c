"""Checkpoints: everything that an exact resume needs, in files whose names say what must be in them.

A name is `STEP-DIGEST.pt`; the digest is the content's, so that a file cut in half is known for what it is, and the one
before it is used instead. `torch.load(path, weights_only=True)` opens them: nothing in them is code.
"""

import contextlib
import hashlib
import io
import os
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fastai_tui.engine import events
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.errors import DiskTrouble, RunFailed
from fastai_tui.engine.home import disk_errors, write_whole
from fastai_tui.engine.recorder import Recorder
from fastai_tui.engine.runs.writer import RunWriter
from fastai_tui.engine.training import LIVE, JobLearner

EVERY = 10.0  # seconds of training that a kill may cost at the most (FASTAI_TUI_CHECKPOINT_SECONDS changes it) …
SHARE = 20  # … unless writing a checkpoint takes more than a twentieth of that
KEPT = 2  # the newest ones; step 0 and the best are kept besides
NAME = re.compile(r"([0-9]{8,})-([0-9a-f]{16})\.pt")


class Checkpointer(Callback):
    """Writes a checkpoint at step 0, every few seconds, after every epoch that is the best so far, and at the end."""

    order = 60

    def __init__(self, writer: RunWriter, recorder: Recorder) -> None:
        self.writer, self.recorder, self.every = writer, recorder, interval()
        self.folder = writer.path / "checkpoints"
        self.best, self.best_step, self._next = float("inf"), 0, 0.0

    def state(self) -> dict[str, Any]:
        """The best validation loss so far, and the step of its checkpoint."""
        return {"best": self.best, "best_step": self.best_step}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on with the best so far."""
        self.best, self.best_step = state["best"], state["best_step"]

    def before_fit(self) -> None:
        """The first one is from before the first batch."""
        if self.learn.step == 0 and self.learn.epoch == 0:
            self.save(self.learn.epoch, self.learn.batch)
        self._next = time.monotonic() + self.every

    def after_batch(self) -> None:
        """Save when it is time."""
        if time.monotonic() >= self._next:
            self.save(self.learn.epoch, self.learn.batch)

    def after_epoch(self) -> None:
        """Save what is the best so far, and the last of all."""
        last = self.learn.epoch + 1 == self.learn.epochs
        if (best := self.learn.valid_loss < self.best) or last:
            if best:
                self.best, self.best_step = self.learn.valid_loss, self.learn.step
            self.save(self.learn.epoch + 1, 0, best=best)

    def save(self, epoch: int, batch: int, *, best: bool = False) -> None:
        """Write one, from which training goes on at `batch` of `epoch`. Raises `DiskTrouble`."""
        begun = time.monotonic()
        self.recorder.flush()
        self.writer.sync()
        content = self._content(epoch, batch)
        path = self.folder / f"{self.learn.step:08d}-{hashlib.sha256(content).hexdigest()[:16]}.pt"
        write_whole(path, content)
        where = f"checkpoints/{path.name}"
        now, learn = self.writer.now(), self.learn
        self.writer.emit(events.Checkpoint(time=now, step=learn.step, epoch=learn.epoch, path=where, best=best))
        self._tidy()
        done = time.monotonic()
        self._next = done + max(self.every, SHARE * (done - begun))

    def _content(self, epoch: int, batch: int) -> bytes:
        learn = self.learn
        assert isinstance(learn, JobLearner)
        stored = io.BytesIO()
        state = {
            "place": {"epoch": epoch, "batch": batch, "step": learn.step},
            "model": learn.model.state_dict(),
            "opt": learn.opt.state_dict(),
            "settings": learn.settings,
            "callbacks": {type(c).__name__: c.state() for c in learn.callbacks},
            "random": random_states(learn.device),
            "threads": torch.get_num_threads(),
        }
        torch.save(state, stored)
        return stored.getvalue()

    def _tidy(self) -> None:
        with disk_errors(f"tidy {self.folder}"):
            for path in _files(self.folder)[:-KEPT]:
                if _step(path) not in (0, self.best_step):
                    path.unlink()


def interval() -> float:
    """Seconds between two checkpoints: `$FASTAI_TUI_CHECKPOINT_SECONDS`, or `EVERY` where that is no number."""
    try:
        return max(0.0, float(os.environ["FASTAI_TUI_CHECKPOINT_SECONDS"]))
    except (KeyError, ValueError):
        return EVERY


def newest(folder: Path) -> tuple[dict[str, Any], list[str]] | None:
    """The newest checkpoint that is whole, and the names of those that are not; None if there are none at all.

    Raises `DiskTrouble` if there are some and none is whole."""
    return _last_whole(_listed(folder), folder)


def first(folder: Path) -> tuple[dict[str, Any], list[str]] | None:
    """The same for the checkpoints of step 0, from before the first batch."""
    return _last_whole([path for path in _listed(folder) if _step(path) == 0], folder)


def newest_name(folder: Path) -> str:
    """The name of the newest checkpoint, whole or not; none if there are none."""
    return next((path.name for path in reversed(_listed(folder))), "")


def whole(path: Path) -> dict[str, Any] | None:
    """One checkpoint; None if it is damaged, or not there."""
    content = _content(path)
    if hashlib.sha256(content).hexdigest()[:16] != path.stem.partition("-")[2]:
        return None
    state: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return state


def _last_whole(paths: list[Path], folder: Path) -> tuple[dict[str, Any], list[str]] | None:
    damaged: list[str] = []
    for path in reversed(paths):
        state = whole(path)
        if state is not None:
            return state, damaged
        damaged.append(path.name)
    if damaged:
        raise DiskTrouble(f"Every checkpoint in {folder} is damaged; train again.")
    return None


def _listed(folder: Path) -> list[Path]:
    with disk_errors(f"read {folder}"):
        return _files(folder)


def _files(folder: Path) -> list[Path]:
    """The checkpoints of a folder, in the order in which they were written; what is named otherwise is not ours."""
    found = [path for path in folder.glob("*.pt") if NAME.fullmatch(path.name) and path.is_file()]
    return sorted(found, key=lambda path: (_step(path), path.stat().st_mtime_ns))


def _step(path: Path) -> int:
    return int(path.name.partition("-")[0])


def _content(path: Path) -> bytes:
    """A file's bytes; none of them if the disk does not give them."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def restore(learn: JobLearner, state: dict[str, Any]) -> None:
    """Put a Learner where the checkpoint was taken: weights, optimiser, settings, callbacks, random states, place.

    Raises `RunFailed` if it is another network's."""
    restore_model(learn, state)
    with _fitting():
        learn.opt.load_state_dict(state["opt"])
    learn.change({name: state["settings"][name] for name in LIVE if name in state["settings"]})
    for callback in learn.callbacks:
        kept = state["callbacks"].get(type(callback).__name__)
        if kept is not None:
            callback.restore(kept)
    place = state["place"]
    learn.epoch, learn.batch, learn.step = place["epoch"], place["batch"], place["step"]
    torch.set_num_threads(state["threads"])
    set_random_states(state["random"], learn.device)


def restore_model(learn: JobLearner, state: dict[str, Any]) -> None:
    """Give a Learner the checkpoint's weights alone. Raises `RunFailed` if they are another network's."""
    with _fitting():
        learn.model.load_state_dict(state["model"])


@contextlib.contextmanager
def _fitting() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise RunFailed(
            "The checkpoint does not fit the network that these settings and data give now; train again."
        ) from error


def random_states(device: torch.device) -> dict[str, Any]:
    """Where all the random number generators that training may use stand."""
    kind, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    assert isinstance(keys, np.ndarray)
    states: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "python": random.getstate(),
        "numpy": (kind, keys.tolist(), position, has_gauss, gauss),
    }
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    if device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_random_states(states: dict[str, Any], device: torch.device) -> None:
    """Put them back."""
    torch.set_rng_state(states["torch"])
    version, internal, gauss = states["python"]
    random.setstate((version, tuple(internal), gauss))
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, np.array(keys, np.uint32), *rest))
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    if device.type == "mps" and "mps" in states:
        torch.mps.set_rng_state(states["mps"])
