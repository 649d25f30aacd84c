"""Pictures of every kind, and files that are none: greyscale pixels, or one sentence."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fastai_tui.engine.errors import BadInput, DataMissing
from fastai_tui.engine.pictures import load, read

RAMP = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5


def saved(folder: Path, image: Image.Image, name: str = "picture.png", **options: object) -> Path:
    image.save(folder / name, **options)
    return folder / name


@pytest.mark.parametrize("kind", ["png", "bmp", "gif", "tif", "ppm", "webp"])
def test_a_grey_picture_comes_back_as_it_is(tmp_path: Path, kind: str) -> None:
    options = {"lossless": True} if kind == "webp" else {}
    pixels = read(saved(tmp_path, Image.fromarray(RAMP), f"picture.{kind}", **options))
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - RAMP).max() <= (1 if kind == "webp" else 0)


def test_colours_become_their_luma(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    pixels = read(saved(tmp_path, Image.fromarray(colours)))
    assert np.abs(pixels - colours @ [0.299, 0.587, 0.114]).max() <= 1


def test_a_photo_is_turned_upright_by_its_exif_orientation(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    path = saved(tmp_path, Image.fromarray(RAMP), exif=exif)
    assert np.array_equal(read(path), np.rot90(RAMP, -1))


def test_what_is_transparent_lies_on_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 255))
    assert read(saved(tmp_path, image)).tolist() == [[255, 0]]
    palette = Image.new("P", (2, 1), 0)
    palette.putpalette([10, 10, 10, 200, 200, 200])
    palette.putpixel((1, 0), 1)
    assert read(saved(tmp_path, palette, "palette.png", transparency=0)).tolist() == [[255, 200]]


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_sixteen_bits_are_scaled_not_cut(tmp_path: Path, kind: str) -> None:
    deep = np.array([[0, 257, 128 * 257, 65535]], dtype=np.uint16)
    assert read(saved(tmp_path, Image.fromarray(deep), f"deep.{kind}")).tolist() == [[0, 1, 128, 255]]


def test_fractions_are_scaled_from_their_own_range_and_nan_is_dark(tmp_path: Path) -> None:
    values = np.array([[-1.0, 0.0, 1.0, np.nan]], dtype=np.float32)
    assert read(saved(tmp_path, Image.fromarray(values), "f.tif")).tolist() == [[0, 128, 255, 0]]


def test_one_bit_and_cmyk_pictures_are_read(tmp_path: Path) -> None:
    assert read(saved(tmp_path, Image.new("1", (3, 2), 1))).tolist() == [[255] * 3] * 2
    assert read(saved(tmp_path, Image.new("CMYK", (3, 2), 0), "c.jpg")).tolist() == [[255] * 3] * 2


def test_of_an_animation_the_first_frame_counts(tmp_path: Path) -> None:
    frames = [Image.new("L", (4, 4), shade) for shade in (40, 200)]
    path = tmp_path / "moving.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert read(path).tolist() == [[40] * 4] * 4


def bomb(width: int, height: int) -> bytes:
    """A small PNG that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(5000, 5000), (12_000, 12_000), (60_000, 60_000)])
def test_a_decompression_bomb_is_refused_before_it_goes_off(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(*size))
    with pytest.raises(BadInput, match="scale it down"):
        read(path)


def refusal(path: Path) -> str:
    with pytest.raises(BadInput) as refused:
        read(path)
    sentence = str(refused.value)
    assert sentence.endswith(".")
    assert sentence.isprintable()
    assert len(sentence) < 500
    return sentence


def test_files_that_are_no_pictures_are_refused_in_a_sentence(tmp_path: Path) -> None:
    for content in (
        b"",
        b"hello",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
    ):
        (tmp_path / "file").write_bytes(content)
        assert "cannot be read" in refusal(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for ever
    assert "no regular file" in refusal(tmp_path / "pipe")
    assert "no regular file" in refusal(tmp_path)
    assert "does not exist" in refusal(tmp_path / "nothing.png")
    assert "does not exist" in refusal(Path("nul\0byte"))
    assert "does not exist" in refusal(Path("a" * 5000))


@given(
    kind=st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]), share=st.floats(0, 0.95), seed=st.integers(0)
)
@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_gives_a_picture_or_one_sentence(tmp_path: Path, kind: str, share: float, seed: int) -> None:
    path = tmp_path / "damaged"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(path, kind)
    content = bytearray(path.read_bytes())
    chance = np.random.default_rng(seed)
    for place in chance.integers(0, len(content), chance.integers(0, 6)):
        content[place] = chance.integers(0, 256)
    path.write_bytes(content[: int(len(content) * share)])
    try:
        assert read(path).ndim == 2
    except BadInput:
        refusal(path)


def test_a_truncated_picture_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90), dtype=np.uint8)))
    path.write_bytes(path.read_bytes()[:4000])
    assert "cut short" in refusal(path)


def test_a_reference_is_a_data_sets_image_or_a_path(tmp_path: Path) -> None:
    digit = load("mnist-sample:1502")
    assert (digit.name, digit.label, digit.pixels.shape) == ("mnist-sample:1502", "3", (28, 28))
    path = saved(tmp_path, Image.fromarray(RAMP), "odd:12", format="PNG")
    assert np.array_equal(load(str(path)).pixels, RAMP)
    assert load(str(path)).label is None


def test_what_is_not_there_is_said_by_kind() -> None:
    for reference in ("mnist-sample:5000", "mnist-sample:-1", "nothing:1", "nothing", "~nobody-of-this-name/x.png", ""):
        with pytest.raises(BadInput):
            load(reference)
    with pytest.raises(DataMissing, match="data get mnist"):
        load("mnist:12")
