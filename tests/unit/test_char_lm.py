"""The experiment `char-lm`: what is built of what is ordered, the state that is carried, and going on in mid-text."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fastai_tui.engine.callback import Callback, CancelFit
from fastai_tui.engine.carrying import Carrying
from fastai_tui.engine.data.vocabulary import Vocabulary
from fastai_tui.engine.device import prepare
from fastai_tui.engine.errors import BadInput, RunFailed
from fastai_tui.engine.models.char_state import Stateful
from fastai_tui.engine.recorder import Recorder
from fastai_tui.engine.runs import checkpoints
from fastai_tui.engine.runs.process import build, started
from fastai_tui.engine.runs.writer import RunWriter
from fastai_tui.engine.training import JobLearner
from fastai_tui.lessons.experiments import order
from fastai_tui.lessons.experiments.char_lm import NETWORKS
from fastai_tui.lessons.experiments.text import LAYERED, SCHEMA, STATEFUL, WINDOWS

WORDS = ("the", "same", "thing", "again", "and", "over")
SMALL = {"hidden": 12, "emb": 6, "bs": 8, "bptt": 8}


@pytest.fixture
def verse(tmp_path: Path) -> str:
    """A text of 300 lines, made of six words: 240 lines to train on."""
    random = np.random.default_rng(1)
    lines = [" ".join(random.choice(WORDS, 6)) for _ in range(300)]
    (tmp_path / "verse.txt").write_text("\n".join(lines) + "\n")
    return str(tmp_path / "verse.txt")


@pytest.fixture(autouse=True)
def here_and_in_runs(one_thread: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread, of this process and of what a run would set."""
    monkeypatch.setattr("fastai_tui.engine.device.threads", lambda: 1)


def learner(data: str, seed: int = 42, **chosen: object) -> JobLearner:
    prepare(torch.device("cpu"), seed)
    learn = build(order("char-lm", SMALL | chosen, data=data, device="cpu", seed=seed))
    assert isinstance(learn, JobLearner)
    return learn


def test_the_facts_of_nietzsche(test_data: Path) -> None:
    path = str(test_data / "text" / "nietzsche.txt")
    job = order("char-lm", {}, data=path, device="cpu")
    learn = build(job)
    event = started("", learn, job, 0.0)
    facts = event.data
    assert (facts.tokens_train, facts.tokens_valid) == (490_919, 109_975)
    assert (facts.vocabulary, facts.characters, facts.source) == (56, 84, "path")
    assert event.batches_per_epoch == sum(1 for _ in learn.data.train.batches(0)) == 906
    assert len(learn.data.valid) == math.ceil((109_975 // 64 - 1) / 8)
    # embedding, then three gates' worth of 42×256 and 256×256 with two biases, then the output
    assert event.parameters == 56 * 42 + 3 * (256 * (42 + 256) + 2 * 256) + 256 * 56 + 56


def test_every_model_that_can_be_ordered_is_built_and_learns(verse: str) -> None:
    assert set(SCHEMA["model"].choices) == set(NETWORKS) == {*WINDOWS, *STATEFUL}
    for name, network in NETWORKS.items():
        assert issubclass(network, Stateful) == (name in STATEFUL)
        learn = learner(verse, model=name, lr=0.02, bs=32, n_layers=1, dropout=0.0)
        assert type(learn.model) is network
        before, _ = learn.validate(learn.data.valid)
        assert abs(before - math.log(len(learn.data.vocabulary))) < 0.4, name  # type: ignore[attr-defined]
        learn.fit(1)
        assert learn.valid_loss < 0.8 * before, name
        assert learn.step == len(learn.data.train)


def test_the_loss_is_the_mean_over_all_characters_whatever_batch_they_are_in(verse: str) -> None:
    learn = learner(verse, bs=7)
    loader: Any = learn.data.valid
    learn.model.eval()
    with torch.no_grad():
        preds = learn.model(loader.streams[:, :-1].long())
        expected = F.cross_entropy(preds, loader.streams[:, 1:].long().flatten()).item()
    assert next(reversed(list(loader.batches(0))))[0].shape[1] < 8  # the last one is shorter
    assert learn.validate(loader)[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", LAYERED)
def test_layers_and_dropout_reach_the_network(verse: str, name: str) -> None:
    rnn: Any = learner(verse, model=name, n_layers=3, dropout=0.25).model.rnn
    assert (rnn.num_layers, rnn.dropout, rnn.hidden_size, rnn.input_size) == (3, 0.25, 12, 6)


def test_identity_is_what_the_state_is_first_multiplied_with(verse: str) -> None:
    model: Any = learner(verse, model="seq", init="identity").model
    assert torch.equal(model.rnn.weight_hh_l0, torch.eye(12))


def test_presets_fill_in_what_is_not_given() -> None:
    full = order("char-lm", {"model": "lstm"}, data="pydocs")
    assert full.settings | {"hidden": 512, "n_layers": 2, "dropout": 0.5, "lr": 0.01, "wd": 1e-5} == full.settings
    assert (full.settings["schedule"], full.epochs) == ("sgdr", 15)
    quick = order("char-lm", {"model": "lstm", "preset": "quick", "hidden": "64"}, data="pydocs")
    assert (quick.settings["hidden"], quick.settings["n_layers"]) == (64, 2)
    assert quick.epochs < full.epochs
    assert order("char-lm", {"preset": "quick"}, epochs=7, data="pydocs").epochs == 7
    plain = order("char-lm", {"model": "stateful"}, data="pydocs")
    assert (plain.settings["hidden"], plain.settings["lr"], plain.settings["schedule"]) == (256, 1e-3, "flat")
    assert plain.epochs == 4


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"model": "cell", "n_layers": "2"}, "n_layers is for stateful, gru, lstm"),
        ({"model": "gru", "dropout": "0.5"}, "n_layers=2 or more"),
        ({"model": "rnn", "carry": "off"}, "carry=off is for"),
        ({"model": "gru", "init": "identity"}, "init=identity is for rnn, seq, stateful"),
        ({"model": "transformer"}, "gru, three"),
        ({"preset": "slow"}, "full, quick"),
        ({"bptt": "0"}, "from 1 to 2048"),
    ],
)
def test_orders_that_make_no_sense_say_what_would(settings: dict[str, str], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        order("char-lm", settings, data="pydocs")


class Watch(Callback):
    """Notes with what state every batch of training begins, and after which step."""

    order = 1

    def __init__(self) -> None:
        self.begins: dict[int, object] = {}

    def before_batch(self) -> None:
        kept = self.learn.model.memory  # type: ignore[union-attr]
        self.begins[self.learn.step] = kept


def test_state_begins_empty_every_epoch_and_goes_on_from_batch_to_batch(verse: str) -> None:
    learn, watch = learner(verse, model="gru"), Watch()
    learn.callbacks.append(watch)
    learn.fit(2)
    count = len(learn.data.train)
    empty = [step for step, kept in watch.begins.items() if kept is None]
    assert empty == [0, count]
    kept = watch.begins[3]
    assert isinstance(kept, torch.Tensor)
    assert kept.shape == (1, 8, 12)
    assert not kept.requires_grad


def test_without_carry_every_batch_begins_with_an_empty_state(verse: str) -> None:
    learn = learner(verse, model="gru", carry="off")
    model: Any = learn.model
    (xb, _), (other, _) = [*learn.data.train.batches(0)][:2]
    model.train()
    alone = model(other).clone()
    model(xb)
    assert torch.equal(model(other), alone)


@pytest.mark.parametrize("name", ["gru", "lstm", "cell", "lstm-by-hand"])
def test_validating_and_writing_leave_trainings_state_alone(verse: str, name: str) -> None:
    learn = learner(verse, model=name, n_layers=1, dropout=0.0)
    model: Any = learn.model
    (xb, _), (other, _) = [*learn.data.train.batches(0)][:2]
    model.train()
    model(xb)
    expected = model(other).clone()
    model.reset_state()
    model(xb)
    first, _ = learn.validate(learn.data.valid)
    model.eval()
    with torch.no_grad():
        model(torch.zeros(1, 1, dtype=torch.long))  # one stream instead of eight
    model.train()
    assert torch.equal(model(other), expected)
    assert learn.validate(learn.data.valid)[0] == first  # which itself begins with an empty state


def test_uncut_history_reaches_back_through_batches(verse: str) -> None:
    model: Any = learner(verse, model="gru").model
    model.train()
    xb = torch.zeros(2, 4, dtype=torch.long)
    depths = []
    for cut in (True, False):
        model.reset_state()
        model.cut = cut
        model(xb)
        depths.append(model.memory.grad_fn)
    assert depths[0] is None
    assert depths[1] is not None


class StopAt(Callback):
    """Ends training after a batch, as a kill would: nothing more is written."""

    order = 70

    def __init__(self, step: int) -> None:
        self.at = step

    def after_batch(self) -> None:
        if self.learn.step == self.at:
            raise CancelFit


def session(folder: Path, data: str, stop: int = 0, **chosen: object) -> tuple[JobLearner, dict[int, float]]:
    """One process's part in a run's life, without the process."""
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    learn, losses = learner(data, **chosen), dict[int, float]()
    writer = RunWriter(folder, len(learn.plan.rates), 0)
    recorder = Recorder(writer)

    class Keep(Callback):
        def after_batch(self) -> None:
            losses[learn.step] = learn.loss.item()

    learn.callbacks += [Keep(), recorder, checkpoints.Checkpointer(writer, recorder), *([StopAt(stop)] * bool(stop))]
    if found := checkpoints.newest(folder / "checkpoints"):
        torch.manual_seed(5)  # another process: nothing is as it was but what was kept
        checkpoints.restore(learn, found[0])
    return learn, losses


CASES = [("gru", 3), ("gru", "all"), ("gru", "more"), ("lstm", 3), ("lstm", "more"), ("gru-by-hand", "more"),
         ("lstm-by-hand", "more"), ("loop", "more")]  # fmt: skip


@pytest.mark.parametrize(("name", "stop"), CASES)
def test_a_run_goes_on_in_the_middle_of_the_text_to_the_bit(
    tmp_path: Path, verse: str, monkeypatch: pytest.MonkeyPatch, name: str, stop: int | str
) -> None:
    """With the LSTM, dropout too: half of what passes between its two layers."""
    monkeypatch.setenv("FASTAI_TUI_CHECKPOINT_SECONDS", "0")
    monkeypatch.setattr(checkpoints, "SHARE", 0)
    chosen = {"model": name, "schedule": "1cycle", "lr": 0.02, "bs": 256 if name == "loop" else 32}
    calm, all_of_it = session(tmp_path / "calm", verse, **chosen)
    calm.fit(2)
    count = len(calm.data.train)
    at = {"all": count, "more": count + 7}.get(str(stop), 3)
    first, before = session(tmp_path / "run", verse, at, **chosen)
    first.fit(2)
    assert max(before) == at
    second, after = session(tmp_path / "run", verse, **chosen)
    assert second.step == at
    if isinstance(second.model, Stateful):
        assert second.model.memory is not None
    second.fit(2)
    assert before | after == all_of_it
    assert (second.valid_loss, second.results) == (calm.valid_loss, calm.results)
    for mine, reference in zip(second.model.parameters(), calm.model.parameters(), strict=True):
        assert torch.equal(mine, reference)


def test_a_checkpoint_knows_what_its_numbers_mean_and_is_not_taken_for_another_text(tmp_path: Path, verse: str) -> None:
    learn, _ = session(tmp_path / "run", verse, 2)
    learn.fit(1)
    kept = checkpoints.newest(tmp_path / "run" / "checkpoints")
    assert kept is not None
    state = kept[0]["callbacks"]["Carrying"]
    assert Vocabulary(tuple(state["vocabulary"])) == learn.data.vocabulary  # type: ignore[attr-defined]
    Path(verse).write_text(Path(verse).read_text().replace("e", "é"))
    with pytest.raises(RunFailed, match="text has changed"):
        session(tmp_path / "run", verse)


def test_a_callback_on_its_own_restores_only_what_there_is() -> None:
    vocabulary = Vocabulary(("<unk>", "<pad>", "<eos>", "a"))
    callback = Carrying(vocabulary)
    with pytest.raises(RunFailed):
        callback.restore({"vocabulary": ["<unk>"], "memory": None})
