"""IDX files, against bytes written by hand."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastai_tui.engine.data import idx
from fastai_tui.engine.errors import BadInput, DiskTrouble

IMAGES = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3]) + bytes(range(12))
LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9])


@pytest.mark.parametrize("packed", [False, True])
def test_images_are_read_as_they_were_written_by_hand(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(gzip.compress(IMAGES) if packed else IMAGES)
    images = idx.read(path)
    assert images.tolist() == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]
    assert images.dtype == np.uint8
    assert not images.flags.writeable


def test_a_plain_file_is_mapped_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "images"
    path.write_bytes(IMAGES)
    assert isinstance(idx.read(path).base, np.memmap)


def test_numbers_of_several_bytes_are_big_endian(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    path.write_bytes(struct.pack(">HBBI3i", 0, 0x0C, 1, 3, 1, -2, 70_000))
    assert idx.read(path).tolist() == [1, -2, 70_000]


@pytest.mark.parametrize("name", ["plain", "packed.gz"])
def test_what_is_written_is_the_hand_made_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    idx.write(path, np.arange(12, dtype=np.uint8).reshape(2, 2, 3))
    content = path.read_bytes()
    assert (gzip.decompress(content) if name.endswith(".gz") else content) == IMAGES
    assert (content == IMAGES) is not name.endswith(".gz")


def test_no_images_at_all_are_an_array_of_none(tmp_path: Path) -> None:
    path = tmp_path / "none"
    path.write_bytes(struct.pack(">HBBIII", 0, 8, 3, 0, 28, 28))
    assert idx.read(path).shape == (0, 28, 28)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0", b"\x89PNG\r\n\x1a\n", b"\0\0\x07\1\0\0\0\0", b"\0\0\x08\0", b"\0\0\x08\xff" + bytes(2000), b"hello"],
)
def test_what_is_no_idx_file_is_bad_input(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thing"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="thing is not an IDX file"):
        idx.read(path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("content", [IMAGES[:-1], IMAGES[:9], IMAGES + b"\0", LABELS[:-1], LABELS + bytes(100)])
def test_too_few_or_too_many_bytes_are_a_damaged_file(tmp_path: Path, content: bytes, packed: bool) -> None:
    path = tmp_path / "thing"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DiskTrouble, match=r"thing is (cut off|longer)"):
        idx.read(path)


@given(st.integers(0, len(gzip.compress(IMAGES)) - 1))
def test_a_gzip_file_cut_anywhere_is_a_sentence(tmp_path_factory: pytest.TempPathFactory, end: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "thing"
    path.write_bytes(gzip.compress(IMAGES)[:end])
    with pytest.raises((DiskTrouble, BadInput), match="thing"):
        idx.read(path)


def test_a_gzip_file_with_a_wrong_byte_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "thing"
    content = bytearray(gzip.compress(bytes(IMAGES)))
    content[-5] ^= 1  # its checksum
    path.write_bytes(content)
    with pytest.raises(DiskTrouble, match="cannot be unpacked"):
        idx.read(path)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DiskTrouble, match="no such file"):
        idx.read(tmp_path / "nothing")


def test_a_header_that_claims_a_terabyte_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "thing"
    path.write_bytes(gzip.compress(struct.pack(">HBBIII", 0, 8, 3, 1 << 20, 1 << 10, 1 << 10)))
    with pytest.raises(DiskTrouble, match="cut off"):
        idx.read(path)


@pytest.mark.parametrize("array", [np.zeros(3, np.complex128), np.zeros(3, np.int64), np.uint8(3)])
def test_what_idx_cannot_hold_is_bad_input(tmp_path: Path, array: np.ndarray) -> None:
    with pytest.raises(BadInput, match="IDX cannot hold"):
        idx.write(tmp_path / "thing", array)
