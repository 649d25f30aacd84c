"""Digits among fragments of others: what is on the canvases, where, and that no held-out digit is trained on."""

import hashlib

import numpy as np
import pytest
import torch

from fastai_tui.engine.data import store
from fastai_tui.engine.data.catalogue import DIGIT_CLUTTER
from fastai_tui.engine.data.digit_clutter import Canvases, made, scattered
from fastai_tui.engine.data.image import image_data


def digits(part: str) -> tuple[np.ndarray, np.ndarray]:
    found = store.images("mnist-sample")
    return (found.train_images, found.train_labels) if part == "train" else (found.valid_images, found.valid_labels)


def canvases(part: str) -> Canvases:
    return made()[part == "valid"]


@pytest.mark.parametrize(("part", "count"), [("train", 20_000), ("valid", 2_000)])
def test_there_are_as_many_of_each_digit_and_their_places_are_anywhere(part: str, count: int) -> None:
    found = canvases(part)
    assert found.images.shape == (count, 64, 64)
    assert np.bincount(found.labels).tolist() == [count // 10] * 10
    assert (found.boxes[:, 2:] - found.boxes[:, :2] == 28).all()
    assert found.boxes[:, :2].min() == 0
    assert found.boxes[:, 2:].max() == 64
    counts = np.histogram2d(found.boxes[:, 0], found.boxes[:, 1], bins=4, range=[[0, 37], [0, 37]])[0] / count
    np.testing.assert_allclose(counts, 1 / 16, atol=0.03)


@pytest.mark.parametrize("part", ["train", "valid"])
def test_in_its_box_is_a_whole_digit_of_its_class_and_around_it_are_fragments(part: str) -> None:
    found, (own, labels) = canvases(part), digits(part)
    held = set[int]()
    for row in range(0, 200):
        top, left, bottom, right = found.boxes[row].tolist()
        inside = found.images[row, top:bottom, left:right]
        whole = np.flatnonzero((labels == found.labels[row]) & (own <= inside).all((1, 2)))
        assert len(whole) >= 1
        lit = [int(digit) for digit in whole if (inside == own[digit])[own[digit] > 0].mean() > 0.5]
        assert lit
        held.update(lit)
        outside = found.images[row].copy()
        outside[top:bottom, left:right] = 0
        assert (outside > 0).sum() <= 6 * 64
    assert len(held) > 180
    around = found.images.astype(float).mean((1, 2)).mean() * 64**2
    assert 1.2 < around / own.astype(float).sum((1, 2)).mean() < 2.5  # a digit, and about as much again


def test_each_fragment_is_a_square_of_another_digit_of_the_same_part() -> None:
    """With digits of one grey level each, every pixel tells whose it is."""
    own = np.zeros((50, 28, 28), np.uint8)
    own[:] = np.arange(100, 150)[:, None, None]
    found = scattered(np.random.RandomState(0), own, np.arange(50, dtype=np.uint8), 200)
    for row in range(200):
        top, left, bottom, right = found.boxes[row].tolist()
        level, image = 100 + int(found.labels[row]), found.images[row].astype(int)
        assert (image[top:bottom, left:right] >= level).all()
        others = set(np.unique(image).tolist()) - {0, level}
        assert len(others) <= 6
        for other in others:
            rows, columns = np.nonzero(image == other)
            assert max(np.ptp(rows), np.ptp(columns)) < 64
            assert (image == other).sum() <= 2 * 64  # one fragment, or two of the same digit


def test_nothing_held_out_is_trained_on() -> None:
    """With the parts told apart by their grey level, no canvas has both."""
    dark, light = np.full((20, 28, 28), 100, np.uint8), np.full((20, 28, 28), 200, np.uint8)
    labels = np.zeros(20, np.uint8)
    assert set(np.unique(scattered(np.random.RandomState(0), dark, labels, 50).images)) == {0, 100}
    assert set(np.unique(scattered(np.random.RandomState(0), light, labels, 50).images)) == {0, 200}
    train, valid = digits("train")[0], digits("valid")[0]
    assert not {image.tobytes() for image in train} & {image.tobytes() for image in valid}


def test_the_canvases_are_the_same_bytes_everywhere() -> None:
    digest = hashlib.sha256(canvases("train").images.tobytes() + canvases("valid").images.tobytes()).hexdigest()
    assert digest == "763b2072cd8d8f10d9de67af7d3ed1f3dd3a9704f42483d5bb829556fd3abf0a"


def test_they_are_opened_by_name_and_stay_on_the_device() -> None:
    found = store.images("digit-clutter")
    assert (found.name, found.source, found.classes) == ("digit-clutter", "sample", DIGIT_CLUTTER.classes)
    assert (len(found.train_images), len(found.valid_images)) == (DIGIT_CLUTTER.train, DIGIT_CLUTTER.valid)
    np.testing.assert_array_equal(found.valid_images, canvases("valid").images)
    pixels, label = store.image("digit-clutter:7")
    np.testing.assert_array_equal(pixels, canvases("train").images[7])
    assert label == canvases("train").labels[7]
    data = image_data(found, bs=100, seed=0, device=torch.device("cpu"))
    xb, yb = next(iter(data.train.batches(0)))
    assert xb.shape == (100, 1, 64, 64)
    assert yb.shape == (100,)
    with pytest.raises(ValueError, match="read-only"):
        found.train_images[0, 0, 0] = 1
