"""The weights kept at cycles' ends: whole, the right ones, told in the log, and gone where training goes back."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from fastai_tui.engine import events
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.errors import DiskTrouble
from fastai_tui.engine.recorder import Recorder
from fastai_tui.engine.runs.cycles import CycleEnds, cycle_ends
from fastai_tui.engine.runs.log import LineReader, decoded
from fastai_tui.engine.runs.run import follow
from fastai_tui.engine.runs.writer import RunWriter
from fastai_tui.engine.training import JobLearner
from tests.unit.networks import learner

SGDR = {"schedule": "sgdr", "cycles": 3, "cycle_len": 1, "cycle_mult": 2}


class Remember(Callback):
    """The weights after every epoch."""

    def __init__(self) -> None:
        self.weights: dict[int, dict] = {}

    def after_epoch(self) -> None:
        state = {name: value.clone() for name, value in self.learn.model.state_dict().items()}
        self.weights[self.learn.epoch + 1] = state


def trained(folder: Path, epochs: int = 7) -> tuple[JobLearner, Remember]:
    learn, seen = learner(**SGDR), Remember()  # type: ignore[arg-type]
    writer = RunWriter(folder, 1, 0)
    learn.callbacks += [seen, Recorder(writer), CycleEnds(writer, cycle_ends(learn.settings))]
    learn.fit(epochs)
    return learn, seen


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "cycles").iterdir())


def test_every_cycle_s_weights_are_kept_and_told(tmp_path: Path) -> None:
    learn, seen = trained(tmp_path)
    assert files(tmp_path) == [f"cycle-00{i}.safetensors" for i in (1, 2, 3)]
    for number, epoch in ((1, 1), (2, 3), (3, 7)):
        path = tmp_path / "cycles" / f"cycle-00{number}.safetensors"
        assert path.stat().st_mode & 0o777 == 0o600
        kept = load_file(path)
        assert set(kept) == set(seen.weights[epoch])
        assert all(torch.equal(value, seen.weights[epoch][name]) for name, value in kept.items())
    told = [e for e in decoded(LineReader(tmp_path / "events.jsonl").poll()) if isinstance(e, events.Checkpoint)]
    assert [(e.path, e.step, e.epoch, e.best) for e in told] == [
        (f"cycles/cycle-00{number}.safetensors", step, epoch, False)
        for number, step, epoch in ((1, 5, 0), (2, 15, 2), (3, 35, 6))
    ]
    assert learn.plan.at(5 / 35)[0] == [0.02]


@pytest.mark.parametrize(("epoch", "left"), [(0, 0), (1, 1), (2, 1), (3, 2), (6, 2), (7, 3)])
def test_a_resume_takes_back_what_is_done_again(tmp_path: Path, epoch: int, left: int) -> None:
    trained(tmp_path)
    learn = learner(**SGDR)  # type: ignore[arg-type]
    learn.epoch, learn.step = epoch, 5 * epoch
    learn.callbacks.append(CycleEnds(RunWriter(tmp_path, 1, 0), (1, 3, 7)))
    learn.fit(epoch)
    assert len(files(tmp_path)) == left


def test_an_end_that_is_told_again_is_told_once() -> None:
    at = {"time": 1.0, "step": 5}
    end = events.Checkpoint(**at, epoch=0, path="cycles/cycle-001.safetensors", best=False)  # type: ignore[arg-type]
    for epoch, told in ((0, 1), (1, 2)):  # killed before the checkpoint that knows of the epoch's end; or after it
        story: list[events.AnyEvent] = []
        for event in (end, events.Resumed(**at, epoch=epoch, versions={}), end):  # type: ignore[arg-type]
            follow(story, event)
        assert story.count(end) == told


def test_only_restarts_have_ends() -> None:
    settings = learner(**SGDR).settings  # type: ignore[arg-type]
    assert cycle_ends(settings) == (1, 3, 7)
    assert cycle_ends({**settings, "schedule": "cosine"}) == ()


def test_weights_that_cannot_be_kept_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "cycles").write_text("in the way")
    with pytest.raises(DiskTrouble, match="make the folder"):
        trained(tmp_path)
