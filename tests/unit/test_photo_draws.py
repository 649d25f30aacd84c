"""What augmentation makes of one photo: against numpy's own flips and turns, and against what a run would draw."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastai_tui import assets
from fastai_tui.engine.data.photo_augment import photo_augmentation
from fastai_tui.engine.errors import BadInput, DataMissing
from fastai_tui.engine.interpret.photo_draws import answer
from fastai_tui.engine.photo_draws import PhotoDraw

STILL = {"rotate": 0.0, "zoom": 1.0, "light": 0.0, "contrast": 0.0}


def pixels(found: bytes, side: int) -> np.ndarray:
    return np.frombuffer(found, np.uint8).reshape(side, side, 3).astype(int)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three cats and two dogs, each of one colour with a white corner."""
    for label, many in (("cat", 3), ("dog", 2)):
        for i in range(many):
            photo = np.full((60, 90, 3), (40 * i, 90, 200), np.uint8)
            photo[:20, 15:35] = 255
            for part in ("train", "valid"):
                path = tmp_path / part / label / f"{i}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(photo).save(path)
    return tmp_path


def test_where_no_photos_are_it_is_the_cat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(tmp_path))
    found = answer(epochs=0, side=64)
    assert (found.here, found.image, found.photos, found.draws) == (False, 0, 1, [])
    with Image.open(Path(assets.__path__[0]) / "data" / "chelsea.png") as cat:
        wide, high = cat.size
        left = (wide - high) // 2
        square = cat.convert("RGB").crop((left, 0, left + high, high)).resize((64, 64), Image.Resampling.BICUBIC)
    assert np.abs(pixels(found.original, 64) - np.asarray(square).astype(int)).mean() < 3


def test_each_way_to_lay_it_down_is_numpys(folder: Path) -> None:
    found = answer(str(folder), 1, seed=3, epochs=40, augment="top-down", side=32, **STILL)
    original = pixels(found.original, 32)
    assert {draw.turn for draw in found.draws} == set(range(8))
    for draw in found.draws:
        flipped = original[:, ::-1] if draw.flipped else original
        wanted = np.rot90(flipped, draw.turn % 4)
        assert np.abs(pixels(draw.pixels, 32) - wanted).max() <= 60  # its edges are interpolated
        assert np.abs(pixels(draw.pixels, 32) - wanted).mean() < 2
        white_below = pixels(draw.pixels, 32)[16:].mean() > pixels(draw.pixels, 32)[:16].mean()
        if draw.turn % 2 == 0:
            assert draw.upside == white_below  # the white corner is at the top of the photo


def test_the_draws_are_those_of_a_run(folder: Path) -> None:
    knobs = {"rotate": 20.0, "zoom": 1.5, "warp": 0.3, "light": 0.2, "contrast": 0.4}
    found = answer(str(folder), 3, seed=7, epochs=5, augment="side-on", side=16, **knobs)  # type: ignore[arg-type]
    assert (found.photos, found.label, found.here) == (5, "dog", True)
    how = photo_augmentation("side-on", 224, knobs["rotate"], knobs["zoom"], knobs["warp"], 0.2, 0.4)
    for epoch, draw in enumerate(found.draws):
        every = how.draws(np.arange(5), 5, 7, epoch)
        assert draw.epoch == epoch + 1
        assert draw.turn == every.turn[3] in (0, 4)
        assert draw.angle == pytest.approx(float(every.angle[3]))
        assert draw.larger == pytest.approx(float(every.zoom[3]))
        assert draw.tilt == pytest.approx(every.tilt[3].tolist())
        assert draw.tilted == bool((every.tilt[3].abs() >= 0.05).any())


def test_basic_is_never_flipped_and_none_is_as_it_was(folder: Path) -> None:
    assert {draw.turn for draw in answer(str(folder), epochs=12, augment="basic", side=16).draws} == {0}
    found = answer(str(folder), epochs=2, augment="none", side=16)
    assert [draw.pixels for draw in found.draws] == [found.original] * 2


def test_behind_the_last_photo_comes_the_first(folder: Path) -> None:
    assert answer(str(folder), 6, epochs=0, side=8).image == 1


def test_what_cannot_be_had_is_said(folder: Path) -> None:
    for wrong in ({"image": -1}, {"epochs": 65}, {"side": 0}, {"augment": "sideways"}):
        with pytest.raises(BadInput):
            answer(str(folder), **wrong)  # type: ignore[arg-type]
    with pytest.raises(DataMissing, match="nothing at"):
        answer("/nowhere/at/all")
    (folder / "train" / "cat" / "0.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"0\.png"):
        answer(str(folder), 0)


def test_head_down_are_two_of_the_eight() -> None:
    drawn = [PhotoDraw(1, turn, 0.0, 1.0, (0.0, 0.0), (0.0, 0.04), 0.0, 1.0, b"") for turn in range(8)]
    assert [draw.turn for draw in drawn if draw.upside] == [2, 6]
    assert not any(draw.tilted for draw in drawn)
