"""Test-time augmentation looked at: views, probabilities and scores against numpy's padding and torch's functions."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor

from fastai_tui.engine import lab
from fastai_tui.engine.errors import BadInput, DataMissing
from fastai_tui.engine.interpret import views
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.viewed import Look, Score, Scores, Viewed
from tests.runs import new_run
from tests.unit.norm_run import TRAIN, VALID, home_with_runs, images, kept, logits, normalised, state_of

WEIGHTS = torch.tensor([1, 0.5, 0.5, 1, 0.5, 0.5]).double()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_with_runs(tmp_path_factory.mktemp("trained"))


@pytest.fixture(autouse=True)
def run(trained: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(trained))
    return RunStore().find("1")


def cropped(images: np.ndarray, shift: int, mode: str = "reflect") -> list[np.ndarray]:
    """The six crops by numpy's own padding."""
    size = images.shape[-1]
    padded = np.pad(images, ((0, 0), (0, 0), (shift, shift), (shift, shift)), mode=mode)  # type: ignore[call-overload]
    moves = [padded[:, :, at : at + size, at : at + size] for at in (shift, 0, 2 * shift)]
    return [*moves, *(move[..., ::-1] for move in moves)]


def likely(run: Run, seen: list[np.ndarray]) -> Tensor:
    """(views, n, classes), in float64."""
    state = state_of(run)
    return torch.stack([logits(state, normalised(v.copy()), kept(state)).double().softmax(1) for v in seen])


def everything(run: Run, **asked: object) -> Scores:
    """All images' scores, however often that has to be asked for."""
    for _ in range(100):
        found = views.scores(run.id, **asked)  # type: ignore[arg-type]
        if found.done:
            return found
    raise AssertionError("it does not come to an end")


def test_an_image_s_views_and_probabilities_are_those_of_plain_functions(run: Run) -> None:
    for at, shift in ((0, 1), (70, 3), (VALID - 1, 8)):
        found = views.answer(run.id, at, "crops", shift)
        expected = cropped(images().valid_images[at : at + 1], shift)
        for view, pixels in zip(found.views, expected, strict=True):
            assert np.array_equal(np.array(view.pixels), pixels[0])
        told = torch.tensor([view.probabilities for view in found.views]).double()
        assert torch.allclose(told, likely(run, expected)[:, 0], atol=1e-5)
        mean = torch.tensordot(WEIGHTS / WEIGHTS.sum(), told, 1)
        assert found.average(6) == pytest.approx(mean.tolist())
        assert found.answer(6) == int(mean.argmax())
        assert (found.index, found.images, found.truth) == (at, VALID, images().valid_labels[at])
        assert found.classes == list("abcde")


def test_all_images_scores_are_those_of_plain_functions(run: Run) -> None:
    every, truth = likely(run, cropped(images().valid_images, 1)), torch.tensor(images().valid_labels).long()
    found = everything(run)
    assert (found.seen, found.total, found.step) == (VALID, VALID, 2 * (TRAIN // 32))
    for first in range(1, 7):
        weights = WEIGHTS[:first] / WEIGHTS[:first].sum()
        mean = torch.tensordot(weights, every[:first], 1)
        loss = -float(mean[range(VALID), truth].log().mean())
        told = found.averages[first - 1]
        assert (told.accuracy, told.loss) == pytest.approx(
            (float((mean.argmax(1) == truth).double().mean()), loss), 1e-4
        )
        assert found.alone[first - 1].accuracy == float((every[first - 1].argmax(1) == truth).double().mean())
    was, now = every[0].argmax(1), torch.tensordot(WEIGHTS / WEIGHTS.sum(), every, 1).argmax(1)
    other = [i for i in range(VALID) if was[i] != now[i]]
    assert found.changed == other
    assert found.fixed == [i for i in other if now[i] == truth[i]]
    assert found.spoiled == [i for i in other if was[i] == truth[i]]
    assert found.best == 1 + int(np.argmin([score.loss for score in found.averages]))


def test_the_original_alone_is_what_the_run_has_recorded(run: Run) -> None:
    last = run.epochs()[-1]
    first = everything(run, kind="flip").averages[0]
    assert first.accuracy == pytest.approx(last.metrics["accuracy"], abs=1e-6)
    assert first.loss == pytest.approx(last.valid_loss, rel=1e-4)


def test_asked_again_it_goes_on_where_it_was(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = everything(run, kind="flip")
    views._remembered.cache_clear()
    monkeypatch.setattr(views, "PIECE", 30)
    monkeypatch.setattr(views, "BUDGET", 0.0)
    assert views.scores(run.id, "flip").seen == 30
    assert views.answer(run.id, VALID - 1, "flip").index == VALID - 1  # its piece is looked at out of turn
    assert views.scores(run.id, "flip").seen == 30
    monkeypatch.setattr(views, "BUDGET", 60.0)
    again = views.scores(run.id, "flip")
    assert (again.seen, again.changed) == (VALID, whole.changed)
    assert [score.loss for score in again.averages] == pytest.approx([score.loss for score in whole.averages], 1e-4)
    views._remembered.cache_clear()


def test_random_views_are_drawn_as_training_draws_them() -> None:
    found = views.answer(RunStore().find("4").id, 5, "random", count=8)
    assert [view.name for view in found.views] == ["original", *(f"augmented {i}" for i in range(1, 9))]
    image = images().valid_images[5]
    padded = np.pad(image, ((0, 0), (2, 2), (2, 2)))
    places = [padded[:, i : i + 32, j : j + 32] for i in range(5) for j in range(5)]
    possible = {crop.tobytes() for crop in places} | {crop[..., ::-1].tobytes() for crop in places}
    assert {np.array(view.pixels, np.uint8).tobytes() for view in found.views} <= possible
    again = views.answer("4", 5, "random", count=8)
    assert again == found
    usual = views.answer("1", 5, "random")  # training varied nothing: what is usual is taken
    assert len({str(view.pixels) for view in usual.views}) == 5


def test_what_is_out_of_bounds_is_brought_back(run: Run) -> None:
    assert views.answer(run.id, 10**9).index == VALID - 1
    assert views.answer(run.id, -5).index == 0
    assert len(views.answer(run.id, 0, "random", count=10**6).views) == 9
    assert views.answer(run.id, 0, "crops", shift=-3).views[1].name == "−1, −1"


def test_what_can_not_be_shown_is_told() -> None:
    with pytest.raises(BadInput, match="take crops, flip, random"):
        views.answer("1", 0, "sideways")
    with pytest.raises(DataMissing, match="no checkpoint"):
        views.answer(new_run("mnist-3v7").id)


def test_the_lab_answers(run: Run) -> None:
    def asked(request: str) -> object:
        line = msgspec.json.encode({"request": request, "arguments": {"run": run.id}})
        return msgspec.json.decode(lab.reply(line))["answer"]

    assert len(msgspec.convert(asked("views"), Viewed).views) == 6
    assert msgspec.convert(asked("views_of_all"), Scores).total == VALID


def test_a_large_picture_is_told_with_fewer_pixels() -> None:
    assert views._small(torch.zeros(3, 512, 300)).shape == (3, 64, 38)


def test_the_best_is_the_first_of_equals() -> None:
    scores = [Score(0.5, 1.0), Score(0.6, 0.5), Score(0.7, 0.5)]
    assert Scores("r", 1, 9, 9, scores, scores, [3], [1], [2]).best == 2
    assert Scores("r", 1, 9, 9, scores, scores, [3], [1], [2]).changed == [1, 2, 3]
    view = Look("original", 1.0, [[[0]]], [0.5, 0.5])
    assert Viewed("r", 1, "d", 0, 1, ["a", "b"], 0, [view]).answer(1) == 0
