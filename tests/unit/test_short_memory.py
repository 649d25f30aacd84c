"""Memory that is short: a sentence with the setting to change, and a run that loses nothing."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from fastai_tui.engine import lab
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.job import Job
from fastai_tui.engine.learner import Learner
from fastai_tui.engine.mishap import short_of_memory
from fastai_tui.engine.runs import process
from tests.runs import losses, new_run

TOO_MUCH = 10**15
SENTENCE = "The device ran out of memory; try half the batch size (--set bs=32), or a smaller model."


def cuda(where: object = None) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")


@pytest.mark.parametrize(
    "ask",
    [lambda: torch.empty(TOO_MUCH), lambda: np.zeros(TOO_MUCH), lambda: bytearray(TOO_MUCH), cuda],
    ids=["torch", "numpy", "python", "cuda"],
)
def test_everybody_s_words_for_it_are_known(ask: Callable[[], object]) -> None:
    with pytest.raises((RuntimeError, MemoryError)) as short:
        ask()
    assert short_of_memory(short.value, {"bs": 65}) == SENTENCE
    assert "(--set bs=…)" in short_of_memory(short.value)


def test_other_errors_are_not_taken_for_it() -> None:
    with pytest.raises(RuntimeError) as other:
        torch.zeros(2, 3) @ torch.zeros(2, 3)
    assert short_of_memory(other.value, {"bs": 64}) == ""


class Shortage(Callback):
    """Before batch `at`, memory is short."""

    def __init__(self, at: int) -> None:
        self.at = at

    def before_batch(self) -> None:
        if self.learn.step == self.at:
            cuda()


def test_a_run_that_it_ended_goes_on_from_its_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, cut = (new_run("mnist-3v7", epochs=2, model="linear", bs="64") for _ in range(2))
    assert process.main(whole.path) == 0
    wanted, build = losses(whole), process.build

    def short_in_the_second_epoch(job: Job) -> Learner:
        learn: Learner = build(job)
        learn.callbacks.append(Shortage(len(wanted) // 2 + 3))
        return learn

    with monkeypatch.context() as short:
        short.setattr(process, "build", short_in_the_second_epoch)
        assert process.main(cut.path) == 1
    assert (cut.state().phase, cut.state().message) == ("failed", SENTENCE)
    assert np.array_equal(losses(cut), wanted[: len(wanted) // 2 + 3])
    assert process.main(cut.path) == 0
    assert np.array_equal(losses(cut), wanted)


def test_the_lab_says_it_too(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(lab, "_carried_out", cuda)
    told = msgspec.json.decode(lab.reply(b"{}"))
    assert told["error"]["message"] == SENTENCE.replace("bs=32", "bs=…")
    assert not (home / "errors.log").exists()
