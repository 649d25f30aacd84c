"""A photo in several views: what the lab tells, against the network asked about pictures that are made here."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fastai_tui.engine.backbones import MEAN, STD
from fastai_tui.engine.data.photo_augment import at_test_time, photo_augmentation
from fastai_tui.engine.data.store import images
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret import views
from fastai_tui.engine.interpret.standing import standing
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons.experiments import order
from tests.unit.toy_photos import COUNTS, photos, ran, settings

SIZE, SEED = 96, 3


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a run on varied photos, and one on precomputed activations."""
    place = tmp_path_factory.mktemp("views")
    folder = photos(place / "photos")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTAI_TUI_HOME", str(place))
        for chosen in ({"precompute": "off", "augment": "side-on"}, {}):
            asked = settings(place, size=SIZE, **chosen)
            ran(order("dogscats", asked, data=str(folder), epochs=1, device="cpu", seed=SEED))
    return place


@pytest.fixture(autouse=True)
def run(place: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(place))
    return RunStore().find("1")


def test_views_are_the_photo_as_it_is_and_draws_of_it(run: Run, place: Path) -> None:
    found, row = views.answer(run.id, 7, "random", count=3), np.array([7])
    assert [view.name for view in found.views] == ["original", "augmented 1", "augmented 2", "augmented 3"]
    assert (found.index, found.images, found.classes) == (7, 2 * COUNTS["valid"], ["cats", "dogs"])
    photo = torch.tensor(images(str(place / "photos"), size=256).valid_images[7:8])
    how = photo_augmentation("side-on", SIZE)
    seen = [photo_augmentation("none", SIZE)(photo, how.draws(row, 10, SEED, 0))]
    seen += [how(photo, how.draws(row, found.images, SEED, epoch)) for epoch in range(3)]
    mean, std = (torch.tensor(part).view(3, 1, 1) for part in (MEAN, STD))
    model = standing(run.id).model
    for view, picture in zip(found.views, seen, strict=True):
        with torch.no_grad():
            expected = model((picture / 255 - mean) / std).softmax(1)[0]
        assert view.probabilities == pytest.approx(expected.tolist(), abs=1e-4)
        small = torch.nn.functional.interpolate(picture, (64, 64), mode="bilinear", antialias=True)[0]
        assert np.abs(np.array(view.pixels) - small.numpy()).max() <= 0.5001


def test_all_photos_are_scored(run: Run) -> None:
    found = views.scores(run.id, "random", count=2)
    assert (found.seen, found.total, len(found.averages)) == (10, 10, 3)
    told = [views.answer(run.id, i, "random", count=2) for i in range(10)]
    right = [one.answer(3) == one.truth for one in told]
    assert found.averages[-1].accuracy == pytest.approx(np.mean(right))


def test_what_is_drawn_where_training_varies_nothing_suits_the_pictures() -> None:
    chosen = {"augment": "none", "size": 64, "rotate": 3.0, "zoom": 1.2, "warp": 0.0, "light": 0.1, "contrast": 0.1}
    assert at_test_time(chosen, of_digits=False).kind == "side-on"
    assert at_test_time(chosen, of_digits=True).kind == "basic"
    assert at_test_time(chosen | {"augment": "top-down"}, of_digits=True).kind == "top-down"
    assert at_test_time(chosen, of_digits=True).rotate == 3.0


def test_views_that_there_are_not_and_runs_without_pictures_are_refused(run: Run) -> None:
    with pytest.raises(BadInput, match="kind=random"):
        views.answer(run.id, 0, "crops")
    with pytest.raises(BadInput, match="precompute=off"):
        views.answer("2", 0, "random")
