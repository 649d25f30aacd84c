"""`dogscats` where no photos are: what stands in for them, and which run `begin=newest` means."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from fastai_tui.app.snapshots import data_in_words
from fastai_tui.engine import events
from fastai_tui.engine.data.image import ImageLoader
from fastai_tui.engine.data.photo_activations import shipped
from fastai_tui.engine.data.store import images
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.trained import load
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs.process import build, describe
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore, check_name
from fastai_tui.engine.training import JobLearner
from fastai_tui.lessons.experiments import order
from tests.unit import toy_photos
from tests.unit.toy_photos import ran

EMBEDDED, DIGITS = "photo-activations", "colour-digits"
SMALL = {"size": 64, "photos": 20, "bs": 10, "opt": "adam"}
pytestmark = pytest.mark.usefixtures("one_thread", "own_signals", "home")


def asked(name: str = "dogscats", data: str = "", **chosen: object) -> Job:
    return order(name, chosen, data=data, device="cpu", epochs=None if "preset" in chosen else 1)


def digits(**chosen: object) -> Run:
    """A run on a few digits."""
    return ran(asked(**SMALL | chosen))


def warnings(run: Run) -> dict[str, str]:
    return {event.code: event.message for event in run.log() if isinstance(event, events.Warned)}


@pytest.mark.parametrize("name", ["dogscats", "dogbreeds"])
def test_activations_serve_as_far_as_they_do_and_digits_otherwise(name: str) -> None:
    for chosen in ({}, {"preset": "head"}, {"head": "linear"}, {"head": "cam", "kernel": "1"}, {"augment": "side-on"}):
        assert asked(name, **chosen).data == EMBEDDED
    for chosen in ({"precompute": "off"}, {"size": 96}, {"head": "cam"}, {"preset": "quick"}, {"preset": "unfrozen"}):
        assert asked(name, **chosen).data == DIGITS
    assert asked(name, data=DIGITS).data == DIGITS  # whoever wants them gets them
    assert order(name, {"precompute": "off"}, trains=False).data == EMBEDDED  # a network of two classes to look at
    with pytest.raises(BadInput, match="--data"):
        asked(name, data=EMBEDDED, precompute="off")


def test_photos_that_are_here_go_before_all_that_is_embedded(home: Path) -> None:
    (home / "data" / "dogscats").mkdir(parents=True)
    (home / "data" / "dogscats" / "SHA256SUMS").write_text("")
    for chosen in ({}, {"preset": "augmented"}, {"size": 96}):
        assert asked(**chosen).data == "dogscats"
    assert asked(preset="augmented").settings["augment"] == "side-on"
    assert asked(preset="augmented").settings["photos"] == 0


@pytest.mark.parametrize("preset", ["augmented", "unfrozen", "larger", "quick"])
def test_digits_are_not_flipped_and_few_unless_somebody_wants_it(preset: str) -> None:
    own = asked(preset=preset).settings
    assert (own["augment"], own["photos"]) == ("basic", 2000)
    told = asked(preset=preset, augment="side-on", photos=0).settings
    assert (told["augment"], told["photos"]) == ("side-on", 0)
    assert asked(preset=preset, augment="none").settings["augment"] == "none"
    assert asked(preset=preset, size=64).settings["size"] == 64  # what is given goes before the preset's


def test_what_stands_in_is_said() -> None:
    job = asked(**SMALL)
    facts = describe(msgspec.to_builtins(job)).data
    assert data_in_words(facts) == "colour-digits, a stand-in: 20 to train on, 10 to validate"
    said = warnings(ran(job))
    assert set(said) == {"stand_in"}
    assert said["stand_in"].startswith("There are no photos in this run: 20 coloured digits stand in for dogscats;")
    assert "`fastai-tui data get dogscats`" in said["stand_in"]


def test_fewer_pictures_are_evenly_taken_and_have_all_classes() -> None:
    learn = build(asked(**SMALL | {"photos": 100, "precompute": "off"}))
    every, (train, valid) = images(DIGITS), (learn.data.train, learn.data.valid)
    assert isinstance(train, ImageLoader)
    assert isinstance(valid, ImageLoader)
    assert (train.items, valid.items, len(train), len(valid)) == (100, 50, 10, 1)
    rows = torch.arange(0, 4000, 40)
    assert torch.equal(train.pixels.gather(torch.arange(100)), torch.tensor(every.train_images)[rows])
    assert train.labels.tolist() == every.train_labels[rows].tolist()
    assert valid.labels.tolist() == every.valid_labels[np.arange(0, 1000, 20)].tolist()
    assert set(train.labels.tolist()) == set(valid.labels.tolist()) == set(range(10))
    assert len(build(asked(**SMALL | {"photos": 0})).data.train.labels) == 4000


def test_activations_may_be_few_too() -> None:
    learn = build(asked(photos=300))
    every = shipped()
    rows = np.arange(300) * 2000 // 300
    assert torch.equal(learn.data.train.activations.part("train"), every.pooled("concat")["train"][rows])
    assert learn.data.train.labels.tolist() == every.train_labels[rows].tolist()
    assert learn.data.valid.items == 150
    assert np.bincount(learn.data.train.labels).min() >= 140


def test_newest_is_the_newest_finished_run_of_the_same_network_and_data() -> None:
    first, other = digits(), digits(head="linear")
    RunStore().create(asked(**SMALL), "", [])  # has not begun
    waiting = asked(**SMALL | {"begin": "newest", "precompute": "off", "size": 96})
    assert waiting.settings["begin"] == "newest"
    second = digits()  # finished after the order, before the run starts
    run = ran(waiting)
    assert run.spec.job.settings["begin"] == second.id
    started = run.started()
    assert started is not None
    assert started.settings["begin"] == second.id
    assert set(warnings(run)) == {"stand_in"}
    theirs = load(second.id).learn.model.state_dict()
    fresh = build(msgspec.structs.replace(waiting, settings=run.spec.job.settings))
    assert all(torch.equal(fresh.model.state_dict()[name], tensor) for name, tensor in theirs.items())
    assert first.id != second.id != other.id


def test_without_such_a_run_there_is_a_new_head_and_a_word_about_it() -> None:
    digits(head="linear")
    run = digits(begin="newest")
    assert run.spec.job.settings["begin"] == ""
    assert set(warnings(run)) == {"stand_in", "new_head"}
    assert warnings(run)["new_head"].count(".") == 1
    assert digits(begin="newest").spec.job.settings["begin"] == run.id


def test_precomputed_activations_go_on_with_a_run_whose_trunk_has_not_learnt() -> None:
    frozen = digits()
    moved = digits(precompute="off", freeze=0, lr=0.01)
    assert digits(begin="newest", precompute="off").spec.job.settings["begin"] == moved.id
    assert (
        digits(begin="newest").spec.job.settings["begin"] == frozen.id
    )  # the others' trunks are not the pretrained one


def test_a_run_cannot_be_called_newest() -> None:
    with pytest.raises(BadInput, match="newest"):
        check_name("newest")


def test_freeze_is_refused_while_the_head_alone_is_trained(tmp_path: Path) -> None:
    learn = toy_photos.learner(tmp_path)
    with pytest.raises(BadInput, match="precompute=off"):
        learn.change({"lr": 0.5, "freeze": 0})
    assert learn.settings["lr"] == 0.01
    learn.change({"freeze": 2, "lr": 0.5})  # nothing else than before
    whole = toy_photos.learner(tmp_path, precompute="off")
    assert isinstance(whole, JobLearner)
    whole.change({"freeze": 0})
    assert whole.groups.frozen == 0
