"""What a network writes while it trains: where, what, and that training does not notice; the network found again."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from fastai_tui.engine import events
from fastai_tui.engine.device import prepare
from fastai_tui.engine.errors import BadInput, DataMissing, RunFailed
from fastai_tui.engine.interpret import text_model as found_again
from fastai_tui.engine.interpret.text_model import WEIGHTS, embedded, text_model
from fastai_tui.engine.live_samples import APART, LENGTH, TIMES, LiveSamples, places, samples
from fastai_tui.engine.manner import Manner
from fastai_tui.engine.runs import checkpoints
from fastai_tui.engine.runs.process import build, main
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.sampling import write
from fastai_tui.lessons.experiments import order

SMALL = {"hidden": 12, "emb": 6, "bs": 8, "bptt": 8, "preset": "quick"}


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in ("device", "interpret.text_model"):
        monkeypatch.setattr(f"fastai_tui.engine.{module}.threads", lambda: 1)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def verse(tmp_path: Path) -> str:
    random = np.random.default_rng(1)
    lines = [" ".join(random.choice(("the", "same", "thing", "again"), 5)) for _ in range(150)]
    (tmp_path / "verse.txt").write_text("\n".join(lines) + "\n")
    return str(tmp_path / "verse.txt")


def trained(data: str, epochs: int = 2, **chosen: object) -> Run:
    job = order("char-lm", SMALL | chosen, data=data, device="cpu", epochs=epochs)
    run = RunStore().create(job, "", ["test"])
    assert main(run.path) == 0
    return run


def written(run: Run) -> list[events.Sample]:
    return [event for event in run.log() if isinstance(event, events.Sample)]


@pytest.mark.parametrize(("batches", "epochs"), [(100, 1), (100, 3), (7, 40), (1, 1), (963, 15), (3, 2), (50, 16)])
def test_the_places_are_few_and_the_end_is_among_them(batches: int, epochs: int) -> None:
    found = places(batches, epochs)
    assert batches * epochs == max(found)
    assert all(0 <= place <= batches * epochs for place in found)
    assert len(found) <= 2 * TIMES
    assert len(found) <= epochs * max(1, batches // APART)
    if epochs < TIMES:
        assert {batches * epoch for epoch in range(1, epochs + 1)} <= found
    else:
        assert all(place % batches == 0 for place in found)


@pytest.mark.parametrize("model", ["gru", "lstm", "three", "seq"])
def test_a_run_tells_what_it_writes_from_before_its_first_batch_to_its_end(verse: str, model: str) -> None:
    run = trained(verse, model=model)
    told, epochs = written(run), run.epochs()
    assert told[0].step == 0
    assert {event.step for event in told} >= {0, *(epoch.step for epoch in epochs)}
    assert all(len(event.text) == LENGTH for event in told)
    found = text_model(run.id)
    pieces = write(found.network, found.vocabulary, told[-1].prompt, LENGTH, Manner(seed=42), found.window)
    assert found.step == told[-1].step
    assert "".join(character for character, _ in pieces) == told[-1].text
    steps = [event.step for event in run.events() if isinstance(event, (events.Batch, events.Sample))]
    assert steps == sorted(steps)


def test_training_is_the_same_with_and_without(verse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {"model": "lstm", "dropout": 0.5, "n_layers": 2}
    losses = np.asarray(trained(verse, **chosen).steps().read()["loss"])
    monkeypatch.setattr("fastai_tui.engine.live_samples.samples", lambda *_: [])
    assert np.asarray(trained(verse, **chosen).steps().read()["loss"]).tolist() == losses.tolist()


def test_other_experiments_write_nothing() -> None:
    prepare(torch.device("cpu"), 1)
    job = order("mnist-3v7", {"model": "linear"}, data="mnist-sample", device="cpu")
    assert samples(build(job), job, None) == []  # type: ignore[arg-type]


def test_the_network_is_found_without_its_text(verse: str) -> None:
    run = trained(verse, epochs=1)
    Path(verse).unlink()
    assert text_model("last").name == run.id
    assert text_model("last") is text_model(run.id)  # loaded once


def test_a_run_of_another_experiment_or_without_a_checkpoint_says_so(verse: str) -> None:
    job = order("char-lm", SMALL, data=verse, device="cpu")
    run = RunStore().create(job, "", ["test"])
    with pytest.raises(DataMissing, match="no checkpoint yet"):
        text_model(run.id)
    other = RunStore().create(order("mnist-3v7", {}, data="mnist-sample", device="cpu"), "", ["test"])
    with pytest.raises(BadInput, match="has not learned from text"):
        text_model(other.id)


def damage(run: Run, change: str) -> None:
    """Write the newest checkpoint anew with something wrong in it."""
    import hashlib

    path = max((run.path / "checkpoints").glob("*.pt"))
    state = torch.load(path, weights_only=True)
    if change == "vocabulary":
        state["callbacks"]["Carrying"]["vocabulary"].append("ß")
    else:
        state["model"]["to_output.bias"][0] = float("nan")
    torch.save(state, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    path.rename(path.with_name(f"{path.name.partition('-')[0]}-{digest}.pt"))
    assert checkpoints.whole(max((run.path / "checkpoints").glob("*.pt"))) is not None


@pytest.mark.parametrize(("change", "says"), [("vocabulary", "do not fit"), ("weights", "no numbers any more")])
def test_weights_that_do_not_fit_or_are_no_numbers_are_refused(verse: str, change: str, says: str) -> None:
    run = trained(verse, epochs=1)
    damage(run, change)
    with pytest.raises(RunFailed, match=says):
        text_model(run.id)


def test_the_embedded_model_knows_its_text_and_a_damaged_file_is_refused(tmp_path: Path) -> None:
    model = text_model("pydocs")
    job = order("char-lm", {}, data="pydocs", device="cpu")
    assert model.vocabulary == build(job).data.vocabulary
    with pytest.raises(DataMissing, match="not part of this installation"):
        embedded(tmp_path / "none.safetensors")
    (tmp_path / "cut.safetensors").write_bytes((WEIGHTS / "pydocs.safetensors").read_bytes()[:1000])
    with pytest.raises(BadInput, match="holds no model"):
        embedded(tmp_path / "cut.safetensors")
    save_file(load_file(WEIGHTS / "pydocs.safetensors"), tmp_path / "bare.safetensors")
    with pytest.raises(BadInput, match="holds no model"):
        embedded(tmp_path / "bare.safetensors")
    assert found_again.EMBEDDED == ("pydocs",)


def test_a_run_that_goes_on_after_a_break_writes_what_it_would_have_written(
    verse: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [(event.step, event.text) for event in written(trained(verse))]
    job = order("char-lm", SMALL, data=verse, device="cpu", epochs=2)
    run = RunStore().create(job, "", ["test"])
    monkeypatch.setenv("FASTAI_TUI_CHECKPOINT_SECONDS", "0")
    monkeypatch.setattr(checkpoints, "SHARE", 0)
    after_batch = LiveSamples.after_batch

    def breaks(self: LiveSamples) -> None:
        after_batch(self)
        if self.learn.step == whole[1][0] + 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(LiveSamples, "after_batch", breaks)
    with pytest.raises(KeyboardInterrupt):
        main(run.path)
    monkeypatch.setattr(LiveSamples, "after_batch", after_batch)
    assert main(run.path) == 0
    assert [(event.step, event.text) for event in written(run)] == whole
