"""A study is killed while it trains and goes on: what has finished is not repeated, what was cut short is resumed."""

import json
import os
import signal
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest

from fastai_tui.engine.ablation.outcome import outcomes
from fastai_tui.engine.ablation.study import Study, StudyStore, found
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from tests import warm
from tests.runs import PATIENCE, kill, kill_all

GRID = ("--model", "cnn,linear", "--set", "lr=0.01|0.003", "--seeds", "3", "--epochs", "4")
WHERE = ("--data", "mnist-sample", "--device", "cpu")


def ablate(place: Path, *arguments: str) -> BaseProcess:
    """`fastai-tui ablate`; what it says goes into files `out` and `err`."""
    place.mkdir(exist_ok=True)
    return warm.ablate(*arguments, out=place / "out", err=place / "err")


@pytest.fixture(autouse=True)
def no_run_outlives_its_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever still trains when a test ends is killed; checkpoints come often."""
    monkeypatch.setenv("FASTAI_TUI_CHECKPOINT_SECONDS", "0.1")
    yield
    kill_all()


def reach(finished: int) -> tuple[Study, dict[int, Run]]:
    """Wait until so many runs of the study have finished and the next one trains."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if StudyStore().names():
            study = StudyStore().find("last")
            runs = found(study, RunStore().runs())
            done = [n for n, run in runs.items() if run.state().phase == "finished"]
            if len(done) >= finished and any(run.state().live and len(run.steps()) > 5 for run in runs.values()):
                return study, runs
        time.sleep(0.03)
    raise AssertionError("the study does not get on")


def content(run: Run) -> dict[str, tuple[int, bytes]]:
    """Every file of a run, and when it was written."""
    files = [path for path in sorted(run.path.rglob("*")) if path.is_file()]
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_a_study_that_is_killed_goes_on_without_repeating_what_is_done(tmp_path: Path) -> None:
    killed = ablate(tmp_path / "first", "mnist-3v7", *GRID, *WHERE)
    study, runs = reach(finished=1)
    os.kill(killed.pid or 0, signal.SIGKILL)
    killed.join(PATIENCE)
    for run in found(study, RunStore().runs()).values():
        if run.state().live:
            kill(run)
    runs = found(study, RunStore().runs())
    now = {each.number: each.phase for each in outcomes(study, runs)}
    done = [number for number, phase in now.items() if phase == "finished"]
    cut = [number for number, phase in now.items() if phase == "interrupted"]
    assert done
    assert cut
    assert "missing" in now.values()
    before = {number: content(runs[number]) for number in done}

    again = ablate(tmp_path / "second", "--resume", "last", "--json", "--jobs", "2")
    again.join(PATIENCE)
    assert again.exitcode == 0, (tmp_path / "second" / "err").read_text()
    assert {number: content(runs[number]) for number in done} == before
    after = found(study, RunStore().runs())
    assert [after[number].id for number in cut] == [runs[number].id for number in cut]
    assert len(RunStore().runs()) == len(after) == 12
    assert {run.state().phase for run in after.values()} == {"finished"}

    answer = json.loads((tmp_path / "second" / "out").read_text())
    for cell in answer["cells"]:
        numbers = [member.number for member in study.members if member.cell == cell["cell"]]
        measured = [after[number].epochs()[-1].metrics["accuracy"] for number in numbers]
        spread = cell["measures"]["accuracy"]
        assert spread["mean"] == pytest.approx(np.mean(measured))
        assert spread["deviation"] == pytest.approx(np.std(measured, ddof=1))
        assert spread["count"] == 3
    assert {(f["factor"], f["a"], f["b"]) for f in answer["findings"]} == {
        ("model", 2, 0),
        ("model", 3, 1),
        ("lr", 1, 0),
        ("lr", 3, 2),
    }


def test_ctrl_c_ends_a_study_with_a_checkpoint_and_says_how_to_go_on(tmp_path: Path) -> None:
    process = ablate(tmp_path / "run", "mnist-3v7", "--epochs", "200", "--seeds", "2", *WHERE)
    reach(finished=0)
    os.kill(process.pid or 0, signal.SIGINT)
    process.join(PATIENCE)
    assert process.exitcode == 130
    (run,) = RunStore().runs()
    assert run.state().phase == "stopped"
    assert any((run.path / "checkpoints").iterdir())
    assert (
        "0 of 2 runs are done. `fastai-tui ablate --resume mnist-3v7-1` goes on."
        in (tmp_path / "run" / "err").read_text()
    )
