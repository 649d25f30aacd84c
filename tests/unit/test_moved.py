"""How far a run's layers have moved: against the checkpoints' own tensors, with layers frozen and not."""

from pathlib import Path
from typing import Any

import pytest
import torch

from fastai_tui.engine.errors import BadInput, DataMissing
from fastai_tui.engine.interpret import moved
from fastai_tui.engine.runs import process
from tests.runs import new_run

RUNS: dict[str, dict[str, str]] = {
    "1": {},
    "2": {"freeze": "1", "lr": "0.001/0.01/0.06"},
    "3": {"freeze": "2"},
    "4": {"bn_freeze": "on"},
    "5": {"norm": "none", "lr": "0/0.01/0"},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a finished run of each kind, and one that has not begun."""
    place = tmp_path_factory.mktemp("moved")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTAI_TUI_HOME", str(place))
        for chosen in RUNS.values():
            process.main(new_run("mnist", bs="1000", **chosen).path)
        new_run("mnist")
    return place


@pytest.fixture(autouse=True)
def at_home(place: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(place))


def states(place: Path, run: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tensors of a run's first and newest checkpoints."""
    files = sorted(place.glob(f"runs/{int(run):04d}-*/checkpoints/*.pt"))
    first, newest = (torch.load(path, weights_only=True)["model"] for path in (files[0], files[-1]))
    return first, newest


def relative(place: Path, run: str, *names: str) -> float:
    first, newest = states(place, run)
    then, now = (torch.cat([state[name].double().flatten() for name in names]) for state in (first, newest))
    return float((now - then).norm() / then.norm())


@pytest.mark.parametrize("run", RUNS)
def test_changes_are_those_of_the_checkpoints(place: Path, run: str) -> None:
    found = moved.answer(run)
    norms = RUNS[run].get("norm") != "none"
    names = [f"{kind}{i}" for i in range(1, 6) for kind in (("conv", "norm") if norms else ("conv",))]
    assert [layer["name"] for layer in found["layers"]] == names
    assert found["step"] == 4
    for layer in found["layers"]:
        name = layer["name"]
        assert layer["change"] == pytest.approx(relative(place, run, f"{name}.weight", f"{name}.bias"), rel=1e-12)
        if name.startswith("norm"):
            own = (f"{name}.running_mean", f"{name}.running_var")
            assert layer["statistics_change"] == pytest.approx(relative(place, run, *own), rel=1e-12)
        else:
            assert layer["statistics_change"] is None


@pytest.mark.parametrize(("run", "frozen"), [("1", 0), ("2", 1), ("3", 2)])
def test_what_is_frozen_has_not_moved_by_a_bit(place: Path, run: str, frozen: int) -> None:
    """And everything else has; of frozen norms the statistics stay too."""
    for layer in moved.answer(run)["layers"]:
        assert layer["frozen"] == (layer["group"] < frozen)
        assert (layer["change"] == 0) == layer["frozen"]
        if layer["statistics_change"] is not None:
            assert layer["keeps_statistics"] == (layer["statistics_change"] == 0) == layer["frozen"]
    first, newest = states(place, run)
    groups = {"conv1": 0, "norm1": 0, "conv5": 2, "norm5": 2}
    for name, tensor in first.items():
        still = torch.equal(tensor, newest[name])
        assert still == (groups.get(name.partition(".")[0], 1) < frozen), name


def test_bn_freeze_keeps_all_statistics_and_lets_weights_learn(place: Path) -> None:
    for layer in moved.answer("4")["layers"]:
        assert layer["change"] > 0
        assert layer["statistics_change"] in (None, 0.0)
        assert layer["keeps_statistics"]


def test_a_group_s_rate_of_nought_moves_nothing(place: Path) -> None:
    changes = {layer["name"]: layer["change"] for layer in moved.answer("5")["layers"]}
    assert [name for name, change in changes.items() if change == 0] == ["conv1", "conv5"]


def test_runs_that_cannot_be_asked() -> None:
    with pytest.raises(DataMissing, match="no checkpoint yet"):
        moved.answer("6")
    with pytest.raises(BadInput):
        moved.answer("77")
