"""`dogscats` and `dogbreeds`: what may be ordered, what it begins with, and what becomes of a run's weights."""

from pathlib import Path

import msgspec
import pytest
import torch

from fastai_tui.engine import schedules
from fastai_tui.engine.errors import BadInput, DataMissing
from fastai_tui.engine.interpret import ranked, summary
from fastai_tui.engine.interpret.standing import standing
from fastai_tui.engine.interpret.trained import load
from fastai_tui.engine.models.heads import Pretrained
from fastai_tui.engine.runs.process import build
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.training import JobLearner
from fastai_tui.lessons.experiments import EXPERIMENTS, order
from tests.unit import toy_photos
from tests.unit.toy_photos import learner, settings

EMBEDDED = "photo-activations"
pytestmark = pytest.mark.usefixtures("one_thread", "own_signals")


def refused(**chosen: object) -> str:
    with pytest.raises(BadInput) as error:
        order("dogscats", chosen, data=EMBEDDED)
    return str(error.value)


def test_presets_are_the_course_s_steps(tmp_path: Path) -> None:
    head = order("dogscats", {}, data=EMBEDDED)
    assert (head.epochs, head.settings["lr"], head.settings["precompute"], head.settings["freeze"]) == (
        3,
        0.01,
        "on",
        2,
    )
    folder = toy_photos.photos(tmp_path / "photos")
    augmented, unfrozen, larger = (
        order("dogscats", {"preset": name}, data=str(folder)) for name in ("augmented", "unfrozen", "larger")
    )
    assert schedules.ends(augmented.settings) == (1, 2, 3)
    assert (augmented.settings["lr"], augmented.settings["augment"]) == (0.01, "side-on")
    assert schedules.ends(unfrozen.settings) == (1, 3, 7)
    assert (unfrozen.settings["lr"], unfrozen.settings["freeze"]) == ([1e-4, 1e-3, 1e-2], 0)
    assert (larger.settings["size"], larger.settings["freeze"]) == (299, 2)
    assert all(job.settings["precompute"] == "off" for job in (augmented, unfrozen, larger))


def test_what_does_not_go_together_is_said_in_a_sentence() -> None:
    assert "precompute=off" in refused(freeze=0)
    assert "precompute=off" in refused(tta="random")
    assert "precompute=off" in refused(weights="none")
    assert "head=cam" in refused(kernel="1")
    assert "vit_b_16 has no convolutional trunk" in refused(model="vit_b_16")
    assert "resnet34" in refused(model="resnet35")
    assert "at most 2" in refused(freeze=3) or "0 to 2" in refused(freeze=3)


@pytest.mark.parametrize(
    "chosen",
    [{"model": "resnet18"}, {"size": 128}, {"preset": "augmented"}, {"head": "cam"}, {"weights": "somewhere.pth"}],
    ids=str,
)
def test_without_pixels_whatever_needs_them_is_refused(chosen: dict[str, object]) -> None:
    assert "`fastai-tui data get dogscats`" in (said := refused(**chosen))
    assert "--data" in said
    assert said.count(". ") == 0


def test_weights_that_are_not_here_are_missed_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = toy_photos.photos(tmp_path / "photos")
    with pytest.raises(DataMissing, match="--weights PATH"):
        order("dogscats", {"model": "resnet18"}, data=str(folder))
    job = order("dogscats", {"model": "resnet18", "preset": "unfrozen"}, data=EMBEDDED, trains=False)
    found = summary.answer(msgspec.to_builtins(job))
    assert found.parameters == 11_176_512 + 2 * 1024 + 1024 * 512 + 512 + 2 * 512 + 512 * 2 + 2
    assert (found.input, found.groups, found.frozen) == ([3, 224, 224], 3, 0)
    assert found.trainable == found.parameters


def test_the_summary_shows_all_of_the_network_though_its_head_alone_trains() -> None:
    found = summary.answer(msgspec.to_builtins(order("dogscats", {}, data=EMBEDDED, trains=False)))
    assert found.input == [3, 224, 224]
    assert (found.groups, found.frozen) == (3, 2)
    assert found.parameters == 2_223_872 + 2 * 2560 + 2560 * 512 + 512 + 2 * 512 + 512 * 2 + 2
    assert found.trainable == found.parameters - 2_223_872
    assert {layer.group for layer in found.layers if layer.parameters} == {0, 1, 2}
    assert all(layer.keeps_statistics for layer in found.layers if layer.type == "BatchNorm2d")


def trained(place: Path, epochs: int | None = 1, **chosen: object) -> Run:
    """A run on the toy photos: all that its process does, in this one."""
    folder = place / "photos"
    if not folder.is_dir():
        toy_photos.photos(folder)
    job = order("dogscats", settings(place, **chosen), data=str(folder), epochs=epochs, device="cpu")
    return toy_photos.ran(job)


def test_training_goes_on_with_another_run_s_weights(tmp_path: Path) -> None:
    first = trained(tmp_path)
    theirs = load(first.id).learn.model.state_dict()
    second = learner(tmp_path, None, preset="unfrozen", begin="last", size=96)
    assert second.settings["begin"] == first.id  # the run itself, whatever comes after it
    assert isinstance(second.model, Pretrained)
    own = second.model.state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in theirs.items())
    fresh = learner(tmp_path, None, preset="unfrozen", size=96).model.state_dict()
    assert all(torch.equal(own[name], fresh[name]) for name in own if name.startswith("trunk."))
    again = learner(tmp_path, 1, begin=first.id)  # with precomputed activations, too
    assert all(torch.equal(again.model.state_dict()[name], tensor) for name, tensor in theirs.items())


def test_going_on_draws_other_numbers_than_before_and_the_same_ones_each_time(tmp_path: Path) -> None:
    def drawn(**chosen: object) -> torch.Tensor:
        torch.manual_seed(1)
        learner(tmp_path, 1, **chosen)
        return torch.rand(8)

    first = trained(tmp_path)
    fresh, going_on = drawn(), drawn(begin=first.id)
    assert not torch.equal(fresh, going_on)
    assert torch.equal(going_on, drawn(begin=first.id))


def test_a_run_of_another_network_is_refused(tmp_path: Path) -> None:
    first = trained(tmp_path)
    for chosen, why in (
        ({"head": "linear"}, "head=concat, and this one has head=linear"),
        ({"model": "shufflenet_v2_x0_5"}, "model=squeezenet1_1"),
    ):
        with pytest.raises(BadInput, match=why):
            learner(tmp_path, 1, begin=first.id, **chosen)
    for name in ("train", "valid"):
        (tmp_path / "photos" / name / "dogs").rename(tmp_path / "photos" / name / "wolves")
    with pytest.raises(BadInput, match="the classes cats, dogs, and this one has cats, wolves"):
        learner(tmp_path, 1, begin=first.id)
    with pytest.raises(BadInput, match="no run called"):
        learner(tmp_path, 1, begin="nobody")


def test_activations_of_the_pretrained_layers_do_not_fit_layers_that_have_learnt(tmp_path: Path) -> None:
    frozen = trained(tmp_path, precompute="off")
    learner(tmp_path, 1, begin=frozen.id)
    moved = trained(tmp_path, precompute="off", freeze=0, lr=0.01)
    with pytest.raises(BadInput, match="take precompute=off"):
        learner(tmp_path, 1, begin=moved.id)
    learner(tmp_path, 1, begin=moved.id, precompute="off")


def test_a_run_needs_those_that_it_began_with_no_more(tmp_path: Path) -> None:
    first = trained(tmp_path)
    second = trained(tmp_path, begin=first.id)
    RunStore().remove(first.path)
    found = load(second.id)
    assert isinstance(found.learn, JobLearner)
    whole = standing(second.id)
    assert isinstance(whole.model, Pretrained)
    assert (whole.classes, whole.size) == (("cats", "dogs"), 64)
    kept = found.learn.model.state_dict()
    assert all(torch.equal(whole.model.state_dict()[name], tensor) for name, tensor in kept.items())


@pytest.mark.parametrize("precompute", ["on", "off"])
def test_photos_in_the_order_of_how_sure_the_network_is(precompute: str, tmp_path: Path) -> None:
    run = trained(tmp_path, precompute=precompute, dropout=0, lr=0.0005)
    found = load(run.id).learn
    likely = torch.cat([found.predict(xb).softmax(1) for xb, _ in found.data.valid.batches(0)]).double()
    truth = torch.tensor([0] * 5 + [1] * 5)
    costs = [-float(likely[i, truth[i]].log()) for i in range(10)]
    wrong = ranked.answer(run.id, "wrong")
    assert (wrong.total, wrong.pixels) == (10, True)  # precomputed ones come from photos that are here
    assert wrong.loss == pytest.approx(sum(costs) / 10, rel=1e-4)
    by_hand = sorted((i for i in range(10) if likely[i].argmax() != truth[i]), key=lambda i: -float(likely[i].max()))
    assert [photo.index for photo in wrong.photos] == by_hand
    assert wrong.share == pytest.approx(sum(costs[i] for i in by_hand) / sum(costs), rel=1e-4)
    right = ranked.answer(run.id, "correct", label=1)
    assert [p.index for p in right.photos] == sorted(
        (i for i in range(5, 10) if likely[i].argmax() == 1), key=lambda i: -float(likely[i].max())
    )
    assert all(photo.right for photo in right.photos)
    uncertain = ranked.answer(run.id, "uncertain", count=3)
    gaps = [abs(float(likely[i, 0] - likely[i, 1])) for i in range(10)]
    assert [photo.index for photo in uncertain.photos] == sorted(range(10), key=lambda i: gaps[i])[:3]
    with pytest.raises(BadInput, match="correct, wrong, uncertain"):
        ranked.answer(run.id, "best")


@pytest.mark.parametrize("model", ["embedded", "squeezenet1_1", "shufflenet_v2_x0_5", "mobilenet_v3_small"])
def test_there_are_three_layer_groups_with_all_there_is_between_them(model: str) -> None:
    chosen = {"model": model, "precompute": "off", "lr": [0.1, 0.2, 0.3], "freeze": 1}
    learn = build(order("dogscats", chosen, data=EMBEDDED, device="cpu", trains=False))
    assert (len(learn.groups), learn.groups.frozen, len(learn.plan.rates)) == (3, 1, 3)
    owned = [p for part in learn.groups.parts for p in part.parameters()]
    assert set(owned) == set(learn.model.parameters())
    assert len(owned) == len(set(owned))
    assert set(EXPERIMENTS["dogscats"].groups) == set(EXPERIMENTS["dogscats"].schema["model"].choices)


def test_both_experiments_are_there_with_their_own_data() -> None:
    assert EXPERIMENTS["dogscats"].data == ("dogscats", EMBEDDED, "colour-digits")
    assert EXPERIMENTS["dogbreeds"].data == ("dogbreeds", EMBEDDED, "colour-digits")
    assert EXPERIMENTS["dogbreeds"].schema == EXPERIMENTS["dogscats"].schema
