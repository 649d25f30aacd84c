"""Batches of images, resident, from the host and from files, against plain indexing."""

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from fastai_tui.engine.data import image
from fastai_tui.engine.data.files import InFiles
from fastai_tui.engine.data.image import ImageLoader, Normalise, OnDevice, OnHost, image_data, measure, permutation
from fastai_tui.engine.data.store import ImageSet, images
from fastai_tui.engine.errors import BadInput, DiskTrouble
from fastai_tui.engine.home import home as home_folder

CPU = torch.device("cpu")


def made(train: int = 50, valid: int = 20, shape: tuple[int, ...] = (6, 5)) -> ImageSet:
    rng = np.random.default_rng(0)
    parts = [rng.integers(0, 256, (n, *shape), dtype=np.uint8) for n in (train, valid)]
    labels = [rng.integers(0, 3, n, dtype=np.uint8) for n in (train, valid)]
    for part in (*parts, *labels):
        part.setflags(write=False)  # as what is mapped from a file
    return ImageSet("made", "path", parts[0], labels[0], parts[1], labels[1], ("a", "b", "c"))


def test_a_batch_is_the_normalised_slice_of_the_epoch_s_permutation() -> None:
    found = made()
    data = image_data(found, bs=8, seed=7, device=CPU)
    order = permutation(50, 7, 3)
    pixels = found.train_images / 255.0
    wanted = (pixels - pixels.mean()) / pixels.std(ddof=1)
    batches = list(data.train.batches(3))
    assert len(batches) == len(data.train) == 6  # the last two images are left out, as fastai does
    for i, (xb, yb) in enumerate(batches):
        rows = order[8 * i : 8 * i + 8]
        assert xb.shape == (8, 1, 6, 5)
        assert xb.dtype == torch.float32
        np.testing.assert_allclose(xb[:, 0].numpy(), wanted[rows], rtol=1e-5, atol=1e-6)
        assert yb.tolist() == found.train_labels[rows].tolist()


def test_validation_gives_every_image_in_order() -> None:
    found = made(train=600, valid=1030)
    data = image_data(found, bs=4, seed=0, device=CPU, own_scale=False)
    xs, ys = (torch.cat(parts) for parts in zip(*data.valid.batches(0), strict=True))
    assert len(data.valid) == 3
    np.testing.assert_allclose(xs[:, 0].numpy(), found.valid_images / 255.0, atol=1e-7)
    assert ys.tolist() == found.valid_labels.tolist()


def test_an_epoch_goes_on_at_any_batch() -> None:
    loader = image_data(made(), bs=8, seed=7, device=CPU).train
    whole, rest = list(loader.batches(2)), list(loader.batches(2, start=4))
    assert len(rest) == 2
    for (xb, yb), (xo, yo) in zip(whole[4:], rest, strict=True):
        assert torch.equal(xb, xo)
        assert torch.equal(yb, yo)


def test_orders_are_permutations_that_differ_by_seed_and_epoch() -> None:
    orders = [permutation(1000, seed, epoch) for seed in (0, 1, 2**32 - 1) for epoch in (0, 1)]
    assert all(sorted(order) == list(range(1000)) for order in orders)
    assert len({tuple(order) for order in orders}) == 6
    assert np.array_equal(permutation(1000, 1, 1), orders[3])


@pytest.mark.parametrize("shape", [(6, 5), (3, 6, 5), (1, 6, 5)])
def test_images_from_files_and_from_the_host_are_the_resident_ones(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = made(shape=shape)
    resident = image_data(found, bs=8, seed=1, device=CPU)
    files = image_data(found, bs=8, seed=1, device=CPU, loader="files")
    monkeypatch.setattr(image, "free_memory", lambda device: 100)
    host = image_data(found, bs=8, seed=1, device=CPU)
    assert isinstance(host.train.pixels, OnHost)
    assert isinstance(resident.train.pixels, OnDevice)
    for other in (files, host):
        for part, twin in ((resident.train, other.train), (resident.valid, other.valid)):
            for (xb, yb), (xo, yo) in zip(part.batches(5), twin.batches(5), strict=True):
                assert torch.equal(xb, xo)
                assert torch.equal(yb, yo)


def test_the_files_are_private_and_written_once() -> None:
    found = made()
    InFiles(found.train_images[:, None], "made", CPU)
    paths = sorted((home_folder() / "data" / "files-cache").rglob("*.png"))
    assert len(paths) == 50
    assert {path.stat().st_mode & 0o077 for path in (*paths, *(p.parent for p in paths))} == {0}
    stamps = [path.stat().st_mtime_ns for path in paths]
    InFiles(found.train_images[:, None], "made", CPU)
    assert [path.stat().st_mtime_ns for path in paths] == stamps


def test_files_left_half_written_are_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    found = made()
    cache = home_folder() / "data" / "files-cache"
    with monkeypatch.context() as patched:
        patched.setattr("fastai_tui.engine.data.files._drawable", lambda image: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            InFiles(found.train_images[:, None], "made", CPU)
    assert not [path for path in cache.iterdir() if path.is_dir()]
    (cache / ".partial-killed").mkdir()  # by `kill -9`, which nobody can tidy after
    assert len(InFiles(found.train_images[:, None], "made", CPU)) == 50
    assert not (cache / ".partial-killed").exists()


def test_a_file_that_is_gone_or_cut_is_named() -> None:
    found = made()
    pixels = InFiles(found.train_images[:, None], "made", CPU)
    (path,) = (home_folder() / "data" / "files-cache").rglob("000003.png")
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(DiskTrouble, match=r"000003\.png"):
        pixels.gather(torch.tensor([3]))
    shutil.rmtree(path.parent)
    with pytest.raises(DiskTrouble, match="train again"):
        pixels.gather(torch.tensor([4]))


def test_means_and_deviations_are_each_channel_s() -> None:
    parts = np.random.default_rng(1).integers(0, 200, (20, 3, 4, 4), dtype=np.uint8)
    parts[:, 2] = 51
    mean, std = measure(parts)
    scaled = parts / 255.0
    assert mean == pytest.approx(scaled.mean((0, 2, 3)))
    assert std[:2] == pytest.approx(scaled[:, :2].std((0, 2, 3), ddof=1))
    assert std[2] == 1.0
    xb = Normalise(mean, std, CPU)(torch.from_numpy(parts))
    np.testing.assert_allclose(xb.mean((0, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(xb[:, :2].std((0, 2, 3)), 1, rtol=1e-4)


def test_a_batch_larger_than_the_set_is_refused() -> None:
    with pytest.raises(BadInput, match=r"bs=51 is more than made's 50 training images"):
        image_data(made(), bs=51, seed=0, device=CPU)


def test_nothing_is_said_about_arrays_that_cannot_be_written() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loader = image_data(made(), bs=8, seed=0, device=CPU).train
        assert isinstance(loader, ImageLoader)
        next(iter(loader.batches(0)))


def test_the_facts_tell_what_the_sample_holds() -> None:
    found = images("mnist-sample")
    facts = image_data(found, bs=64, seed=0, device=CPU).facts
    assert (facts.name, facts.source, facts.train, facts.valid) == ("mnist-sample", "sample", 4000, 1000)
    assert facts.classes == [str(digit) for digit in range(10)]


@pytest.mark.real_data
def test_mnist_has_the_mean_and_deviation_that_everybody_knows(test_data: Path) -> None:
    found = images(str(test_data / "mnist"))
    mean, std = measure(found.train_images[:, None])
    assert (mean[0], std[0]) == pytest.approx((0.1307, 0.3081), abs=5e-5)
