"""Training watched hook by hook: the Learner's own loop on a small network, with callbacks that are watched at work."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fastai_tui.engine import learner as loop
from fastai_tui.engine import schedules
from fastai_tui.engine.annealing import CosineAnnealing, by_callbacks, text_callbacks
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.data.streams import StreamLoader, TextData
from fastai_tui.engine.data.text import TextSet, text
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.events import DataFacts, RunEnded
from fastai_tui.engine.loop_trace import HOOKS, LARGEST_MULT, LONGEST_CYCLE, MOST_BATCHES, Act, Call, Listed, Trace
from fastai_tui.engine.models.cells import State
from fastai_tui.engine.models.char_state import CharStatefulRnn
from fastai_tui.engine.runs.cycles import FOLDER
from fastai_tui.engine.runs.writer import RunWriter
from fastai_tui.engine.threads import threads

DATA, STREAMS, LENGTH = "pydocs", 16, 8  # a batch: 16 streams of 8 characters
HIDDEN, EMBEDDING, TOP, SEED = 24, 8, 0.03, 42
CYCLES, MOST = 3, 240  # cycles, or fewer where they would have more batches than that


def answer(cycle_len: int = 1, cycle_mult: int = 2, batches: int = 6) -> Trace:
    """Train for some cycles of so many epochs with so many batches, and tell of every hook. A lab request.

    Raises `BadInput` for numbers out of bounds.
    """
    bounds = {"cycle_len": (1, LONGEST_CYCLE), "cycle_mult": (1, LARGEST_MULT), "batches": (2, MOST_BATCHES)}
    for (name, (low, high)), value in zip(bounds.items(), (cycle_len, cycle_mult, batches), strict=True):
        if not low <= value <= high:
            raise BadInput(f"{name}={value} is out of bounds; give a whole number from {low} to {high}.")
    torch.set_num_threads(threads())
    lengths = [schedules.cycle_epochs(cycles, cycle_len, cycle_mult) * batches for cycles in range(1, CYCLES + 1)]
    cycles = max(sum(length <= MOST for length in lengths), 1)
    with torch.random.fork_rng(devices=[]), tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(SEED)
        return _traced(small_data(batches), CosineAnnealing(TOP, cycle_len, cycle_mult), cycles, Path(folder))


def _traced(data: TextData, annealing: CosineAnnealing, cycles: int, folder: Path) -> Trace:
    writer = RunWriter(folder, 1, 0)
    try:
        others = text_callbacks(data, annealing, cycles, writer)
        model = CharStatefulRnn(len(data.vocabulary), HIDDEN, EMBEDDING)
        learn = by_callbacks(model, data, annealing, others)
        ends = schedules.cycle_ends(cycles, annealing.cycle_len, annealing.cycle_mult)
        witness = Witness(annealing, folder / FOLDER, ends)
        listed = [_listed(callback) for callback in learn.callbacks]
        learn.callbacks = [witness, *(Watched(callback, witness) for callback in learn.callbacks)]
        learn.fit(ends[-1])
    finally:
        writer.last_words(RunEnded(time=0.0, step=0, epoch=0, reason="finished", message="", seconds=0.0))
    return Trace(witness.calls, listed, len(data.train), list(ends))


def small_data(batches: int) -> TextData:
    """The beginning of the embedded text, in just so many batches."""
    found = _text()
    many = STREAMS * (batches * LENGTH + 1)
    train, valid = (torch.tensor(part[:many]) for part in (found.train, found.valid))
    facts = DataFacts(name=DATA, source="sample", train=len(train), valid=len(valid))
    loaders = [StreamLoader(part, bs=STREAMS, bptt=LENGTH) for part in (train, valid)]
    return TextData(loaders[0], loaders[1], facts, found.vocabulary)


@lru_cache(maxsize=1)
def _text() -> TextSet:
    return text(DATA)


def _listed(callback: Callback) -> Listed:
    kind = type(callback)
    module = kind.__module__.partition(".")[2]
    return Listed(kind.__name__, f"{module}:{kind.__name__}", [hook for hook in HOOKS if hasattr(callback, hook)])


class Witness(Callback):
    """Has every hook, is called first, and writes down where the loop is and what it has done."""

    order = -1000

    def __init__(self, annealing: CosineAnnealing, folder: Path, ends: Sequence[int]) -> None:
        self.annealing, self.folder, self.ends = annealing, folder, ends
        self.calls: list[Call] = []
        self._weights: list[Tensor] = []

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name not in HOOKS:
            raise AttributeError(name)
        return partial(self._called, name)

    def look(self) -> dict[str, Any]:
        """What a callback can change."""
        learn, annealing = self.learn, self.annealing
        files = sorted(path.name for path in self.folder.glob("*.safetensors"))
        memory = getattr(learn.model, "memory", None)
        return {
            "plan": learn.plan,
            "rate": learn.plan.at(0.0)[0][-1],
            "files": files,
            "state": _state(memory),
            "place": (annealing.cycle, annealing.done),
        }

    def _called(self, hook: str) -> None:
        learn, now = self.learn, self.look()
        epoch = min(learn.epoch + 1, learn.epochs)
        self.calls.append(
            Call(
                hook=hook,
                line=_line_of_the_loop(),
                epoch=epoch,
                batch=learn.step,
                cycle=1 + sum(end < epoch for end in self.ends),
                rate=now["rate"],
                saved=len(now["files"]),
                state=now["state"],
                acts=[],
                **self._done(hook),
            )
        )

    def _done(self, hook: str) -> dict[str, float]:
        """What the loop has done since the hook before."""
        learn, weights = self.learn, list(self.learn.model.parameters())
        if hook == "before_step":
            self._weights = [p.detach().clone() for p in weights]
            gradients = [p.grad for p in weights if p.grad is not None]
            return {"loss": float(learn.loss.detach()), "gradient": _norm(gradients)}
        if hook == "after_batch":
            return {"moved": _norm([p.detach() - q for p, q in zip(weights, self._weights, strict=True)])}
        return {"valid_loss": learn.valid_loss} if hook == "after_epoch" else {}


class Watched(Callback):
    """A callback that does what it does, and is looked at before and after; it has the hooks that the other has."""

    def __init__(self, inner: Callback, witness: Witness) -> None:
        self.inner, self.witness, self.order = inner, witness, inner.order

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "learn":
            self.inner.learn = value

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name not in HOOKS:
            raise AttributeError(name)
        return partial(self._watched, getattr(self.inner, name))

    def _watched(self, hook: Callable[[], None]) -> None:
        before, call = self.witness.look(), self.witness.calls[-1]
        hook()
        call.acts.append(self._act(call.hook, before, self.witness.look()))

    def _act(self, hook: str, before: dict[str, Any], after: dict[str, Any]) -> Act:
        name = type(self.inner).__name__
        if before["plan"] is not after["plan"]:
            return Act(name, "rate", before["rate"], after["rate"])
        if new := [file for file in after["files"] if file not in before["files"]]:
            return Act(name, "file", len(before["files"]), len(after["files"]), f"{FOLDER}/{new[0]}")
        if before["place"][0] != after["place"][0]:
            return Act(name, "cycle", before["place"][1] + 1, before["place"][0] + 1)
        if before["place"] != after["place"]:
            return Act(name, "count", self.witness.annealing.length, after["place"][1])
        empties = hook == "before_epoch" and after["state"] == "none"
        return Act(name, "state" if empties else "nothing")


def _line_of_the_loop() -> int:
    """The line of the Learner that the call has come from."""
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename != loop.__file__:
        frame = frame.f_back
    return frame.f_lineno


def _state(memory: State | None) -> str:
    if memory is None:
        return "none"
    return "history" if (memory if isinstance(memory, Tensor) else memory[0]).requires_grad else "cut"


def _norm(tensors: list[Tensor]) -> float:
    return float(nn.utils.get_total_norm(tensors)) if tensors else 0.0
