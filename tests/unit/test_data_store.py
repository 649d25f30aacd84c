"""What is here and how it is opened: names, paths, single images, the split of the sample."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from fastai_tui.engine.data import idx, importing, store
from fastai_tui.engine.data.catalogue import MNIST, MNIST_SAMPLE
from fastai_tui.engine.errors import BadInput, DataMissing, DiskTrouble, FastaiTuiError

random = np.random.default_rng(0)
PIXELS = random.integers(0, 256, (6, 5, 4), np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2], np.uint8)


def idx_folder(path: Path, *, suffix: str = "", **changed: np.ndarray) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    parts = {
        "train-images-idx3": PIXELS[:4],
        "train-labels-idx1": LABELS[:4],
        "t10k-images-idx3": PIXELS[4:],
        "t10k-labels-idx1": LABELS[4:],
    }
    for name, array in (parts | {name.replace("_", "-"): array for name, array in changed.items()}).items():
        idx.write(path / f"{name}-ubyte{suffix}", array)
    return path


def test_the_sample_is_always_here_and_is_split_4000_to_1000() -> None:
    sample = store.images("mnist-sample")
    assert (sample.name, sample.source, sample.classes) == ("mnist-sample", "sample", tuple("0123456789"))
    assert sample.train_images.shape == (4000, 28, 28)
    assert sample.valid_images.shape == (1000, 28, 28)
    assert np.bincount(sample.train_labels).tolist() == [400] * 10
    assert np.bincount(sample.valid_labels).tolist() == [100] * 10


def test_the_last_hundred_of_each_digit_are_for_validation() -> None:
    packed = [store.file_path(MNIST_SAMPLE, file).read_bytes() for file in MNIST_SAMPLE.files]
    rows = np.frombuffer(gzip.decompress(packed[0])[16:], np.uint8).reshape(10, 500, 28, 28)
    sample = store.images("mnist-sample")
    np.testing.assert_array_equal(sample.train_images, rows[:, :400].reshape(-1, 28, 28))
    np.testing.assert_array_equal(sample.valid_images, rows[:, 400:].reshape(-1, 28, 28))


def test_the_split_of_mixed_labels_keeps_their_order() -> None:
    labels = np.array([1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0], np.uint8)  # five ones, ten noughts
    train, valid = store.split(labels)
    assert valid.tolist() == [8, 13, 14]
    assert train.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12]


def test_mnist_is_opened_from_the_home_without_being_read(test_data: Path) -> None:
    importing.import_from("mnist", test_data / "mnist")
    found = store.images("mnist")
    assert (found.name, found.source) == ("mnist", "full")
    assert found.train_images.shape == (60000, 28, 28)
    assert found.valid_images.shape == (10000, 28, 28)
    assert isinstance(found.train_images.base, np.memmap)
    sample = np.frombuffer(gzip.decompress((test_data / "mnist" / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:], "u1")
    np.testing.assert_array_equal(found.valid_labels, sample)
    ours, label = store.image("mnist:12")
    same, same_label = store.image(f"mnist-sample:{MNIST_SAMPLE.same['mnist:12']}")
    np.testing.assert_array_equal(ours, same)
    assert label == same_label == 3
    with pytest.raises(BadInput, match="0 to 59,999"):
        store.image("mnist:60000")


def test_a_file_of_the_wrong_size_makes_the_set_absent() -> None:
    for file in MNIST.files:
        path = store.file_path(MNIST, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.truncate(path, file.size)
    assert store.present(MNIST)
    os.truncate(store.file_path(MNIST, MNIST.files[3]), 10_007)
    assert not store.present(MNIST)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("inside", [".", "raw", "MNIST/raw"])
def test_a_folder_of_idx_files_is_taken_by_its_path(tmp_path: Path, suffix: str, inside: str) -> None:
    idx_folder(tmp_path / "mine" / inside, suffix=suffix)
    found = store.images(str(tmp_path / "mine"))
    assert (found.source, found.classes) == ("path", ("0", "1", "2"))
    np.testing.assert_array_equal(found.train_images, PIXELS[:4])
    np.testing.assert_array_equal(found.valid_labels, LABELS[4:])
    pixels, label = store.image(f"{tmp_path / 'mine'}:2")
    np.testing.assert_array_equal(pixels, PIXELS[2])
    assert label == 2


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"train_labels_idx1": LABELS[:3]}, "4 images for 3 labels"),
        ({"train_images_idx3": LABELS[:4]}, "does not hold images"),
        ({"train_images_idx3": PIXELS[:4].astype(np.int32)}, "unsigned bytes"),
        ({"t10k_images_idx3": PIXELS[4:, :4]}, "different sizes"),
        ({"t10k_images_idx3": PIXELS[:0], "t10k_labels_idx1": LABELS[:0]}, "0 images"),
    ],
)
def test_parts_that_do_not_fit_together_are_bad_input(
    tmp_path: Path, changed: dict[str, np.ndarray], sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        store.images(str(idx_folder(tmp_path / "mine", **changed)))


def test_a_folder_without_idx_files_says_what_is_needed(tmp_path: Path) -> None:
    (tmp_path / "train" / "cats").mkdir(parents=True)
    with pytest.raises(BadInput, match="has no train-images-idx3-ubyte"):
        store.images(str(tmp_path))


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "images.tar.gz").touch()
    with pytest.raises(BadInput, match="is a file; images are read from a folder"):
        store.images(str(tmp_path / "images.tar.gz"))


def test_a_truncated_part_of_a_folder_is_a_sentence(tmp_path: Path) -> None:
    folder = idx_folder(tmp_path / "mine")
    os.truncate(folder / "train-images-idx3-ubyte", 50)
    with pytest.raises(DiskTrouble, match="cut off"):
        store.images(str(folder))


def test_without_a_wish_the_full_set_is_taken_if_it_is_here_else_the_sample() -> None:
    assert store.resolve("", ("mnist", "mnist-sample")) == "mnist-sample"
    assert store.resolve("", ("mnist-sample", "mnist")) == "mnist-sample"
    for file in MNIST.files:
        path = store.file_path(MNIST, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.truncate(path, file.size)
    assert store.resolve("", ("mnist", "mnist-sample")) == "mnist"


def test_absent_data_say_how_to_get_them() -> None:
    with pytest.raises(DataMissing, match=r"fastai-tui data get mnist.*mnist-sample .* works at once"):
        store.resolve("mnist", ("mnist", "mnist-sample"))
    with pytest.raises(DataMissing, match="fastai-tui data get mnist"):
        store.resolve("", ("mnist",))
    with pytest.raises(DataMissing, match="fastai-tui data get mnist"):
        store.images("mnist")


def test_a_wish_is_resolved_to_a_name_or_a_path(tmp_path: Path) -> None:
    assert store.resolve("mnist-sample", ("mnist", "mnist-sample")) == "mnist-sample"
    assert store.resolve(str(tmp_path), ("mnist",)) == str(tmp_path)


def test_a_wish_that_makes_no_sense_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'minst'; there are mnist-sample, mnist"):
        store.resolve("minst", ("mnist",))
    with pytest.raises(BadInput, match="mnist-sample does not serve here"):
        store.resolve("mnist-sample", ("mnist",))
    with pytest.raises(DataMissing, match="nothing at"):
        store.resolve(str(tmp_path / "no" / "such"), ("mnist",))


@pytest.mark.parametrize("name", ["a" * 5000, "no\0thing", "~nobody/x", "/", "../..", "mnist/../mnist"])
def test_odd_paths_are_sentences_too(name: str) -> None:
    with pytest.raises(FastaiTuiError):
        store.images(name)


@pytest.mark.parametrize(
    "reference",
    ["", ":", "mnist-sample", "mnist-sample:", "mnist-sample:x", "mnist-sample:1.5", ":3", "mnist-sample:٣", "12:"],
)
def test_a_reference_that_names_no_image_is_bad_input(reference: str) -> None:
    with pytest.raises(BadInput, match="names no image"):
        store.image(reference)


@pytest.mark.parametrize("index", ["5000", "-1", "999999999999"])
def test_an_index_out_of_bounds_names_them(index: str) -> None:
    with pytest.raises(BadInput, match=f"0 to 4,999; there is no {index}"):
        store.image(f"mnist-sample:{index}")


def test_an_image_of_an_unknown_set_names_those_there_are() -> None:
    with pytest.raises(BadInput, match="there are mnist-sample, mnist"):
        store.image("minst:3")
