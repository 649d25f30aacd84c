"""Checkpoints: going on from one equals never having stopped, to the last bit; damaged and foreign files do no harm."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from fastai_tui.engine import events
from fastai_tui.engine.callback import Callback, CancelFit
from fastai_tui.engine.errors import DiskTrouble, RunFailed
from fastai_tui.engine.recorder import Recorder
from fastai_tui.engine.runs import checkpoints
from fastai_tui.engine.runs.log import LineReader, decoded
from fastai_tui.engine.runs.writer import RunWriter
from fastai_tui.engine.settings import Value
from fastai_tui.engine.training import JobLearner
from tests.unit.networks import learner

EPOCHS, TOTAL = 3, 15


class StopAt(Callback):
    """Ends training after a batch, as a kill would: nothing more is written."""

    order = 70

    def __init__(self, step: int) -> None:
        self.at = step

    def after_batch(self) -> None:
        if self.learn.step == self.at:
            raise CancelFit


class Keep(Callback):
    """Every batch's loss, and some random numbers of the kinds that training may draw."""

    def __init__(self) -> None:
        self.losses: dict[int, float] = {}
        self.draws: dict[int, tuple[float, float, float]] = {}

    def after_batch(self) -> None:
        self.losses[self.learn.step] = self.learn.loss.item()
        self.draws[self.learn.step] = (random.random(), float(np.random.rand()), torch.rand(()).item())


def session(folder: Path, stop: int = 0, **chosen: Value) -> tuple[JobLearner, Keep, checkpoints.Checkpointer]:
    """One process's part in a run's life, without the process: a Learner put where the newest checkpoint was."""
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    torch.manual_seed(99)
    random.seed(99)
    np.random.seed(99)
    learn = learner(dropout=0.3, epochs=EPOCHS, **chosen)
    torch.manual_seed(100)
    writer, keep = RunWriter(folder, 1, 0), Keep()
    recorder = Recorder(writer)
    keeper = checkpoints.Checkpointer(writer, recorder)
    learn.callbacks += [keep, recorder, keeper]
    if stop:
        learn.callbacks.append(StopAt(stop))
    if found := checkpoints.newest(folder / "checkpoints"):
        checkpoints.restore(learn, found[0])
    return learn, keep, keeper


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "checkpoints").iterdir())


def steps(folder: Path) -> list[int]:
    return [int(name[:8]) for name in names(folder)]


@pytest.fixture
def every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after every batch."""
    monkeypatch.setenv("FASTAI_TUI_CHECKPOINT_SECONDS", "0")
    monkeypatch.setattr(checkpoints, "SHARE", 0)


@pytest.mark.parametrize("opt", ["adam", "sgd"])
@pytest.mark.parametrize("stop", [1, 4, 5, 8, 14, 15])
def test_going_on_equals_never_having_stopped(tmp_path: Path, every_batch: None, stop: int, opt: str) -> None:
    calm, all_of_it, _ = session(tmp_path / "calm", opt=opt)
    calm.fit(EPOCHS)
    first, before, _ = session(tmp_path / "run", stop, opt=opt)
    first.fit(EPOCHS)
    assert max(before.losses) == stop
    second, after, _ = session(tmp_path / "run", opt=opt)
    assert second.step == stop
    second.fit(EPOCHS)
    assert before.losses | after.losses == all_of_it.losses
    assert before.draws | after.draws == all_of_it.draws
    assert (second.valid_loss, second.results) == (calm.valid_loss, calm.results)
    for mine, reference in zip(second.model.parameters(), calm.model.parameters(), strict=True):
        assert torch.equal(mine, reference)


def test_a_checkpoint_opens_without_running_any_code(tmp_path: Path) -> None:
    learn, _, _ = session(tmp_path)
    learn.fit(1)
    for path in (tmp_path / "checkpoints").iterdir():
        state = torch.load(path, weights_only=True)
        assert set(state["model"]) == set(learn.model.state_dict())
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_first_the_best_and_the_newest_two_are_kept(tmp_path: Path, every_batch: None) -> None:
    learn, _, keeper = session(tmp_path, stop=13)
    losses = iter([0.5, 0.9])
    learn.validate = lambda loader: (next(losses), {})  # type: ignore[method-assign]
    learn.fit(EPOCHS)
    assert sorted(set(steps(tmp_path))) == [0, 5, 12, 13]
    again, _, keeper = session(tmp_path)
    assert (keeper.best, keeper.best_step) == (0.5, 5)
    again.validate = lambda loader: (0.7, {})  # type: ignore[method-assign]
    again.fit(EPOCHS)
    assert sorted(set(steps(tmp_path))) == [0, 5, 15]
    told = decoded(LineReader(tmp_path / "events.jsonl").poll())
    assert [e.step for e in told if isinstance(e, events.Checkpoint) and e.best] == [5]


def test_the_best_is_kept_when_training_goes_on_from_it(tmp_path: Path, every_batch: None) -> None:
    learn, _, _ = session(tmp_path, stop=5)
    learn.callbacks.pop()
    learn.validate = lambda loader: (0.5, {})  # type: ignore[method-assign]
    learn.fit(1)
    again, _, _ = session(tmp_path)
    assert (again.epoch, again.batch) == (1, 0)
    again.validate = lambda loader: (0.7, {})  # type: ignore[method-assign]
    again.fit(EPOCHS)
    assert 5 in steps(tmp_path)


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(tmp_path: Path, every_batch: None) -> None:
    session(tmp_path, stop=7)[0].fit(EPOCHS)
    last = tmp_path / "checkpoints" / names(tmp_path)[-1]
    last.write_bytes(last.read_bytes()[:-100])
    found = checkpoints.newest(tmp_path / "checkpoints")
    assert found is not None
    assert found[0]["place"]["step"] == 6
    assert found[1] == [last.name]
    for path in (tmp_path / "checkpoints").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DiskTrouble, match="damaged"):
        checkpoints.newest(tmp_path / "checkpoints")


def test_what_is_not_ours_is_neither_read_nor_removed(tmp_path: Path, every_batch: None) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    assert checkpoints.newest(folder) is None
    foreign = ["notes.pt", "0notes.pt", "99999999-notes.pt", ".00000003-x.pt.tmp", "00000001-0123456789abcdef.pth"]
    for name in foreign:
        (folder / name).write_text("mine")
    (folder / "99999999-0123456789abcdef.pt").mkdir()
    assert checkpoints.newest(folder) is None
    session(tmp_path, stop=9)[0].fit(EPOCHS)
    found = checkpoints.newest(folder)
    assert found is not None
    assert (found[0]["place"]["step"], found[1]) == (9, [])
    assert set(foreign) < set(names(tmp_path))


def test_a_checkpoint_of_another_network_is_a_sentence(tmp_path: Path) -> None:
    session(tmp_path, stop=2)[0].fit(EPOCHS)
    found, other = checkpoints.newest(tmp_path / "checkpoints"), learner()
    assert found is not None
    other.model[0] = torch.nn.Linear(6, 13)  # type: ignore[operator]
    with pytest.raises(RunFailed, match="does not fit"):
        checkpoints.restore(other, found[0])


def test_a_checkpoint_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    learn, _, _ = session(tmp_path)
    (tmp_path / "checkpoints").rmdir()
    with pytest.raises(DiskTrouble, match="Could not write"):
        learn.fit(EPOCHS)


@pytest.mark.parametrize(("text", "seconds"), [("2.5", 2.5), ("0", 0.0), ("-3", 0.0), ("often", 10.0), ("", 10.0)])
def test_the_interval_is_a_number_of_seconds(monkeypatch: pytest.MonkeyPatch, text: str, seconds: float) -> None:
    monkeypatch.setenv("FASTAI_TUI_CHECKPOINT_SECONDS", text)
    assert checkpoints.interval() == seconds
