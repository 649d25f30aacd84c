"""Experiments: what may be ordered, and that what is ordered is what is built and trained."""

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from fastai_tui.engine.data.store import images
from fastai_tui.engine.device import prepare
from fastai_tui.engine.errors import BadInput, DataMissing, RunFailed
from fastai_tui.engine.runs.process import build
from fastai_tui.engine.training import JobLearner
from fastai_tui.lessons.experiments import EXPERIMENTS, MOST_EPOCHS, experiment, order, smallest
from fastai_tui.lessons.experiments.mnist import only

FROM_SCRATCH = [name for name in EXPERIMENTS if name not in ("dogscats", "dogbreeds")]  # those have tests of their own


def learner(name: str, seed: int = 42, **settings: object) -> JobLearner:
    prepare(torch.device("cpu"), seed)
    learn = build(order(name, settings, data=smallest(experiment(name)), device="cpu", seed=seed))
    assert isinstance(learn, JobLearner)
    return learn


def test_the_registry_needs_no_torch() -> None:
    program = (
        "import sys; from fastai_tui.lessons.experiments import order; order('mnist', {}, data='mnist-sample');"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_order_is_complete_and_typed() -> None:
    job = order("mnist", {"bs": "64", "lr": "0.06", "schedule": "flat", "norm": "none"}, epochs=1, data="mnist-sample")
    assert job.settings | {"bs": 64, "lr": 0.06, "schedule": "flat", "norm": "none", "model": "cnn"} == job.settings
    assert (job.epochs, job.data, job.seed, job.device) == (1, "mnist-sample", 42, "auto")
    assert set(job.settings) == {setting.name for setting in experiment("mnist").schema.settings}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"name": "mnits"}, "mnist-3v7, mnist"),
        ({"settings": {"learning_rate": "1"}}, "there are model"),
        ({"settings": {"bs": "0"}}, "from 1 to 65536"),
        ({"settings": {"lr": "-1"}}, "from 0 to 100"),
        ({"settings": {"lr": "nan"}}, "from 0 to 100"),
        ({"settings": {"model": "resnet"}}, "cnn, cnn3x3"),
        ({"settings": {"schedule": "2cycle"}}, "flat, step, linear, cosine, 1cycle, sgdr"),
        ({"settings": {"lr": "1/2"}}, "one, or 3: one per layer group"),
        ({"settings": {"wd": [0.1, 0.2, 0.3, 0.4]}}, "one, or 3: one per layer group"),
        ({"settings": {"wd": "0.1/-0.1/0"}}, "from 0 to 10"),
        ({"settings": {"freeze": "3"}}, "from 0 to 2"),
        ({"name": "mnist-3v7", "settings": {"freeze": "2", "model": "linear"}}, "freeze at most 1"),
        ({"settings": {"bn_freeze": "on", "norm": "none"}}, "take norm=batch"),
        ({"name": "mnist-3v7", "settings": {"bn_freeze": "on"}}, "take norm=batch"),
        ({"settings": {"warm_up": "0.95"}}, "from 0 to 0.9"),
        ({"settings": {"schedule": "sgdr", "cycles": "2", "cycle_mult": "3", "warm_up": "0.25"}}, "longer cycle_len"),
        ({"settings": {"schedule": "sgdr", "warm_up": "0.5", "cycles": "100", "cycle_mult": "10"}}, "longer cycle_len"),
        ({"settings": {"decay": "l2"}}, "decoupled, coupled"),
        ({"settings": {"drops": "21"}}, "from 0 to 20"),
        ({"settings": {"drop_by": "0.5"}}, "from 1 to 1000"),
        ({"settings": {"clip": "-1"}}, "from 0 to 1000"),
        ({"settings": {"patience": "0.5"}}, "a whole number from 0 to 1000"),
        ({"epochs": 0}, "1 to 10000"),
        ({"epochs": -3}, "1 to 10000"),
        ({"epochs": MOST_EPOCHS + 1}, "1 to 10000"),
        ({"seed": -1}, "from 0 to 4294967295"),
        ({"seed": 2**32}, "from 0 to 4294967295"),
        ({"device": "gpu"}, "cuda:N"),
        ({"settings": {"schedule": "sgdr", "cycles": "3", "cycle_mult": "2"}, "epochs": 5}, "last 7 epochs"),
        ({"settings": {"schedule": "sgdr", "cycles": "100", "cycle_mult": "10"}}, "epochs are out of bounds"),
        ({"data": "cifar11"}, "mnist"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(BadInput) as refused:
        order(**{"name": "mnist", "settings": {}, "data": "mnist-sample", **arguments})  # type: ignore[arg-type]
    assert told in str(refused.value)
    assert str(refused.value).endswith(".")
    assert len(str(refused.value)) < 300


def test_data_that_are_not_here_are_missing(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="data get mnist"):
        order("mnist", {}, data="mnist")
    with pytest.raises(DataMissing, match="nothing at"):
        order("mnist", {}, data=str(tmp_path / "nothing"))


def test_without_the_full_set_the_sample_is_taken() -> None:
    assert order("mnist", {}).data == "mnist-sample"


def test_with_sgdr_the_cycles_say_how_long() -> None:
    settings = {"schedule": "sgdr", "cycles": "3", "cycle_len": "1", "cycle_mult": "2"}
    assert order("mnist", settings, data="mnist-sample").epochs == 7
    assert order("mnist", settings, epochs=7, data="mnist-sample").epochs == 7


@pytest.mark.parametrize("schedule", experiment("mnist").schema["schedule"].choices)
def test_a_warm_up_that_nobody_asks_for_is_the_schedule_s_own(schedule: str) -> None:
    job = order("mnist", {"schedule": schedule}, data="mnist-sample")
    assert job.settings["warm_up"] == (0.25 if schedule == "1cycle" else 0)
    asked = order("mnist", {"schedule": schedule, "warm_up": "0.1"}, data="mnist-sample")
    assert asked.settings["warm_up"] == 0.1


@pytest.mark.parametrize("name", FROM_SCRATCH)
def test_models_have_as_many_layer_groups_as_their_experiment_says(name: str) -> None:
    wanted = experiment(name)
    assert set(wanted.groups) == set(wanted.schema["model"].choices)
    for model, groups in wanted.groups.items():
        learn = learner(name, model=model, lr=[0.01] * groups, wd=[0.1] * groups, freeze=groups - 1)
        assert (len(learn.groups), learn.groups.frozen, len(learn.plan.rates)) == (groups, groups - 1, groups)
        owned = [p for part in learn.groups.parts for p in part.parameters()]
        assert set(owned) == set(learn.model.parameters())
        assert len(owned) == len(set(owned))
    assert wanted.schema["freeze"].high == max(wanted.groups.values()) - 1


def test_a_job_from_before_there_were_layer_groups_is_built_as_it_was() -> None:
    job = order("mnist", {"schedule": "flat"}, data="mnist-sample", device="cpu")
    new = ("warm_up", "drops", "drop_by", "drop_from", "decay", "freeze", "bn_freeze", "clip", "patience")
    settings = {name: value for name, value in job.settings.items() if name not in new}
    learn = build(msgspec.structs.replace(job, settings=settings))
    assert (len(learn.groups), len(learn.plan.rates), len(learn.opt.param_groups)) == (1, 1, 2)
    learn.change({"lr": 0.01, "wd": 0.1})
    assert learn.plan.at(0.5) == ([0.01], 0.9)


@pytest.mark.parametrize("name", [name for name in FROM_SCRATCH if name != "cifar10"])  # which has tests of its own
def test_every_model_and_norm_of_every_experiment_can_be_built(name: str) -> None:
    schema = experiment(name).schema
    for model in schema["model"].choices:
        for norm in schema["norm"].choices:
            learn = learner(name, model=model, norm=norm)
            has_norm = any(isinstance(module, nn.BatchNorm2d) for module in learn.model.modules())
            assert has_norm == (norm == "batch")


def test_the_first_experiment_has_all_threes_and_sevens_between_0_and_1() -> None:
    learn = learner("mnist-3v7")
    found = images("mnist-sample")
    assert learn.data.facts.classes == ["3", "7"]
    assert learn.data.facts.train == np.isin(found.train_labels, (3, 7)).sum()
    xs, ys = (torch.cat(parts) for parts in zip(*learn.data.valid.batches(0), strict=True))
    assert (xs.min().item(), xs.max().item()) == pytest.approx((0, 1))
    assert ys.tolist() == [int(label == 7) for label in found.valid_labels if label in (3, 7)]


@pytest.mark.real_data
def test_full_mnist_has_as_many_threes_and_sevens_as_the_course_says(test_data: Path) -> None:
    found = only(images(str(test_data / "mnist")), (3, 7))
    assert (len(found.train_images), len(found.valid_images)) == (12_396, 2_038)


def test_ten_digits_are_normalised_by_the_training_images_alone() -> None:
    learn = learner("mnist")
    xs = torch.cat([xb for xb, _ in learn.data.train.batches(0)])
    assert xs.mean().item() == pytest.approx(0, abs=0.02)  # the images that the last batch leaves out are missing
    assert xs.std().item() == pytest.approx(1, abs=0.02)


def test_a_network_that_keeps_its_grid_fails_in_one_sentence() -> None:
    learn = learner("mnist-3v7", model="broken")
    with pytest.raises(RunFailed, match="1×28×28 numbers, one per pixel, and a pixel is not a class"):
        learn.fit(1)


@pytest.mark.parametrize("model", ["linear", "cnn"])
def test_threes_and_sevens_are_learnt_from_the_sample(model: str) -> None:
    learn = learner("mnist-3v7", model=model)
    learn.fit(3)
    assert learn.results["accuracy"] > 0.9


def test_the_sample_is_learnt_with_the_defaults() -> None:
    learn = learner("mnist")
    learn.fit(experiment("mnist").epochs)
    assert learn.results["accuracy"] > 0.95


def test_images_of_another_kind_are_refused(tmp_path: Path) -> None:
    from fastai_tui.engine.data import idx

    for part in ("train", "t10k"):
        idx.write(tmp_path / f"{part}-images-idx3-ubyte", np.zeros((600, 8, 8), np.uint8))
        idx.write(tmp_path / f"{part}-labels-idx1-ubyte", np.zeros(600, np.uint8))
    with pytest.raises(BadInput, match="8×8"):
        build(order("mnist", {}, data=str(tmp_path), device="cpu"))
