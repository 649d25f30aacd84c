"""A study's plan, its books, its table and its findings, against numbers worked out by hand and by numpy."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from canned_runs import BEGUN, alive, make_run
from hypothesis import given
from hypothesis import strategies as st

from fastai_tui.engine.ablation import findings, grid
from fastai_tui.engine.ablation.findings import T, compare
from fastai_tui.engine.ablation.grid import Factor, Member
from fastai_tui.engine.ablation.outcome import Outcome, outcomes, to_do
from fastai_tui.engine.ablation.report import conclusions, document
from fastai_tui.engine.ablation.study import Study, StudyStore, found
from fastai_tui.engine.ablation.table import Spread, spread, table
from fastai_tui.engine.errors import BadInput, DiskTrouble
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons.ablation import Plan, plan, values


def planned(models: str = "cnn,cnn3x3", seeds: int = 2, **settings: str) -> Plan:
    return plan("mnist", values(models, settings), seeds=range(42, 42 + seeds), data="mnist-sample")


def study_of(made: Plan, name: str = "") -> Study:
    return StudyStore().create(made.experiment, name, made.factors, made.cells, made.members, ["test"])


# The plan


def test_a_study_is_every_combination_with_every_seed_one_seed_after_the_other() -> None:
    made = planned(bs="64|128", seeds=3)
    assert [tuple(cell.values()) for cell in made.cells] == [
        ("cnn", 64),
        ("cnn", 128),
        ("cnn3x3", 64),
        ("cnn3x3", 128),
    ]
    assert [(m.number, m.cell, m.job.seed) for m in made.members] == [
        (1 + 4 * seed + cell, cell, 42 + seed) for seed in range(3) for cell in range(4)
    ]
    assert [(m.job.settings["model"], m.job.settings["bs"]) for m in made.members[:4]] == [
        ("cnn", 64),
        ("cnn", 128),
        ("cnn3x3", 64),
        ("cnn3x3", 128),
    ]


def test_every_model_has_its_own_defaults() -> None:
    made = plan("cifar10", values("conv,norm", {"preset": "quick"}), seeds=[42], data="colour-digits")
    assert [member.job.settings["norm"] for member in made.members] == ["none", "after"]
    assert [member.job.epochs for member in made.members] == [6, 6]


@pytest.mark.parametrize(
    ("models", "settings", "seeds", "said"),
    [
        ("cnn,resnet99", {}, 2, "model=resnet99 is out of bounds; allowed: cnn"),
        ("cnn", {"norm": "batch|sideways"}, 2, "norm=sideways is out of bounds; allowed: batch, none"),
        ("cnn", {"norm": "batch|"}, 2, "norm='' is out of bounds; allowed: batch, none"),
        ("cnn", {"bs": "64|64"}, 2, "bs has 64 twice"),
        ("cnn", {"lr": "0.1|.1"}, 2, "lr has .1 twice"),
        ("cnn", {"colour": "red"}, 2, "There is no setting colour here"),
        ("cnn", {"model": "cnn3x3"}, 2, "model is given twice"),
        (
            "cnn",
            {"bn_freeze": "off|on", "norm": "batch|none"},
            2,
            "model=cnn, bn_freeze=on, norm=none: bn_freeze=on needs",
        ),
        ("cnn", {}, 0, "at least one"),
        ("cnn", {}, 1001, "1,001 runs"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    models: str, settings: dict[str, str], seeds: int, said: str
) -> None:
    with pytest.raises(BadInput) as caught:
        plan("mnist", values(models, settings), seeds=range(seeds), data="mnist-sample")
    assert said in str(caught.value)


# The record


def test_a_study_is_kept_as_it_was_planned_and_found_by_its_name() -> None:
    first, second = study_of(planned(lr="0.01|1e-4/1e-3/1e-2")), study_of(planned(), "order")
    assert [first.name, second.name] == ["mnist-1", "order"]
    assert StudyStore().find("mnist-1") == first
    assert StudyStore().find("last") == StudyStore().find("order") == second
    assert study_of(planned()).name == "mnist-2"


def test_a_study_that_is_not_there_taken_or_damaged_is_told() -> None:
    with pytest.raises(BadInput, match="no studies yet"):
        StudyStore().find("last")
    study = study_of(planned(), "order")
    with pytest.raises(BadInput, match="already; `fastai-tui ablate --resume order`"):
        study_of(planned(), "order")
    with pytest.raises(BadInput, match="no study called 'disorder'; there are order"):
        StudyStore().find("disorder")
    with pytest.raises(BadInput, match="A study cannot be called"):
        study_of(planned(), "../x")
    path = StudyStore().folder(study.name) / "study.json"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DiskTrouble, match="damaged"):
        StudyStore().find("order")


def test_a_run_belongs_to_a_study_by_its_name_its_age_and_its_job() -> None:
    made, store = planned(seeds=1), RunStore()
    store.create(made.members[0].job, "mnist-1.01", [])  # older than the study
    study = study_of(made)
    assert found(study, store.runs()) == {}
    store.create(made.members[0].job, "other", [])
    store.create(made.members[1].job, "mnist-1.01", [])  # another's job
    right = [store.create(made.members[0].job, "mnist-1.01", []) for _ in range(2)]
    assert {n: run.id for n, run in found(study, store.runs()).items()} == {1: right[1].id}


# What has become of the runs


def one_member(job: Job) -> Study:
    member = Member(number=1, cell=0, job=job)
    return Study(
        name="s",
        created=BEGUN - 1,
        experiment="mnist",
        factors=(),
        seeds=(job.seed,),
        cells=[{}],
        members=[member],
        command=[],
    )


@pytest.mark.parametrize(
    ("end", "phase", "done"),
    [
        ("finished", "finished", True),
        ("diverged", "diverged", True),
        ("failed", "failed", False),
        ("stopped", "interrupted", False),
        ("", "interrupted", False),
    ],
)
def test_only_what_has_finished_or_diverged_is_done(end: str, phase: str, done: bool) -> None:
    run = make_run(354, end=end, name="s.01")
    study = one_member(run.spec.job)
    (found_now,) = outcomes(study, found(study, RunStore().runs()))
    assert (found_now.phase, found_now.run, to_do([found_now])) == (phase, run.id, [] if done else [1])
    if end == "finished":  # the last of three epochs, of 2.1 s each, as the canned run has them
        assert found_now.measures == pytest.approx({"accuracy": 0.97, "loss": 0.1, "seconds": 6.3})
    else:
        assert found_now.measures == {}


def test_a_run_under_way_and_one_that_was_removed_are_not_done() -> None:
    run = make_run(100, name="s.01")
    study = one_member(run.spec.job)
    with alive(run):
        assert outcomes(study, found(study, [run]))[0].phase == "going"
    RunStore().remove(run.path)
    assert outcomes(study, found(study, RunStore().runs()))[0].phase == "missing"


# The table


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_mean_and_deviation_are_numpys(values: list[float]) -> None:
    got = spread(values)
    assert got.mean == pytest.approx(np.mean(values), abs=1e-6)
    assert got.deviation == pytest.approx(np.std(values, ddof=1), abs=1e-6)
    assert got.count == len(values)


def measured(cell: int, accuracies: Sequence[float], phase: str = "finished") -> list[Outcome]:
    return [
        Outcome(number=0, cell=cell, seed=s, phase=phase, measures={"accuracy": a} if phase == "finished" else {})
        for s, a in enumerate(accuracies)
    ]


def test_the_table_has_a_row_for_each_cell_with_what_became_of_its_runs() -> None:
    found_now = [*measured(1, [0.8]), *measured(0, [0.5, 0.6, 0.7]), *measured(1, [0], "diverged")]
    first, second = table([*found_now, *measured(1, [0], "failed")])
    assert first.measures["accuracy"] == Spread(pytest.approx(0.6), pytest.approx(0.1), 3)
    assert second.measures == {"accuracy": Spread(0.8, None, 1)}
    assert (second.asked, second.finished, second.diverged, second.failed) == (3, 1, 1, 1)


# The findings

MODELS, NORMS = Factor("model", ("a", "b")), Factor("norm", ("after", "before"))
GRID = grid.cells([MODELS, NORMS])


def test_the_verdicts_worked_out_by_hand() -> None:
    base = spread([0.90, 0.92, 0.94])  # mean 0.92, deviation 0.02; t(4) = 2.776: 2.776 × 0.02 × √(2/3) = 0.04533
    for shift, verdict in ((0.01, "none"), (0.03, "open"), (0.05, "real"), (-0.05, "real")):
        other = spread([0.90 + shift, 0.92 + shift, 0.94 + shift])
        assert compare(other, base) == (verdict, pytest.approx(0.02), pytest.approx(0.04533, abs=1e-5))
    unlike = spread([0.5, 0.7]), spread([0.1, 0.2, 0.3, 0.4])  # variances 0.02 and 0.016667: (0.02 + 0.05) / 4 = 0.0175
    verdict, deviation, needed = compare(*unlike)
    assert (verdict, deviation) == ("real", pytest.approx(math.sqrt(0.0175)))
    assert needed == pytest.approx(2.776 * math.sqrt(0.0175 * 0.75))  # 0.318; the difference is 0.35
    assert compare(spread([0.5]), base) == ("unknown", None, None)


def test_with_many_seeds_a_difference_must_still_exceed_their_deviation() -> None:
    chance = np.random.default_rng(1)
    a, b = chance.normal(0, 1, 200), chance.normal(0.5, 1, 200)
    verdict, deviation, needed = compare(spread(list(a)), spread(list(b)))
    assert (verdict, needed) == ("none", deviation)


def test_the_quantiles_are_students() -> None:
    for free, quantile in enumerate(T, start=1):
        x = np.linspace(0, quantile, 20_001)
        scale = math.gamma((free + 1) / 2) / math.sqrt(free * math.pi) / math.gamma(free / 2)
        density = scale * (1 + x**2 / free) ** (-(free + 1) / 2)
        area = float(((density[1:] + density[:-1]) / 2 * np.diff(x)).sum())
        assert 0.5 + area == pytest.approx(0.975, abs=1e-4), free


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_seeds_without_an_effect_look_real_in_one_study_of_twenty(seeds: int) -> None:
    drawn = np.random.default_rng(0).normal(0.9, 0.01, (4000, 2, seeds))
    verdicts = [compare(spread(list(a)), spread(list(b)))[0] for a, b in drawn]
    assert verdicts.count("real") / 4000 == pytest.approx(0.05, abs=0.015)


def test_a_finding_says_what_is_compared_how_much_and_how_many_seeds() -> None:
    found_now = [
        *measured(0, [0.90, 0.92, 0.94]),  # a, after
        *measured(1, [0.80, 0.82, 0.84]),  # a, before
        *measured(2, [0.91, 0.93, 0.95]),  # b, after
        *measured(3, [0.83, 0.85, 0.87]),  # b, before
    ]
    got = findings.findings((MODELS, NORMS), GRID, table(found_now))
    assert [(f.factor, f.a, f.b, f.verdict) for f in got] == [
        ("model", 2, 0, "none"),
        ("model", 3, 1, "open"),
        ("norm", 1, 0, "real"),
        ("norm", 3, 2, "real"),
    ]
    assert [f.difference for f in got] == pytest.approx([0.01, 0.03, -0.1, -0.08])
    assert got[2].sentence == (
        "With model=a: norm=before against norm=after, accuracy 0.82 against 0.92: worse by 0.1. "
        "Real: the seeds' deviation is 0.02 (3 seeds each)."
    )
    assert got[0].sentence.endswith(
        "better by 0.01. Not shown to matter: no more than the seeds' deviation of 0.02 (3 seeds each)."
    )
    assert "with 3 seeds each it would take 0.0453 to rule out chance" in got[1].sentence


def test_a_lower_loss_is_better_where_there_is_no_accuracy() -> None:
    found_now = [Outcome(number=0, cell=c, seed=0, phase="finished", measures={"loss": 2.0 - c}) for c in (0, 1)]
    (got,) = findings.findings((NORMS,), grid.cells([NORMS]), table(found_now))
    assert got.sentence == (
        "norm=before against norm=after, loss 1 against 2: better by 1; one seed cannot tell that from chance, "
        "two or more can."
    )


def test_few_values_are_compared_each_with_each_and_many_with_the_first() -> None:
    three, four = Factor("bs", (1, 2, 3)), Factor("bs", (1, 2, 3, 4))
    assert findings.pairs(three, grid.cells([three])) == [(1, 0), (2, 0), (2, 1)]
    assert findings.pairs(four, grid.cells([four])) == [(1, 0), (2, 0), (3, 0)]


def test_what_is_in_no_mean_is_said() -> None:
    found_now = [
        *measured(0, [0.9, 0.9]),
        *measured(1, [0.0, 0.0], "diverged"),
        *measured(2, [0.0], "failed"),
        *measured(3, [0.8]),
    ]
    said = findings.cautions((MODELS, NORMS), GRID, table(found_now), 21)
    assert said == [
        "model=a, norm=before: 2 of 2 runs diverged, and are in no mean.",
        "model=b, norm=after: 1 of 1 runs is not done (1 failed).",
        "Of 21 comparisons about 1 would look real by chance alone.",
    ]


def test_the_document_is_json_with_every_run_cell_and_finding() -> None:
    study = study_of(planned(seeds=2))
    found_now = [
        Outcome(
            number=m.number, cell=m.cell, seed=m.job.seed, phase="finished", measures={"accuracy": 0.9 + 0.01 * m.cell}
        )
        for m in study.members
    ]
    answer = msgspec.json.decode(msgspec.json.encode(document(study, found_now)))
    assert answer["factors"] == {"model": ["cnn", "cnn3x3"]}
    assert [run["values"]["model"] for run in answer["runs"]] == ["cnn", "cnn3x3"] * 2
    assert [cell["measures"]["accuracy"]["deviation"] for cell in answer["cells"]] == [0.0, 0.0]
    assert answer["findings"][0]["verdict"] == "real"  # the seeds agree to the last digit
    assert answer["conclusions"] == conclusions(study, found_now)
