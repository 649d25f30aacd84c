"""The weights that a run keeps, and their ensemble, against plain torch functions on the same files."""

from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file, save_file
from test_interpret import mean_and_deviation, pictures, strided
from torch import Tensor
from torch.nn import functional as F

from fastai_tui.app.kept import kept
from fastai_tui.engine import events, lab
from fastai_tui.engine.errors import BadInput, DataMissing, DiskTrouble, RunFailed
from fastai_tui.engine.interpret import ensemble
from fastai_tui.engine.runs import process
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from tests.runs import new_run

EPOCHS = 3  # of 1, 2 epochs


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a run of two cycles."""
    place = tmp_path_factory.mktemp("cycles")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTAI_TUI_HOME", str(place))
        settings = {"schedule": "sgdr", "cycles": "2", "cycle_mult": "2", "bs": "200", "lr": "0.02"}
        process.main(new_run("mnist", epochs=EPOCHS, **settings).path)
        process.main(new_run("mnist-3v7", model="broken").path)
    return place


@pytest.fixture
def run(trained: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(trained))
    return RunStore().find("1")


def weights(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return load_file(path)
    state: dict[str, Tensor] = torch.load(path, weights_only=True)["model"]
    return state


def logits(path: Path) -> tuple[Tensor, Tensor]:
    """Every validation image's, by plain functions, and their classes."""
    xb, truth, _ = pictures(tuple(range(10)))
    mean, deviation = mean_and_deviation()
    return strided(weights(path), (xb / 255 - mean) / deviation, norm=True)[-1][0].flatten(1).double(), truth


def test_each_file_alone_and_all_together_score_as_plain_functions_say(run: Run) -> None:
    files = [one.file for one in kept(run)]
    assert len([file for file in files if file.startswith("cycles/")]) == 2
    found = ensemble.answer(run.id, files)
    shares = []
    for file, score in zip(files, found["files"], strict=True):
        out, truth = logits(run.path / file)
        assert score["file"] == file
        assert score["loss"] == pytest.approx(float(F.cross_entropy(out, truth)), abs=1e-5)
        assert score["right"] == int((out.argmax(1) == truth).sum())
        assert score["accuracy"] == score["right"] / score["total"]
        shares.append(out.softmax(1))
    together = sum(shares) / len(shares)
    assert found["ensemble"]["loss"] == pytest.approx(float(F.nll_loss(together.log(), truth)), abs=1e-5)
    assert found["ensemble"]["right"] == int((together.argmax(1) == truth).sum())
    assert found["ensemble"]["total"] == 1000


def test_an_epochs_own_numbers_are_those_of_the_weights_kept_at_its_end(run: Run) -> None:
    epochs = {epoch.step: epoch for epoch in run.epochs()}
    for one in kept(run):
        if one.step:
            (score,) = ensemble.answer(run.id, [one.file])["files"]
            assert score["accuracy"] == pytest.approx(epochs[one.step].metrics["accuracy"], abs=1e-6)
            assert score["loss"] == pytest.approx(epochs[one.step].valid_loss, abs=1e-4)


def test_what_is_kept_is_told_with_its_place_size_and_the_best(run: Run) -> None:
    found = kept(run)
    assert [one.step for one in found] == sorted(one.step for one in found)
    assert {one.cycle: (one.step, one.epochs) for one in found if one.cycle} == {1: (20, 1.0), 2: (60, 3.0)}
    assert found[0].name == "the start"
    best = min(run.epochs(), key=lambda epoch: epoch.valid_loss or 9)
    assert [one.step for one in found if one.best] == [best.step]
    assert all(one.size == (run.path / one.file).stat().st_size for one in found)


def test_what_is_not_there_any_more_is_not_kept() -> None:
    run = new_run()
    log = run.path / "events.jsonl"
    told = [events.Checkpoint(time=1, step=n, epoch=0, path=f"checkpoints/{n}.pt", best=n < 9) for n in (3, 6, 9)]
    log.write_bytes(b"".join(events.encode(event) + b"\n" for event in told))
    (run.path / "checkpoints").mkdir(exist_ok=True)
    for n in (6, 9):
        (run.path / f"checkpoints/{n}.pt").write_bytes(b"x" * n)
    assert [(one.step, one.size, one.best) for one in kept(run)] == [(6, 6, True), (9, 9, False)]


def test_one_file_alone_is_no_ensemble_and_a_file_written_anew_is_read_anew(run: Run, tmp_path: Path) -> None:
    cycle = run.path / "cycles" / "cycle-001.safetensors"
    before = ensemble.answer(run.id, ["cycles/cycle-001.safetensors"])
    assert before["ensemble"] is None
    content = cycle.read_bytes()
    try:
        state = load_file(cycle)
        save_file({name: torch.zeros_like(t) if name == "conv5.weight" else t for name, t in state.items()}, cycle)
        (after,) = ensemble.answer(run.id, ["cycles/cycle-001.safetensors"])["files"]
        assert after["loss"] != before["files"][0]["loss"]
        bad = {name: t / 0 if t.is_floating_point() else t for name, t in state.items()}
        save_file(bad, cycle)
        with pytest.raises(RunFailed, match="no numbers any more"):
            ensemble.answer(run.id, ["cycles/cycle-001.safetensors"])
    finally:
        cycle.write_bytes(content)


@pytest.mark.parametrize(
    "file",
    [
        "run.json",
        "cycles/../run.json",
        "cycles/cycle-001.pt",
        "/etc/passwd",
        "checkpoints/x.pt",
        "cycles/a/cycle-001.safetensors",
        "",
    ],
)
def test_nothing_but_a_runs_own_weights_is_opened(run: Run, file: str) -> None:
    with pytest.raises(BadInput, match="no checkpoint"):
        ensemble.answer(run.id, [file])


def test_missing_and_damaged_files_are_told(run: Run) -> None:
    with pytest.raises(DataMissing, match="choose another"):
        ensemble.answer(run.id, ["cycles/cycle-099.safetensors"])
    damaged = run.path / "checkpoints" / f"00000099-{'0' * 16}.pt"
    damaged.write_bytes(b"half")
    try:
        with pytest.raises(DiskTrouble, match="damaged"):
            ensemble.answer(run.id, [f"checkpoints/{damaged.name}"])
    finally:
        damaged.unlink()


def test_the_lab_answers(run: Run) -> None:
    asked = {"request": "ensemble", "arguments": {"run": run.id, "files": ["cycles/cycle-002.safetensors"]}}
    answer = msgspec.json.decode(lab.reply(msgspec.json.encode(asked)))
    assert answer["answer"]["files"][0]["total"] == 1000
