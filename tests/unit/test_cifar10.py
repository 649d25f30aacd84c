"""CIFAR-10 and what stands in for it: binary batches, fetching an archive, pictures under its name, colour-digits."""

import hashlib
import io
import os
import pickle
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastai_tui.engine.data import catalogue, cifar, idx, obtain, store
from fastai_tui.engine.data.catalogue import CIFAR10, COLOUR_DIGITS, Archive, DataSet, File
from fastai_tui.engine.data.colour_digits import CONTRAST, coloured
from fastai_tui.engine.data.fetch import NotFetched, Notice
from fastai_tui.engine.data.image import measure
from fastai_tui.engine.data.importing import import_from
from fastai_tui.engine.errors import BadInput, DataMissing, DiskTrouble
from fastai_tui.engine.pictures import load
from tests.local_server import Server, serving

random = np.random.default_rng(0)


def batches(folder: Path) -> dict[str, tuple[int, np.ndarray]]:
    """The six files in full size, sparse, each with one image that is not black, in its last row: class and pixels."""
    folder.mkdir(parents=True)
    made = {}
    for number, file in enumerate(CIFAR10.files):
        pixels = random.integers(0, 256, (3, 32, 32), np.uint8)
        path = folder / file.name
        with path.open("wb") as written:
            written.seek(file.size - 3073)
            written.write(bytes([number + 3]) + pixels.tobytes())
        made[file.name] = (number + 3, pixels)
    return made


def test_the_binary_batches_are_read_plane_by_plane() -> None:
    made = batches(store.folder("cifar10"))
    assert store.present(CIFAR10)
    assert store.resolve("", ("cifar10", "colour-digits")) == "cifar10"
    found = store.images("cifar10")
    assert (found.name, found.source, found.classes[:2]) == ("cifar10", "full", ("airplane", "automobile"))
    assert found.train_images.shape == (50_000, 3, 32, 32)
    assert found.valid_images.shape == (10_000, 3, 32, 32)
    for number, (label, pixels) in enumerate(list(made.values())[:5]):
        np.testing.assert_array_equal(found.train_images[10_000 * number + 9_999], pixels)
        assert found.train_labels[10_000 * number + 9_999] == label
    label, pixels = made["test_batch.bin"]
    np.testing.assert_array_equal(found.valid_images[-1], pixels)
    assert found.valid_labels[-1] == label
    assert not found.train_images[:9_999].any()


@pytest.mark.parametrize("inner", ["", "cifar-10-batches-bin"])
def test_the_binary_batches_are_also_taken_by_their_path(tmp_path: Path, inner: str) -> None:
    made = batches(tmp_path / "mine" / inner)
    found = store.images(str(tmp_path / "mine"))
    assert (found.source, len(found.classes), found.train_images.shape) == ("path", 10, (50_000, 3, 32, 32))
    np.testing.assert_array_equal(found.train_images[9_999], made["data_batch_1.bin"][1])


def test_damaged_batches_are_one_sentence(tmp_path: Path) -> None:
    batches(tmp_path / "mine")
    with (tmp_path / "mine" / "data_batch_2.bin").open("r+b") as file:
        file.write(b"\x0a")
    with pytest.raises(DiskTrouble, match=r"data_batch_2\.bin has a class 10 where 0 to 9 belong"):
        store.images(str(tmp_path / "mine"))
    os.truncate(tmp_path / "mine" / "data_batch_2.bin", 3073)
    with pytest.raises(DiskTrouble, match=r"data_batch_2\.bin has 3,073 bytes where 30,730,000 belong"):
        store.images(str(tmp_path / "mine"))


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("sprung",)


@pytest.mark.parametrize("way", ["folder", "file", "tar"])
def test_pickled_batches_are_refused_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name in ("data_batch_1", "data_batch_2", "test_batch"):
        (folder / name).write_bytes(pickle.dumps(Trap()))
    with tarfile.open(tmp_path / "python.tar.gz", "w:gz") as archive:
        archive.add(folder, folder.name)
    source = {"folder": folder, "file": folder / "data_batch_1", "tar": tmp_path / "python.tar.gz"}[way]
    with pytest.raises(BadInput, match=r"pickled batches \(data_batch_1 …\).*cifar-10-binary\.tar\.gz"):
        import_from("cifar10", source)
    if way == "folder":
        with pytest.raises(BadInput, match="pickled batches"):
            store.images(str(source))
    assert not (tmp_path / "sprung").exists()


def test_other_bytes_under_the_same_names_are_refused(tmp_path: Path, home: Path) -> None:
    batches(tmp_path / "mine")
    with pytest.raises(BadInput, match=CIFAR10.files[0].sha256):
        import_from("cifar10", tmp_path / "mine")
    assert not store.folder("cifar10").exists()


def test_without_cifar10_colour_digits_work_at_once() -> None:
    with pytest.raises(DataMissing, match=r"data get cifar10` gets it; colour-digits, made on the spot, works at once"):
        store.images("cifar10")
    assert store.resolve("", ("cifar10", "colour-digits")) == "colour-digits"


DIGEST = "600b0d58dd31758390c40bde15602428c1ffda4a697e63392b82e59da59cb430"  # of the 4,000 and then the 1,000
CONTENTS = {"a.bin": random.bytes(5_000), "b.bin": random.bytes(7_000)}


def tar(contents: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"batches/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return held.getvalue()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def tiny(server: Server, monkeypatch: pytest.MonkeyPatch) -> DataSet:
    """A set like CIFAR-10, of two files in an archive at two addresses, or of six pictures and four."""
    addresses = tuple(server.add(f"/{place}/tiny.tar.gz", tar(CONTENTS)) for place in "ab")
    entry = DataSet(
        name="tiny",
        title="Tiny",
        licence="none",
        credit="us",
        hashes="published",
        files=tuple(
            File(name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest(), packed=name)
            for name, content in CONTENTS.items()
        ),
        archive=Archive(packed="tiny.tar.gz", download=len(tar(CONTENTS)), published="", addresses=addresses),
        pictures=catalogue._decoded("train", 6) + catalogue._decoded("test", 4),
        train=6,
        valid=4,
        classes=("cat", "dog"),
    )
    monkeypatch.setitem(catalogue.DATA_SETS, "tiny", entry)
    return entry


def get() -> str:
    """What fetching says on the way."""
    said: list[str] = []
    obtain.get("tiny", lambda report: said.append(report.message if isinstance(report, Notice) else ""))
    return " ".join(filter(None, said))


def complete() -> bool:
    return {path.name: path.read_bytes() for path in store.folder("tiny").iterdir()} == CONTENTS


def test_an_archive_is_fetched_and_its_files_are_kept(tiny: DataSet, server: Server, home: Path) -> None:
    assert get() == ""
    assert complete()
    assert {path.stat().st_mode & 0o777 for path in store.folder("tiny").iterdir()} == {0o600}
    assert sorted(path.name for path in (home / "data").iterdir()) == [".tiny.lock", "tiny"]
    assert (tiny.download, len(server.asked)) == (len(tar(CONTENTS)), 1)
    get()
    assert len(server.asked) == 1
    (store.folder("tiny") / "b.bin").write_bytes(bytes(7_000))
    assert [verdict.trouble == "" for verdict in obtain.verify("tiny")] == [True, False]
    get()
    assert complete()


def test_what_was_killed_while_it_unpacked_stands_in_nobodys_way(tiny: DataSet, home: Path) -> None:
    left = home / "data" / ".tiny.part" / "tmpabcd1234"
    left.mkdir(parents=True)
    (left / "a.bin").write_bytes(b"half of it")
    get()
    assert complete()


@pytest.mark.parametrize(
    "wrong",
    [b"hello", tar({"a.bin": CONTENTS["a.bin"]}), tar({**CONTENTS, "b.bin": bytes(7_000)}), tar(CONTENTS)[:9_000]],
    ids=["none", "part", "other", "cut"],
)
def test_a_wrong_archive_is_thrown_away_and_the_next_address_taken(tiny: DataSet, server: Server, wrong: bytes) -> None:
    server.files["/a/tiny.tar.gz"] = wrong
    assert "sent something else" in get()
    assert complete()
    server.files["/b/tiny.tar.gz"] = wrong
    obtain.remove("tiny")
    with pytest.raises(NotFetched, match="data import tiny PATH"):
        get()
    assert not store.folder("tiny").exists()


def test_an_archive_is_imported_as_it_is_or_unpacked(tiny: DataSet, tmp_path: Path) -> None:
    (tmp_path / "any-name.tgz").write_bytes(tar(CONTENTS))
    import_from("tiny", tmp_path / "any-name.tgz")
    assert complete()
    obtain.remove("tiny")
    for name, content in CONTENTS.items():
        (tmp_path / name).write_bytes(content)
    import_from("tiny", tmp_path / "a.bin")
    assert complete()


def pictures(folder: Path, counts: tuple[int, int] = (3, 2), side: int = 32) -> np.ndarray:
    """Training and test pictures of cats and dogs; the training ones' pixels (n, 3, side, side)."""
    made = []
    for part, count in zip(("train", "test"), counts, strict=True):
        for label in ("cat", "dog"):
            (folder / part / label).mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(0, 256, (side, side, 3), np.uint8)
                Image.fromarray(pixels).save(folder / part / label / f"{number:04}.png")
                made.append(pixels.transpose(2, 0, 1))
    return np.array(made[: 2 * counts[0]])


@pytest.mark.parametrize("way", ["folder", "tar"])
def test_pictures_are_imported_under_the_set_s_name(tiny: DataSet, tmp_path: Path, home: Path, way: str) -> None:
    made, source = pictures(tmp_path / "mine"), tmp_path / "mine"
    if way == "tar":
        source = tmp_path / "mine.tar.gz"
        with tarfile.open(source, "w:gz") as archive:
            archive.add(tmp_path / "mine", ".")
    said: list[str] = []
    assert import_from("tiny", source, said.append) == store.folder("tiny")
    assert said == []  # too few to tell
    assert sorted(path.name for path in (home / "data").iterdir()) == [".tiny.lock", "tiny"]
    found = store.images("tiny")
    assert (found.source, found.classes) == ("full", ("cat", "dog"))
    np.testing.assert_array_equal(found.train_images, made)
    assert found.train_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert all(not verdict.trouble and "nobody published" in verdict.note for verdict in obtain.verify("tiny"))
    with (store.folder("tiny") / "test-labels-idx1-ubyte").open("r+b") as file:
        file.seek(9)
        file.write(b"\1")
    assert [bool(verdict.trouble) for verdict in obtain.verify("tiny")] == [False, False, False, True]
    import_from("tiny", source)
    assert not any(verdict.trouble for verdict in obtain.verify("tiny"))
    get()  # what its makers hand around takes the pictures' place
    assert complete()


@pytest.mark.parametrize(
    ("counts", "side", "words"),
    [
        ((3, 1), 32, "6 pictures to train on and 2 to validate, and tiny has 6 and 4: train on the folder itself"),
        ((3, 2), 33, r"cat/0000\.png is not 32×32 pixels"),
    ],
)
def test_other_pictures_are_not_taken_for_the_set(
    tiny: DataSet, tmp_path: Path, home: Path, counts: tuple[int, int], side: int, words: str
) -> None:
    pictures(tmp_path / "mine", counts, side)
    with pytest.raises(BadInput, match=words):
        import_from("tiny", tmp_path / "mine")
    assert [path.name for path in (home / "data").iterdir()] == [".tiny.lock"]


def test_one_picture_of_another_size_is_named(tiny: DataSet, tmp_path: Path) -> None:
    pictures(tmp_path / "mine")
    Image.new("RGB", (32, 31)).save(tmp_path / "mine" / "test/dog/0001.png")
    with pytest.raises(BadInput, match=r"test/dog/0001\.png is not 32×32 pixels"):
        import_from("tiny", tmp_path / "mine")


def test_pictures_of_other_things_are_not_taken_for_the_set(tiny: DataSet, tmp_path: Path) -> None:
    pictures(tmp_path / "mine")
    for part in ("train", "test"):
        (tmp_path / "mine" / part / "dog").rename(tmp_path / "mine" / part / "wolf")
    with pytest.raises(BadInput, match="has the classes cat, wolf; tiny's are cat, dog"):
        import_from("tiny", tmp_path / "mine")


def test_a_folder_of_neither_says_what_is_missing(tiny: DataSet, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"has no a\.bin and no b\.bin"):
        import_from("tiny", tmp_path)


@pytest.mark.real_data
@pytest.mark.acceptance
def test_all_of_cifar10_comes_out_of_its_pictures(test_data: Path) -> None:
    import_from("cifar10", test_data / "cifar10" / "cifar10-images.tar.gz")
    found = store.images("cifar10")
    assert np.bincount(found.train_labels).tolist() == [5000] * 10
    assert np.bincount(found.valid_labels).tolist() == [1000] * 10
    mean, std = measure(found.train_images)
    assert mean == pytest.approx([0.4914, 0.48216, 0.44653], abs=2e-3)  # TARGETS' numbers
    assert std == pytest.approx([0.245, 0.243, 0.261], abs=2e-3)  # JPEG is a little softer than .24703 .24349 .26159
    with tarfile.open(test_data / "cifar10" / "cifar10-images.tar.gz") as archive:
        for place, name in ((0, "train/airplane/0000.jpg"), (25_003, "train/dog/0003.jpg")):
            with Image.open(archive.extractfile(name)) as image:  # type: ignore[arg-type]
                np.testing.assert_array_equal(found.train_images[place], np.asarray(image).transpose(2, 0, 1))


def test_colour_digits_are_the_sample_s_digits_in_their_order() -> None:
    found, digits = store.images("colour-digits"), store.images("mnist-sample")
    assert (found.name, found.source, found.classes) == ("colour-digits", "sample", tuple("0123456789"))
    assert found.train_images.shape == (4000, 3, 32, 32)
    np.testing.assert_array_equal(found.train_labels, digits.train_labels)
    np.testing.assert_array_equal(found.valid_labels, digits.valid_labels)
    pixels, label = store.image("colour-digits:1502")
    assert (pixels.shape, label) == ((3, 32, 32), 3)
    assert load("colour-digits:1502").pixels.shape == (32, 32)
    assert obtain.get("colour-digits", lambda report: None) is False


def test_colour_digits_are_the_same_bytes_everywhere() -> None:
    images = np.concatenate([store.images("colour-digits").train_images, store.images("colour-digits").valid_images])
    assert hashlib.sha256(images.tobytes()).hexdigest() == DIGEST


def test_colours_do_not_tell_the_class() -> None:
    """Each class's mean colours lie as near to those of all as means of so many images would by chance."""
    found = store.images("colour-digits")
    means = found.train_images.reshape(4000, 3, -1).mean(2)
    spread = means.std(0) / np.sqrt(400)
    for digit in range(10):
        away = (means[found.train_labels == digit].mean(0) - means.mean(0)) / spread
        assert np.abs(away).max() < 4


def test_a_digit_stands_out_from_what_is_behind_it() -> None:
    """One plain image: where the digit is, greys differ from the rest by about the least contrast, or by more."""
    pixels, _ = store.rows("mnist-sample")
    bars = np.zeros_like(pixels[:500])
    bars[:, 8:20, 8:20] = 255
    grey = (coloured(bars.tobytes(), 500) * np.array([0.299, 0.587, 0.114])[:, None, None]).sum(1)
    inside, outside = grey[:, 14:17, 14:17].mean((1, 2)), grey[:, :4].mean((1, 2))
    assert np.median(np.abs(inside - outside)) > CONTRAST
    assert 0.1 < (inside < outside).mean() < 0.35  # one in five is the darker one


def test_the_catalogue_says_what_stands_in_for_what() -> None:
    assert (COLOUR_DIGITS.embedded, COLOUR_DIGITS.stands_in) == (True, "cifar10")
    assert COLOUR_DIGITS.size > 0
    assert CIFAR10.size == 6 * 30_730_000
    assert CIFAR10.archive is not None
    assert CIFAR10.download == 170_052_171
    assert [idx.Header(">u1", (50_000, 3, 32, 32), 20).size + 20, 50_008] == [f.size for f in CIFAR10.pictures[:2]]
    assert frozenset(["data_batch_1", "test_batch"]) < cifar.PICKLED
