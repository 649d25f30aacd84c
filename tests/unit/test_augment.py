"""Augmentation and views at test time, against images that are padded, cut and flipped one by one."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fastai_tui.engine import tta
from fastai_tui.engine.data.augment import Augment, Draws, augmentation, moved
from fastai_tui.engine.data.image import ImageLoader, image_data, permutation
from fastai_tui.engine.data.store import ImageSet
from fastai_tui.engine.errors import BadInput

CPU = torch.device("cpu")


def made(train: int = 50, valid: int = 23, shape: tuple[int, ...] = (3, 9, 7)) -> ImageSet:
    rng = np.random.default_rng(0)
    parts = [rng.integers(0, 256, (n, *shape), dtype=np.uint8) for n in (train, valid)]
    labels = [rng.integers(0, 3, n, dtype=np.uint8) for n in (train, valid)]
    return ImageSet("made", "path", parts[0], labels[0], parts[1], labels[1], ("a", "b", "c"))


def one_by_one(image: np.ndarray, pad: int, padding: str, down: int, across: int, flip: bool) -> np.ndarray:
    """The reference: numpy's own padding of one image (channels, height, width), a slice of it, and a flip."""
    mode = {"reflect": "reflect", "zero": "constant"}[padding]
    padded = np.pad(image, ((0, 0), (pad, pad), (pad, pad)), mode=mode)  # type: ignore[call-overload]
    _, height, width = image.shape
    cut = padded[:, pad + down : pad + down + height, pad + across : pad + across + width]
    return cut[:, :, ::-1] if flip else cut


@pytest.mark.parametrize("padding", ["reflect", "zero"])
@pytest.mark.parametrize("pad", [0, 1, 4, 6])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_a_batch_is_what_its_images_are_one_by_one(padding: str, pad: int, dtype: torch.dtype) -> None:
    images, rows = made().train_images, np.arange(50)
    augment = Augment("random", pad, padding)
    draws = augment.draws(rows, 50, seed=3, epoch=5)
    assert draws.down.abs().max() == draws.across.abs().max() == pad
    assert 10 < int(draws.flip.sum()) < 40
    before = torch.from_numpy(images).to(dtype)
    kept = before.clone()
    found = augment(before, draws)
    assert found.dtype == dtype
    assert torch.equal(before, kept)
    for row in rows:
        wanted = one_by_one(
            images[row], pad, padding, int(draws.down[row]), int(draws.across[row]), bool(draws.flip[row])
        )
        np.testing.assert_array_equal(found[row].numpy().astype(np.uint8), wanted)


@pytest.mark.parametrize("loader", ["resident", "files"])
def test_a_training_batch_is_augmented_and_then_normalised(loader: str) -> None:
    found, augment = made(), Augment("random", 2, "zero")
    data = image_data(found, bs=8, seed=7, device=CPU, loader=loader, augment=augment)
    plain = image_data(found, bs=8, seed=7, device=CPU)
    order = permutation(50, 7, 4)
    draws = augment.draws(order, 50, 7, 4)
    mean, std = (found.train_images / 255).mean((0, 2, 3)), (found.train_images / 255).std((0, 2, 3), ddof=1)
    place = 0
    for xb, yb in data.train.batches(4):
        assert yb.tolist() == found.train_labels[order[place : place + 8]].tolist()
        for image in xb:
            pixels = one_by_one(
                found.train_images[order[place]],
                2,
                "zero",
                int(draws.down[place]),
                int(draws.across[place]),
                bool(draws.flip[place]),
            )
            wanted = (pixels / 255 - mean[:, None, None]) / std[:, None, None]
            np.testing.assert_allclose(image.numpy(), wanted, rtol=1e-4, atol=1e-5)
            place += 1
    assert place == 48
    for (xb, _), (xo, _) in zip(data.valid.batches(4), plain.valid.batches(4), strict=True):
        assert torch.equal(xb, xo)


def test_an_epoch_sees_every_image_once_and_goes_on_anywhere() -> None:
    numbers = np.arange(60, dtype=np.uint8)[:, None, None, None] + np.zeros((1, 1, 4, 4), np.uint8)
    found = ImageSet("numbers", "path", numbers, np.zeros(60, np.uint8), numbers[:3], np.zeros(3, np.uint8), ("a",))
    loader = image_data(found, bs=10, seed=1, device=CPU, own_scale=False, augment=Augment("random", 3)).train
    whole = [xb for xb, _ in loader.batches(2)]
    seen = torch.cat(whole).mul(255).round().flatten(1)
    assert sorted(seen[:, 0].int().tolist()) == list(range(60))
    assert torch.equal(seen.min(1).values, seen.max(1).values)
    assert all(torch.equal(xb, xo) for xb, (xo, _) in zip(whole[4:], loader.batches(2, start=4), strict=True))


def test_what_is_drawn_depends_on_seed_epoch_and_image_alone() -> None:
    augment, rows = Augment("random", 4), np.arange(200)

    def numbers(rows: np.ndarray, seed: int, epoch: int) -> np.ndarray:
        draws = augment.draws(rows, 200, seed, epoch)
        return torch.stack([draws.flip.long(), draws.down, draws.across], 1).numpy()

    first = numbers(rows, 1, 1)
    order = permutation(200, 1, 1)
    np.testing.assert_array_equal(numbers(order, 1, 1), first[order])
    for other in (numbers(rows, 2, 1), numbers(rows, 1, 2), numbers(rows, 1, 0)):
        assert (other != first).any(1).mean() > 0.9
    every = np.concatenate([numbers(rows, 1, epoch)[:, 1:] for epoch in range(20)])
    counts = np.bincount((every + 4).ravel(), minlength=9) / every.size
    np.testing.assert_allclose(counts, 1 / 9, atol=0.015)


def test_alternating_flips_show_both_sides_in_two_epochs() -> None:
    augment, rows = Augment("alternating", 0), np.arange(1000)
    flips = [augment.draws(rows, 1000, 3, epoch).flip for epoch in range(4)]
    assert torch.equal(flips[0], ~flips[1])
    assert torch.equal(flips[0], flips[2])
    assert torch.equal(flips[1], flips[3])
    assert 400 < int(flips[0].sum()) < 600


def test_settings_become_an_augmentation() -> None:
    assert augmentation("none", 4, "zero", "alternating") is None
    assert augmentation("flip", 4, "zero") == Augment("random", 0, "zero")
    assert augmentation("standard", 4, "zero", "alternating") == Augment("alternating", 4, "zero")


def test_padding_that_cannot_be_reflected_is_one_sentence() -> None:
    with pytest.raises(BadInput, match=r"pad=7 is too much for made's images of 9×7 pixels: take at most 6"):
        image_data(made(), bs=8, seed=0, device=CPU, augment=Augment("none", 7))
    assert image_data(made(), bs=8, seed=0, device=CPU, augment=Augment("none", 7, "zero"))


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 7 * 5, 3)).eval()


@pytest.mark.parametrize(
    "views",
    [tta.flip_views(), tta.crop_views(2), tta.crop_views(1, "zero"), tta.random_views(Augment("random", 3, "zero"), 5)],
    ids=["flips", "crops", "zero", "random"],
)
def test_each_view_and_the_average_are_those_of_single_images(views: list[tta.View]) -> None:
    found, net = made(), network()
    loader = image_data(found, bs=8, seed=0, device=CPU).valid
    assert isinstance(loader, ImageLoader)
    loader.bs = 8  # three batches, the last one incomplete
    seen = tta.look(net, loader, views)
    wanted = torch.zeros(len(views), 23, 3)
    for row in range(23):
        for number, view in enumerate(views):
            draws = view.draws(np.array([row]), 23, CPU)
            pixels = one_by_one(
                found.valid_images[row], 5, view.padding, int(draws.down), int(draws.across), bool(draws.flip)
            )
            logits = net(loader.normalise(torch.from_numpy(pixels.copy())[None]))[0]
            wanted[number, row] = (logits.exp() / logits.exp().sum()).detach()
    torch.testing.assert_close(seen.probabilities, wanted)
    weights = [view.weight for view in views]
    average = sum(weight * part for weight, part in zip(weights, wanted, strict=True)) / sum(weights)
    assert isinstance(average, Tensor)
    torch.testing.assert_close(seen.average, average)
    assert seen.truth.tolist() == found.valid_labels.tolist()
    right = (average.argmax(1).numpy() == found.valid_labels).mean()
    loss = -np.log(average.numpy()[np.arange(23), found.valid_labels]).mean()
    assert tta.score(seen.average, seen.truth) == pytest.approx((right, loss), rel=1e-5)
    torch.testing.assert_close(seen.mean(1), wanted[0])


def test_random_views_differ_and_are_the_same_each_time() -> None:
    views = tta.random_views(Augment("random", 4), seed=9)
    assert [view.name for view in views] == ["original", *(f"augmented {i}" for i in range(1, 5))]
    drawn = [view.draws(np.arange(100), 100, CPU) for view in views]
    again = [view.draws(np.arange(100), 100, CPU) for view in views]
    assert all(torch.equal(a.down, b.down) for a, b in zip(drawn, again, strict=True))
    assert len({tuple(draws.down.tolist()) for draws in drawn}) == 5


def test_a_certain_mistake_has_a_finite_loss() -> None:
    accuracy, loss = tta.score(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 0]))
    assert accuracy == 0.5
    assert loss == pytest.approx(-np.log(1e-15) / 2)


def test_moving_leaves_an_image_without_draws_as_it_is() -> None:
    pixels = torch.from_numpy(made().train_images)
    still = Draws(torch.zeros(50, dtype=torch.bool), torch.zeros(50).long(), torch.zeros(50).long())
    assert torch.equal(moved(pixels, still), pixels)
    assert torch.equal(moved(pixels, still, "zero"), pixels)
