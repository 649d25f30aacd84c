"""Photos varied as whole batches, against each alone: computed by hand, by Pillow, and by fast.ai's formulas."""

from dataclasses import replace
from math import cos, radians, sin

import numpy as np
import pytest
import torch
from PIL import Image

from fastai_tui.engine import tta
from fastai_tui.engine.data.image import ImageLoader, image_data, permutation
from fastai_tui.engine.data.photo_augment import (
    Draws,
    PhotoAugment,
    lit,
    photo_augmentation,
    photo_views,
    resized,
    seen,
    still,
)
from fastai_tui.engine.data.photos import IMAGENET, side_for
from fastai_tui.engine.data.store import ImageSet
from fastai_tui.engine.errors import BadInput

CPU = torch.device("cpu")
ALL = PhotoAugment("top-down", 12, rotate=30, zoom=1.5, warp=0.2, light=0.1, contrast=0.3)


def photos(count: int = 20, side: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 3, side, side), np.uint8)


def smooth(side: int = 60) -> np.ndarray:
    """A picture that interpolation hardly changes: (3, side, side)."""
    down, across = np.mgrid[:side, :side] / side
    return np.stack([200 * down, 200 * across, 120 * (down + across**2)]).astype(np.uint8)


def drawn(**changes: float) -> Draws:
    """One photo's draws, of which only these are not still."""
    made = {name: torch.tensor([value]).float() for name, value in changes.items() if name != "turn"}
    return replace(still(1), turn=torch.tensor([int(changes.get("turn", 0))]), **made)


def reflected(place: float, side: int) -> float:
    """A place between pixels, outside of which the image is its own reflection at the edges −½ and side − ½."""
    place = (place + 0.5) % (2 * side)
    return min(max((2 * side - place if place > side else place) - 0.5, 0), side - 1)


def one(image: np.ndarray, draws: Draws, row: int, size: int) -> np.ndarray:
    """The reference: a pixel at a time, for one image (channels, side, side), laid down with numpy's own turns."""
    turn, side = int(draws.turn[row]), image.shape[-1]
    image = np.rot90(image[:, :, ::-1] if turn >= 4 else image, turn % 4, (1, 2)).astype(float)
    angle, zoom = radians(float(draws.angle[row])), float(draws.zoom[row])
    (to_right, below), (right, bottom) = draws.at[row].tolist(), draws.tilt[row].tolist()
    found = np.zeros((len(image), size, size))
    for i in range(size):
        for j in range(size):
            x, y = (2 * j + 1) / size - 1, (2 * i + 1) / size - 1
            away = 1 + right * x + bottom * y
            x, y = x / away / zoom + (1 - 1 / zoom) * to_right, y / away / zoom + (1 - 1 / zoom) * below
            x, y = x * cos(angle) - y * sin(angle), x * sin(angle) + y * cos(angle)
            across, down = (reflected(((at + 1) * side - 1) / 2, side) for at in (x, y))
            left, top = min(int(across), side - 2), min(int(down), side - 2)
            u, v = across - left, down - top
            four = image[:, top : top + 2, left : left + 2]
            found[:, i, j] = (four * np.outer([1 - v, v], [1 - u, u])).sum((1, 2))
    return found


def lighting(image: np.ndarray, light: float, contrast: float) -> np.ndarray:
    """fast.ai 0.7's, of 0…1."""
    mean = np.average(image)
    return np.clip((image - mean) * contrast + mean + light, 0, 1)


@pytest.mark.parametrize("size", [12, 16, 20])
def test_a_batch_is_what_its_photos_are_one_by_one(size: int) -> None:
    images, augment = photos(), replace(ALL, size=size)
    draws = augment.draws(np.arange(20), 20, seed=3, epoch=1)
    assert len(set(draws.turn.tolist())) >= 5
    found = augment(torch.from_numpy(images), draws).numpy()
    assert found.shape == (20, 3, size, size)
    for row in range(20):
        wanted = one(images[row], draws, row, size)
        wanted = 255 * lighting(wanted / 255, float(draws.light[row]), float(draws.contrast[row]))
        np.testing.assert_allclose(found[row], wanted, atol=0.05)


@pytest.mark.parametrize("turn", range(8))
def test_the_eight_ways_to_lay_a_photo_down_are_pillow_s(turn: int) -> None:
    image = photos(1)[0]
    flat = Image.fromarray(image.transpose(1, 2, 0))
    flat = flat.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if turn >= 4 else flat
    wanted = np.asarray(flat.rotate(90 * (turn % 4)))
    found = seen(torch.from_numpy(image)[None], drawn(turn=turn), 16)[0]
    np.testing.assert_allclose(found.permute(1, 2, 0), wanted, atol=0.01)


def test_rotation_is_pillow_s() -> None:
    image = smooth()
    wanted = np.asarray(Image.fromarray(image.transpose(1, 2, 0)).rotate(20, Image.Resampling.BILINEAR))
    found = seen(torch.from_numpy(image)[None], drawn(angle=20), 60)[0].permute(1, 2, 0)
    np.testing.assert_allclose(found[15:45, 15:45], wanted[15:45, 15:45], atol=1.5)


def test_zoom_is_the_piece_cut_out_and_enlarged() -> None:
    image = smooth()
    made = replace(drawn(zoom=1.5), at=torch.tensor([[1.0, -1.0]]))  # the upper right two thirds
    piece = Image.fromarray(image[:, :40, 20:].transpose(1, 2, 0)).resize((60, 60), Image.Resampling.BILINEAR)
    found = seen(torch.from_numpy(image)[None], made, 60)[0].permute(1, 2, 0)
    np.testing.assert_allclose(found[2:-2, 2:-2], np.asarray(piece)[2:-2, 2:-2], atol=1.5)


def test_tilting_is_pillow_s_perspective() -> None:
    image, right, bottom = smooth(), 0.2, -0.1
    made = replace(still(1), tilt=torch.tensor([[right, bottom]]))
    half = 30.0  # from −1…1 to pixels: x = across/half − 1
    below = 1 - right - bottom
    data = tuple(
        n / below
        for n in (1 + right, bottom, half * (1 - 1 - right - bottom), right, 1 + bottom, half * (-right - bottom))
    )
    data = (*data, right / half / below, bottom / half / below)
    flat = Image.fromarray(image.transpose(1, 2, 0))
    wanted = flat.transform((60, 60), Image.Transform.PERSPECTIVE, data, Image.Resampling.BILINEAR)
    found = seen(torch.from_numpy(image)[None], made, 60)[0].permute(1, 2, 0)
    np.testing.assert_allclose(found[15:45, 15:45], np.asarray(wanted)[15:45, 15:45], atol=2)


def test_resizing_is_pillow_s_without_aliasing() -> None:
    images = photos(3, 64)
    for size in (64, 40, 16, 90):
        found = resized(torch.from_numpy(images), size)
        for row in range(3):
            flat = Image.fromarray(images[row].transpose(1, 2, 0)).resize((size, size), Image.Resampling.BILINEAR)
            np.testing.assert_allclose(found[row].permute(1, 2, 0), np.asarray(flat), atol=1.2)


def test_much_larger_photos_are_shrunk_before_pixels_are_picked() -> None:
    stripes = torch.zeros(1, 3, 256, 256)
    stripes[..., ::2] = 255
    found = seen(stripes, drawn(angle=3), 32)
    assert float(found[..., 4:-4, 4:-4].std()) < 3  # picked, single stripes would show: 60 and more


def test_light_and_contrast_are_fast_ai_s_and_stay_within_bounds() -> None:
    images, draws = photos(), ALL.draws(np.arange(20), 20, 1, 0)
    found = lit(torch.from_numpy(images).float(), draws)
    for row in range(20):
        wanted = lighting(images[row] / 255, float(draws.light[row]), float(draws.contrast[row]))
        np.testing.assert_allclose(found[row] / 255, wanted, atol=1e-5)
    bright = lit(torch.full((1, 3, 2, 2), 250.0), replace(still(1), light=torch.tensor([0.5])))
    assert bright.max() == 255


def test_what_is_drawn_depends_on_seed_epoch_and_photo_alone_and_stays_within_its_knob() -> None:
    rows = np.arange(500)
    first = ALL.draws(rows, 500, 1, 1)
    order = permutation(500, 1, 1)
    assert torch.equal(ALL.draws(order, 500, 1, 1).angle, first.angle[torch.from_numpy(order)])
    assert torch.equal(first[3:9].tilt, first.tilt[3:9])
    for other in (ALL.draws(rows, 500, 2, 1), ALL.draws(rows, 500, 1, 2)):
        assert (other.zoom != first.zoom).float().mean() > 0.9
    for part, most in ((first.angle, 30), (first.tilt, 0.2), (first.light, 0.1), (first.at, 1)):
        assert 0.9 * most < float(part.abs().max()) <= most
    assert float(first.zoom.min()) >= 1
    assert 1.45 < float(first.zoom.max()) <= 1.5
    assert float(first.contrast.max()) <= 1.3
    assert float(first.contrast.min()) >= 1 / 1.3
    assert 0.15 < float((first.angle == 0).float().mean()) < 0.35
    counts = np.bincount(first.turn, minlength=8)
    assert counts.min() > 40
    side_on = replace(ALL, kind="side-on", light=0.5).draws(rows, 500, 1, 1)
    assert set(side_on.turn.tolist()) == {0, 4}
    basic = replace(ALL, kind="basic", light=0.5).draws(rows, 500, 1, 1)
    assert not basic.turn.any()  # a reflected 2 is no 2
    assert all(torch.equal(getattr(basic, name), getattr(side_on, name)) for name in vars(basic) if name != "turn")
    assert torch.equal(side_on.angle, first.angle)  # no knob changes another's draws
    nothing = replace(ALL, kind="none").draws(rows, 500, 1, 1)
    assert not nothing.turn.any()
    assert torch.equal(nothing.zoom, torch.ones(500))


def found_set() -> ImageSet:
    train, valid = photos(30, 24), photos(9, 24)
    labels = np.arange(30, dtype=np.uint8) % 3
    return ImageSet("mine", "path", train, labels, valid, labels[:9], ("a", "b", "c"))


def test_loaders_give_pictures_of_the_network_s_size_on_the_scale_that_it_expects() -> None:
    found, augment = found_set(), replace(ALL, size=16)
    plain = photo_augmentation("none", 16)
    data = image_data(found, bs=8, seed=5, device=CPU, augment=augment, seen=plain, scale=IMAGENET)
    assert isinstance(data.train, ImageLoader)
    mean, std = (np.array(part)[:, None, None] for part in IMAGENET)
    order = permutation(30, 5, 2)
    whole = [xb for xb, _ in data.train.batches(2)]
    assert [tuple(xb.shape) for xb in whole] == [(8, 3, 16, 16)] * 3
    assert all(torch.equal(a, b) for a, (b, _) in zip(whole[1:], data.train.batches(2, start=1), strict=True))
    wanted = augment(torch.from_numpy(found.train_images[order[:8]]), augment.draws(order[:8], 30, 5, 2)).numpy()
    np.testing.assert_allclose(whole[0], (wanted / 255 - mean) / std, atol=1e-4)
    xb, yb = next(iter(data.valid.batches(0)))
    assert yb.tolist() == found.valid_labels[:9].tolist()
    for row in range(len(xb)):
        flat = Image.fromarray(found.valid_images[row].transpose(1, 2, 0)).resize((16, 16), Image.Resampling.BILINEAR)
        pixels = np.asarray(flat).transpose(2, 0, 1)
        np.testing.assert_allclose(xb[row], (pixels / 255 - mean) / std, atol=0.025)


def test_a_picture_that_grows_is_the_same_photo_and_needs_no_other_cache() -> None:
    assert [side_for(size) for size in (64, 128, 224, 299)] == [256, 256, 256, 342]
    found = found_set()
    means = []
    for size in (8, 12, 24):
        data = image_data(found, bs=9, seed=5, device=CPU, seen=photo_augmentation("none", size), scale=IMAGENET)
        xb, _ = next(iter(data.valid.batches(0)))
        assert xb.shape[-1] == size
        means.append(xb.mean((1, 2, 3)))
    torch.testing.assert_close(means[0], means[2], atol=0.02, rtol=0)
    torch.testing.assert_close(means[1], means[2], atol=0.02, rtol=0)


def test_views_at_test_time_are_the_photo_and_what_training_might_show() -> None:
    found, augment = found_set(), replace(ALL, size=16)
    plain = photo_augmentation("none", 16)
    loader = image_data(found, bs=4, seed=5, device=CPU, seen=plain, scale=IMAGENET).valid
    assert isinstance(loader, ImageLoader)
    views = photo_views(augment, seed=7, count=3)
    assert [view.name for view in views] == ["original", "augmented 1", "augmented 2", "augmented 3"]
    pictures = list(tta.shown(loader, views, np.array([5, 2])))
    pixels = torch.from_numpy(found.valid_images[[5, 2]])
    torch.testing.assert_close(pictures[0], resized(pixels, 16))
    for number in range(3):
        torch.testing.assert_close(pictures[number + 1], augment(pixels, augment.draws(np.array([5, 2]), 9, 7, number)))
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 16 * 16, 3))
    looked = tta.look(net, loader, views)
    assert looked.probabilities.shape == (4, 9, 3)
    straight = torch.cat([net(xb).softmax(1) for xb, _ in loader.batches(0)])
    torch.testing.assert_close(looked.probabilities[0], straight.detach())


def test_what_cannot_be_varied_so_is_one_sentence() -> None:
    told = r"no augmentation 'upside-down' of photos; there are basic, side-on, top-down, none"
    with pytest.raises(BadInput, match=told):
        photo_augmentation("upside-down")
    wide = replace(found_set(), train_images=np.zeros((30, 3, 8, 10), np.uint8))
    with pytest.raises(BadInput, match="mine has pictures of 10×8 pixels"):
        image_data(wide, bs=4, seed=0, device=CPU, augment=ALL)
