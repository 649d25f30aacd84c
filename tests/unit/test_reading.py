"""The automatic reading of runs: right on real ones, with and without their layers, and on losses made up for it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.engine import reading
from fastai_tui.engine.events import Epoch
from fastai_tui.engine.reading import VERDICTS, read
from fastai_tui.engine.recorded import Inside, Record
from fastai_tui.engine.remedies import remedy_in_words
from fastai_tui.lessons.experiments import experiment, order
from tests.unit.recorded_runs import CHOICES, accuracy, record, recorded

GUESS = float(np.log(10))
# What real runs are, with what they recorded of their layers, and from their losses alone.
TRUTH = {
    "r1-mnist-s1": ("dead", "dead"),
    "r1-mnist-s3": ("dead", "diverged"),
    "r1-mnist-s5": ("dead", "diverged"),
    "r2-mnist-s1": ("dead", "dead"),
    "r2-mnist-s2": ("dead", "diverged"),
    "r2-mnist-s5": ("dead", "diverged"),
    "r3-mnist-s1": ("sick", "healthy"),
    "r3-mnist-s2": ("sick", "healthy"),
    "r3-mnist-s7": ("sick", "healthy"),
    "r4-mnist-s1": ("healthy", "healthy"),
    "r4-mnist-s3": ("healthy", "healthy"),
    "r5-mnist-s1": ("healthy", "healthy"),
    "r5-mnist-s2": ("healthy", "healthy"),
    "r3-mnist-sample-s1": ("sick", "healthy"),
    "r4-mnist-sample-s1": ("healthy", "healthy"),
    "slow4-s1": ("slow", "slow"),
    "slow5-s1": ("slow", "slow"),
    "zero-s1": ("plateau", "plateau"),
    "overfit-s1": ("over-fitting", "over-fitting"),
    "overbn-s1": ("healthy", "healthy"),
    "sgdten-s1": ("dead", "diverged"),
    "milli-s1": ("healthy", "healthy"),
}


def made_up(losses: Any, **more: Any) -> Record:
    """A record of these losses."""
    found = np.asarray(losses, float)
    whole: dict[str, Any] = {"settings": order("mnist", {"norm": "none", "schedule": "flat"}).settings}
    whole |= {"rates": np.full(len(found), 0.06), "total": len(found), "choices": CHOICES, "guess": GUESS}
    return Record(losses=found, **{**whole, **more})


def epochs(train: list[float], valid: list[float]) -> list[Epoch]:
    return [
        Epoch(time=0.0, step=10 * (i + 1), epoch=i, train_loss=t, valid_loss=v, metrics={}, seconds=1.0)
        for i, (t, v) in enumerate(zip(train, valid, strict=True))
    ]


def falling(count: int = 200, to: float = 0.1) -> np.ndarray:
    """A loss as healthy runs have it, with the same noise each time."""
    noise = np.random.default_rng(1).normal(0, 0.02, count)
    return to + (GUESS - to) * np.exp(-np.arange(count) / count * 12) + noise


def test_every_recorded_run_has_a_truth() -> None:
    assert set(TRUTH) == set(recorded())


@pytest.mark.parametrize("name", TRUTH)
def test_real_runs_are_read_rightly(name: str) -> None:
    whole, alone = read(record(name)), read(record(name, inside=False))
    assert (whole.verdict, alone.verdict) == TRUTH[name]
    assert not whole.unseen
    assert "activations=on" in alone.unseen
    for finding in (*whole.findings, *alone.findings):
        assert finding.code in reading.CODES
        assert finding.message.startswith(finding.seen)


@pytest.mark.parametrize("name", [name for name in TRUTH if name.startswith(("r1", "r2"))])
@pytest.mark.parametrize("inside", [True, False])
def test_whatever_fails_of_rows_1_and_2_is_dead_or_diverged(name: str, inside: bool) -> None:
    assert accuracy(name) < 0.95
    assert read(record(name, inside=inside)).verdict in ("dead", "diverged")


@pytest.mark.parametrize("name", [name for name in TRUTH if name.startswith("r3")])
def test_the_near_zero_share_of_row_3_is_named(name: str) -> None:
    (finding,) = read(record(name)).findings
    share = float(np.mean([column[3] for column in recorded()[name]["near_zero"][-11:]]))
    assert 0.75 < share < 0.9
    assert "conv4" in finding.seen
    assert any(f"{share + apart:.0%}" in finding.seen for apart in (-0.005, 0, 0.005))
    assert finding.evidence[0].layer in ("conv2", "conv3", "conv4")
    assert "came to life and collapsed" in finding.seen


def test_a_dead_layer_s_evidence_is_the_batches_in_which_it_is_dead() -> None:
    (finding,) = read(record("r1-mnist-s3")).findings
    layer, loss = finding.evidence
    assert (layer.what, layer.layer) == ("near_zero", "conv2")
    assert layer.first < 30
    assert layer.last >= 930
    assert layer.value == pytest.approx(0.977, abs=0.01)
    assert (loss.what, loss.first, loss.last) == ("loss", 1, 2)
    assert loss.value == pytest.approx(3.445, abs=0.01)


def test_a_layer_and_its_relu_are_named_once_and_norms_are_no_hidden_layers() -> None:
    shares = np.array(recorded()["r3-mnist-s1"]["near_zero"])
    names = [f"{kind}{i}" for i in range(1, 5) for kind in ("conv", "relu", "norm")] + ["conv5"]
    norms = np.full((len(shares), 1), 0.99)
    columns = [column for i in range(4) for column in (shares[:, [i]], shares[:, [i]], norms)]
    inside = Inside(tuple(names), np.concatenate([*columns, shares[:, [4]]], axis=1))
    found = read(replace(record("r3-mnist-s1"), inside=inside))
    assert found.findings[0].seen == read(record("r3-mnist-s1")).findings[0].seen


def test_the_answers_layer_may_be_as_empty_as_it_likes() -> None:
    inside = Inside(("hidden", "answer"), np.array([[0.5, 0.99]] * 200))
    assert read(made_up(falling(), inside=inside)).verdict == "healthy"


def test_a_loss_that_is_no_number_is_told_with_its_batch() -> None:
    (finding,) = read(made_up(falling()[:40], broken=41)).findings
    assert (finding.code, finding.verdict, finding.evidence[0].last) == ("diverging", "diverged", 41)
    assert "batch 41" in finding.seen


def test_one_at_the_very_first_batch_too() -> None:
    assert read(made_up([], broken=1, total=100)).verdict == "diverged"


def test_a_loss_that_climbs_back_has_diverged() -> None:
    course = np.concatenate([falling(150), np.linspace(0.1, 1.9, 20), np.full(60, 1.9)])
    (finding,) = read(made_up(course)).findings
    assert finding.verdict == "diverged"
    assert "climbed to 1.90" in finding.seen


def test_a_run_that_still_trains_has_not_ended_at_its_loss() -> None:
    half = record("r1-mnist-s1")
    before = replace(half, losses=half.losses[:400], rates=half.rates[:400], ended=False)
    for found, stands in ((half, "It ends at 2.3"), (before, "It stands at 2.3")):
        assert stands in next(f for f in read(found).findings if f.code == "dead_units").message


def test_a_loss_above_what_guessing_costs_has_diverged() -> None:
    assert read(made_up(np.linspace(2.3, 9.0, 100))).verdict == "diverged"


def test_a_flat_loss_is_a_plateau_and_without_a_rate_that_is_why() -> None:
    still = np.full(100, GUESS)
    (finding,) = read(made_up(still)).findings
    assert finding.verdict == "plateau"
    (no_rate,) = read(made_up(still, rates=np.zeros(100))).findings
    assert "rate is zero" in no_rate.why
    assert no_rate.remedies == ({"lr": 0.01},)


def test_where_nobody_knows_what_guessing_costs_the_first_loss_stands_for_it() -> None:
    assert read(made_up(np.full(100, 7.0), guess=None)).verdict == "plateau"
    assert read(made_up(falling() + 5, guess=None)).verdict == "healthy"


def test_a_loss_that_still_falls_at_the_end_is_slow() -> None:
    (finding,) = read(made_up(np.linspace(2.3, 1.2, 100))).findings
    assert finding.verdict == "slow"
    assert finding.remedies == ({"lr": 0.6},)


def test_a_rising_validation_loss_is_over_fitting_only_while_the_training_loss_falls() -> None:
    train = [1.0, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02]
    rising = [0.9, 0.5, 0.4, 0.45, 0.5, 0.6, 0.7]
    (finding,) = read(made_up(falling(70, to=0.02), epochs=epochs(train, rising))).findings
    assert finding.verdict == "over-fitting"
    assert finding.remedies[0] == {"epochs": 3}
    assert (finding.evidence[0].what, finding.evidence[0].first) == ("valid_loss", 30)
    both = epochs([1.0, 0.5, 0.3, 0.4, 0.5, 0.6, 0.7], rising)
    assert "over_fitting" not in [f.code for f in read(made_up(falling(70), epochs=both)).findings]


def test_one_bad_epoch_is_no_over_fitting() -> None:
    train = [1.0, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02]
    valid = [0.9, 0.5, 0.4, 0.4, 0.39, 0.4, 0.7]
    assert read(made_up(falling(70, to=0.02), epochs=epochs(train, valid))).verdict == "healthy"


def test_a_few_batches_are_too_early() -> None:
    assert read(made_up(falling()[:19])).verdict == "early"
    assert read(made_up([])).verdict == "early"


def test_what_takes_its_time_is_no_finding_before_the_end() -> None:
    slow = made_up(np.linspace(2.3, 1.2, 100), total=400)
    assert not read(slow).findings
    assert "batch 100 of 400" in read(slow).headline
    assert read(replace(slow, ended=True)).verdict == "slow"


def test_remedies_are_settings_that_can_be_trained() -> None:
    for name in TRUTH:
        for finding in read(record(name)).findings:
            for remedy in finding.remedies:
                asked = {key: value for key, value in remedy.items() if key != "epochs"}
                assert order("mnist", {**recorded()[name]["settings"], **asked}, data="mnist-sample")
                assert remedy_in_words(remedy) in finding.message


def test_batch_norm_is_proposed_only_where_it_can_be_had() -> None:
    plain = {s.name: s.choices for s in experiment("mnist-3v7").schema.settings if s.choices}
    dead = record("r1-mnist-s1")
    assert read(dead).findings[0].remedies[0] == {"norm": "batch"}
    assert {"norm": "batch"} not in read(replace(dead, choices=plain)).findings[0].remedies


def test_each_layer_group_s_rate_is_lowered() -> None:
    grouped = replace(record("r1-mnist-s1"), settings={"lr": [0.001, 0.06], "schedule": "1cycle"}, choices={})
    (finding,) = read(grouped).findings
    assert finding.remedies == ({"lr": [0.0001, 0.006]},)
    assert "lr=0.0001/0.006" in finding.advice


@settings(max_examples=150, deadline=None)
@given(
    losses=st.lists(st.floats(0, 1e6, width=32), max_size=120),
    shares=st.lists(st.tuples(*[st.floats(0, 1)] * 3), max_size=120),
    total=st.integers(1, 300),
    guess=st.one_of(st.none(), st.floats(0.1, 10)),
    broken=st.booleans(),
)
def test_whatever_is_recorded_can_be_read(
    losses: list[float], shares: list[tuple[float, ...]], total: int, guess: float | None, broken: bool
) -> None:
    inside = Inside(("a", "b", "c"), np.array(shares).reshape(-1, 3)) if shares else None
    found = read(made_up(losses, total=total, guess=guess, inside=inside, broken=len(losses) + 1 if broken else 0))
    assert found.verdict in (*VERDICTS, "early")
    assert found.headline
    for finding in found.findings:
        assert all(1 <= evidence.first <= evidence.last for evidence in finding.evidence), finding
