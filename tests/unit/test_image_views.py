"""What the lab tells of images: the sets against numpy, the draws against pictures that are cut out one by one."""

import msgspec
import numpy as np
import pytest
import torch

from fastai_tui.engine.data import store
from fastai_tui.engine.data.augment import augmentation
from fastai_tui.engine.data.image import ImageLoader, image_data, permutation
from fastai_tui.engine.data.store import ImageSet
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.image_views import Augmented, ImageFacts, Picture, alternates, spread
from fastai_tui.engine.interpret import images

CPU = torch.device("cpu")
COLOUR, GREY = (3, 9, 7), (6, 5)


def made(shape: tuple[int, ...] = COLOUR, classes: int = 3) -> ImageSet:
    rng = np.random.default_rng(1)
    parts = [rng.integers(0, 200, (n, *shape), dtype=np.uint8) for n in (40, 8)]
    labels = [rng.integers(0, 3, n, dtype=np.uint8) for n in (40, 8)]
    return ImageSet("made", "path", parts[0], labels[0], parts[1], labels[1], tuple("abcd"[:classes]))


@pytest.fixture
def lent(monkeypatch: pytest.MonkeyPatch) -> ImageSet:
    return lend(monkeypatch, made())


def lend(monkeypatch: pytest.MonkeyPatch, found: ImageSet) -> ImageSet:
    """Have the lab answer about this set."""
    monkeypatch.setattr(images, "resolve", lambda data, among: "made")
    monkeypatch.setattr(images, "images", lambda name: found)
    for cached in (images._opened, images._rows_of, images._channels):
        cached.cache_clear()
    return found


def as_array(picture: Picture) -> np.ndarray:
    flat = np.frombuffer(picture.pixels, np.uint8)
    return flat.reshape(-1, picture.height, picture.width)


@pytest.mark.parametrize("shape", [COLOUR, GREY])
def test_channels_have_the_means_and_deviations_of_all_training_images(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = lend(monkeypatch, made(shape))
    facts = images.facts()
    whole = found.train_images.reshape(40, -1, *shape[-2:]).astype(np.float64) / 255
    assert [channel.mean for channel in facts.channels] == pytest.approx(whole.mean((0, 2, 3)).tolist())
    assert [channel.std for channel in facts.channels] == pytest.approx(whole.std((0, 2, 3), ddof=1).tolist())
    for i, channel in enumerate(facts.channels):
        values, counts = np.unique(whole[:, i] * 255, return_counts=True)
        assert {v: c for v, c in enumerate(channel.counts) if c} == dict(
            zip(values.round().astype(int).tolist(), counts.tolist(), strict=True)
        )


def test_a_pixel_becomes_what_the_loader_makes_of_it(lent: ImageSet) -> None:
    facts = images.facts()
    data = image_data(lent, bs=8, seed=0, device=CPU)
    assert isinstance(data.train, ImageLoader)
    picture = facts.pictures[1][0]
    for channel in range(3):
        pixels = torch.tensor(lent.train_images[picture.row])[None]
        wanted = data.train.normalise(pixels)[0, channel, 4, 6]
        value = picture.value(channel, (4, 6))
        assert facts.channels[channel].normalised(value) == pytest.approx(float(wanted), abs=1e-5)


def test_pictures_come_class_by_class_in_the_order_of_the_set(lent: ImageSet) -> None:
    facts = images.facts(first=2, count=3)
    assert facts.classes == ["a", "b", "c"]
    assert (facts.train, facts.valid) == (40, 8)
    for label, of in enumerate(facts.pictures):
        rows = [row for row in range(40) if lent.train_labels[row] == label]
        assert facts.counts[label] == len(rows)
        assert [picture.row for picture in of] == rows[2:5]
        for picture in of:
            assert picture.label == label
            np.testing.assert_array_equal(as_array(picture), lent.train_images[picture.row])
            assert picture.planes() == tuple(
                tuple(map(tuple, plane)) for plane in lent.train_images[picture.row].tolist()
            )


def test_behind_the_last_picture_of_a_class_comes_its_first(lent: ImageSet) -> None:
    rows = np.flatnonzero(lent.train_labels == 0).tolist()
    found = images.facts(first=len(rows) - 1, count=3).pictures[0]
    assert [picture.row for picture in found] == [rows[-1], *rows[:2]]


def test_a_class_without_images_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    lend(monkeypatch, made(classes=4))
    facts = images.facts()
    assert (facts.counts[3], facts.pictures[3]) == (0, [])


def test_a_grey_picture_has_three_equal_planes_and_one_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    found = lend(monkeypatch, made(GREY))
    picture = images.facts().pictures[0][0]
    assert picture.channels == 1
    assert picture.planes()[0] == picture.planes()[1] == picture.planes()[2]
    assert picture.value(2, (5, 4)) == found.train_images[picture.row][5, 4]


@pytest.mark.parametrize("wrong", [{"first": -1}, {"count": 0}, {"count": 99}])
def test_what_cannot_be_had_is_refused(lent: ImageSet, wrong: dict[str, int]) -> None:
    with pytest.raises(BadInput):
        images.facts(**wrong)


@pytest.mark.parametrize("padding", ["reflect", "zero"])
@pytest.mark.parametrize(("augment", "pad"), [("standard", 4), ("standard", 1), ("flip", 4), ("none", 4)])
def test_an_epoch_makes_of_a_picture_what_its_draws_say(lent: ImageSet, padding: str, augment: str, pad: int) -> None:
    found = images.augmented(image=5, seed=3, epochs=12, augment=augment, pad=pad, padding=padding)
    image, around = lent.train_images[5], pad if augment == "standard" else 0
    mode = {"reflect": "reflect", "zero": "constant"}[padding]
    padded = np.pad(image, ((0, 0), (around, around), (around, around)), mode=mode)  # type: ignore[call-overload]
    np.testing.assert_array_equal(as_array(found.padded), padded)
    np.testing.assert_array_equal(as_array(found.original), image)
    assert (found.pad, found.label) == (around, "abc"[lent.train_labels[5]])
    for draw in found.draws:
        top, left = around + draw.down, around + draw.across
        cut = padded[:, top : top + 9, left : left + 7]
        np.testing.assert_array_equal(as_array(draw.picture), cut[:, :, ::-1] if draw.flipped else cut)
        inside = np.zeros((9 + 2 * around, 7 + 2 * around), bool)
        inside[around : around + 9, around : around + 7] = True
        assert draw.border == (~inside[top : top + 9, left : left + 7]).sum()
    if augment == "none":
        assert {draw.view for draw in found.draws} == {(False, 0, 0)}
    if augment == "standard":
        assert len({draw.view for draw in found.draws}) > 4


@pytest.mark.parametrize("flip", ["random", "alternating"])
def test_it_is_what_a_run_with_this_seed_sees_of_the_picture(lent: ImageSet, flip: str) -> None:
    data = image_data(lent, bs=4, seed=11, device=CPU, augment=augmentation("standard", 2, "zero", flip))
    found = images.augmented(image=17, seed=11, epochs=4, pad=2, padding="zero", flip=flip)
    assert isinstance(data.train, ImageLoader)
    for epoch, draw in enumerate(found.draws):
        assert draw.epoch == epoch + 1
        batch, place = divmod(permutation(40, 11, epoch).tolist().index(17), 4)
        xb, _ = list(data.train.batches(epoch))[batch]
        mine = data.train.normalise(torch.tensor(as_array(draw.picture)))
        torch.testing.assert_close(xb[place], mine)


def test_alternating_flips_alternate_and_random_ones_do_not(lent: ImageSet) -> None:
    for image in range(3):
        assert alternates(images.augmented(image=image, epochs=8, flip="alternating").draws)
    assert not all(alternates(images.augmented(image=image, epochs=8).draws) for image in range(3))
    assert not alternates(images.augmented(image=0, epochs=3, flip="alternating").draws)


def test_a_picture_can_be_scaled_before(lent: ImageSet) -> None:
    found = images.augmented(image=1, epochs=1, pad=8, size=14)
    assert (found.original.width, found.original.height, found.padded.width) == (14, 14, 30)
    same = images.augmented(image=1, epochs=1, size=0)
    assert (same.original.width, same.original.height) == (7, 9)
    flat = np.full((40, 3, 9, 7), 77, np.uint8)
    lent.__dict__["train_images"] = flat
    assert set(images.augmented(image=1, epochs=0, size=20).original.pixels) == {77}


def test_behind_the_last_image_comes_the_first_and_nonsense_is_refused(lent: ImageSet) -> None:
    assert images.augmented(image=43).original.row == 3
    for wrong in ({"image": -1}, {"epochs": 65}, {"size": 500}, {"pad": 7}):
        with pytest.raises(BadInput):
            images.augmented(**wrong)  # type: ignore[arg-type]
    assert images.augmented(pad=7, padding="zero", epochs=1).pad == 7


def test_both_answers_survive_the_way_through_json(lent: ImageSet) -> None:
    for answer, kind in ((images.facts(), ImageFacts), (images.augmented(epochs=2), Augmented)):
        assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(answer)), kind) == answer


def test_colour_digits_stand_in_until_cifar10_is_here() -> None:
    for cached in (images._opened, images._rows_of, images._channels):
        cached.cache_clear()
    facts = images.facts(count=1)
    assert facts.name == "colour-digits"
    whole = store.images("colour-digits").train_images / 255
    assert [channel.mean for channel in facts.channels] == pytest.approx(whole.mean((0, 2, 3)).tolist())


def test_values_are_gathered_into_equal_parts() -> None:
    counts = [0] * 256
    counts[0], counts[127], counts[128], counts[255] = 10, 20, 5, 40
    assert spread(counts, 2) == pytest.approx([30 / 45, 1.0])
    assert spread(counts, 256)[127] == pytest.approx(0.5)
    assert spread([0] * 256, 4) == [0, 0, 0, 0]
