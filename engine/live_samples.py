"""What a network writes while it learns to: a few lines before training, and now and then on the way."""

from typing import Any

from torch import nn

from fastai_tui.engine import events
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.carrying import Carrying
from fastai_tui.engine.data.vocabulary import Vocabulary
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.interpret.text_model import window_of
from fastai_tui.engine.job import Job
from fastai_tui.engine.learner import Learner
from fastai_tui.engine.manner import Manner
from fastai_tui.engine.recorder import Sink
from fastai_tui.engine.sampling import write

TIMES = 8  # samples in a run, or up to twice as many
APART = 50  # batches at least, except at epochs' ends: a sample takes as long as a batch or less
LENGTH, PROMPT = 80, 12  # characters


class LiveSamples(Callback):
    """Has the network write on from what the held-out text begins with, at epochs' ends and evenly in between.

    The steps depend on the run's length alone, and the random numbers are its own: a run that goes on after a break
    writes what it would have written without, and learns the same with samples as without.
    """

    order = 40  # before the Recorder, so that a sample is told where it was written

    def __init__(self, sink: Sink, vocabulary: Vocabulary, window: int, seed: int) -> None:
        self.sink, self.vocabulary, self.window, self.manner = sink, vocabulary, window, Manner(seed=seed)
        self.prompt, self._begun = "", False

    def state(self) -> dict[str, bool]:
        """Whether it has written before the first batch."""
        return {"begun": self._begun}

    def restore(self, state: dict[str, bool]) -> None:
        """Do not write that again."""
        self._begun = state["begun"]

    def before_fit(self) -> None:
        """Choose the prompt and the places; write once before the first batch."""
        xb, _ = next(iter(self.learn.data.valid.batches(0)))
        self.prompt = self.vocabulary.decode(xb[0, :PROMPT].tolist())
        self.steps = places(len(self.learn.data.train), self.learn.epochs)
        if self.learn.step == 0 and not self._begun:
            self._begun = True
            self._write(self.learn.model)

    def after_batch(self) -> None:
        """Write when it is time."""
        if self.learn.step in self.steps:
            self._write(self.learn.model)
            self.learn.groups.train()

    def _write(self, network: nn.Module) -> None:
        pieces = write(network, self.vocabulary, self.prompt, LENGTH, self.manner, self.window)
        try:
            text = "".join(character for character, _ in pieces)
        except RunFailed:  # it has diverged, and the Recorder is about to say so
            return
        learn, now = self.learn, self.sink.now()
        self.sink.emit(
            events.Sample(
                time=now,
                step=learn.step,
                epoch=learn.epoch,
                prompt=self.prompt,
                text=text,
                temperature=self.manner.temperature,
            )
        )


def places(batches: int, epochs: int) -> frozenset[int]:
    """The steps after which to write: the epochs' ends, or every so many of them, and places between them."""
    if epochs >= TIMES:
        every = epochs // TIMES
        return frozenset({batches * epoch for epoch in range(every, epochs + 1, every)} | {batches * epochs})
    parts = max(1, min(TIMES // epochs, batches // APART))
    return frozenset(
        batches * epoch + batches * part // parts for epoch in range(epochs) for part in range(1, parts + 1)
    )


def samples(learn: Learner, job: Job, sink: Sink) -> list[Any]:
    """The callback, for a run on text."""
    found = next((c for c in learn.callbacks if isinstance(c, Carrying)), None)
    if found is None:
        return []
    window = window_of(job.builder, job.settings, learn.model)
    return [LiveSamples(sink, found.vocabulary, window, job.seed)]
