"""Photos as they come: odd files, huge ones, their sizes, and decoding on all cores."""

import os
import subprocess
import sys
import threading
import warnings
import zlib
from collections import Counter
from pathlib import Path
from struct import pack

import numpy as np
import pytest
from PIL import Image

from fastai_tui.engine.data import decoding, folders, photo_sizes, sources, store
from fastai_tui.engine.data.photos import read_photo
from fastai_tui.engine.data.upright import upright
from fastai_tui.engine.errors import BadInput, DataMissing
from tests.unit.photo_files import packed, picture


def saved(tmp_path: Path, image: Image.Image, name: str = "a.png", **options: object) -> np.ndarray:
    image.save(tmp_path / name, **options)  # type: ignore[arg-type]
    return decoding.decoded(tmp_path / name, name, "here").transpose(1, 2, 0)


def test_what_is_transparent_lies_on_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (4, 4), (200, 0, 0, 0))
    image.putpixel((0, 0), (10, 20, 30, 255))
    image.putpixel((1, 0), (0, 0, 0, 51))  # a fifth of black
    for found in (saved(tmp_path, image), saved(tmp_path, image, "a.webp", lossless=True, exact=True)):
        assert found[0, 0].tolist() == [10, 20, 30]
        assert found[0, 1].tolist() == [204, 204, 204]
        assert found[3, 3].tolist() == [255, 255, 255]
    assert saved(tmp_path, Image.new("LA", (2, 2), (0, 0)))[0, 0].tolist() == [255, 255, 255]
    palette = Image.new("P", (2, 2), 1)
    palette.putpalette([9, 9, 9, 70, 80, 90])
    palette.putpixel((0, 0), 0)
    assert saved(tmp_path, palette)[1, 1].tolist() == [70, 80, 90]
    assert saved(tmp_path, palette, "a.gif", transparency=0)[0, 0].tolist() == [255, 255, 255]


def test_odd_modes_become_eight_bits_of_colour(tmp_path: Path) -> None:
    deep = (np.arange(16, dtype=np.uint16) * 4369).reshape(4, 4)  # 0…65535
    found = saved(tmp_path, Image.fromarray(deep))
    np.testing.assert_array_equal(found[:, :, 0], (deep // 257).astype(np.uint8))
    assert (found[..., 0] == found[..., 2]).all()
    assert saved(tmp_path, Image.new("1", (2, 2), 1))[0, 0].tolist() == [255, 255, 255]
    assert saved(tmp_path, Image.new("L", (2, 2), 7))[0, 0].tolist() == [7, 7, 7]
    ink = saved(tmp_path, Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "a.jpg", quality=100)
    np.testing.assert_allclose(ink[4, 4], [255, 0, 0], atol=6)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("side", [0, 6])
def test_photos_stand_as_their_camera_was_held(tmp_path: Path, orientation: int, side: int) -> None:
    stored = np.zeros((6, 8, 3), np.uint8)
    stored[:3, :4], stored[:3, 4:], stored[3:, :4] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    steps = {1: 0, 2: 4, 3: 2, 4: 6, 5: 5, 6: 3, 7: 7, 8: 1}[orientation]  # what undoes it: flipped, then quarters
    wanted = np.rot90(stored[:, ::-1] if steps >= 4 else stored, steps % 4)
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in ("a.png", "a.jpg"):
        Image.fromarray(stored).save(tmp_path / name, exif=exif, **({"quality": 100, "subsampling": 0}))
        found = decoding.decoded(tmp_path / name, name, "here", side).transpose(1, 2, 0)
        if not side:
            assert found.shape == wanted.shape
        for row, column in ((1, 1), (1, -2), (-2, 1), (-2, -2)):
            np.testing.assert_allclose(found[row, column], wanted[row, column], atol=12)
    with Image.open(tmp_path / "a.jpg") as image:
        assert photo_sizes.upright_size(image) == wanted.shape[1::-1]


def test_a_photo_can_be_had_whole(tmp_path: Path) -> None:
    Image.new("RGB", (300, 120), "navy").save(tmp_path / "a.jpg")
    assert read_photo(tmp_path / "a.jpg").size == (300, 120)
    assert read_photo(tmp_path / "a.jpg", most=100).size == (100, 40)
    for name, words in (("b.jpg", "does not exist"), (".", "is no regular file")):
        with pytest.raises(BadInput, match=words):
            read_photo(tmp_path / name)
    (tmp_path / "c.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:400])
    with pytest.raises(BadInput, match="it may be cut short"):
        read_photo(tmp_path / "c.jpg")


HUGE = """
import resource, sys
from pathlib import Path
from fastai_tui.engine.data import decoding
from fastai_tui.engine.data.photos import read_photo
import numpy, PIL.Image
path = Path(sys.argv[1])
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
cut, whole = decoding.decoded(path, "huge", "here", 224), read_photo(path, most=512)
peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) // 1000
print(cut.shape, cut.mean(), whole.size, peak, sep=";")
"""


def png(path: Path, width: int, height: int) -> None:
    """A picture of so many half transparent, grey pixels, written without holding it in memory."""
    packer, rows = zlib.compressobj(1), b""
    for _ in range(height):
        rows += packer.compress(b"\0" + b"\x80\x80\x80\x80" * width)
    rows += packer.flush()
    chunks = ((b"IHDR", pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b""))
    parts = [pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data)) for kind, data in chunks]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


@pytest.mark.parametrize(("name", "most"), [("a.jpg", 80), ("a.png", 700)])
def test_a_hundred_megapixels_take_bounded_memory(tmp_path: Path, name: str, most: int) -> None:
    if name == "a.jpg":
        Image.new("RGB", (11_608, 8_708), (192, 192, 192)).save(tmp_path / name)
    else:
        png(tmp_path / name, 11_608, 8_708)
    done = subprocess.run(
        [sys.executable, "-c", HUGE, str(tmp_path / name)], capture_output=True, text=True, check=True
    )
    shape, mean, size, megabytes = done.stdout.split(";")
    assert (shape, size) == ("(3, 224, 224)", "(512, 384)")
    assert abs(float(mean) - 192) < 2  # grey, or a darker grey half on white
    assert int(megabytes) < most


def test_what_is_larger_still_is_refused_by_its_header(tmp_path: Path) -> None:
    Image.new("1", (13_000, 12_000)).save(tmp_path / "a.png")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(BadInput, match=r"a\.png cannot be read \(13000×12000 pixels are too many\)"):
            decoding.decoded(tmp_path / "a.png", "a.png", "here", 32)


def test_large_pictures_are_decoded_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, most = 0, 0
    lock = threading.Lock()
    monkeypatch.setattr("fastai_tui.engine.data.upright.LARGE", 50)

    class Watched(Image.Image):
        def load(self) -> object:  # type: ignore[override]
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            threading.Event().wait(0.02)
            with lock:
                at_once -= 1
            return super().load()

    def one() -> None:
        image = Image.new("RGB", (10, 10))
        image.__class__ = Watched
        assert upright(image).size == (10, 10)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_every_core_decodes_and_each_photo_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{part}/{label}/{i}.png" for part in ("train", "valid") for label in "ab" for i in range(24)]
    for name in names:
        picture(tmp_path / "mine" / name)
    monkeypatch.setattr(decoding, "cores", lambda: 4)
    together, seen, real = threading.Barrier(4), Counter[str](), decoding.decoded

    def watched(content: Path | bytes, name: str, where: str, side: int = 0) -> np.ndarray:
        seen[name] += 1
        if seen.total() <= 4:
            together.wait(timeout=60)  # passes only if four are at it at a time
        return real(content, name, where, side)

    monkeypatch.setattr(decoding, "decoded", watched)
    store.images(str(tmp_path / "mine"), size=8)
    assert seen == dict.fromkeys(names, 1)


def test_all_broken_pictures_are_named_at_once(tmp_path: Path, home: Path) -> None:
    names = [f"{part}/{label}/{i}.png" for part in ("train", "valid") for label in "ab" for i in range(9)]
    for name in names:
        picture(tmp_path / "mine" / name)
    for name in names[3:8]:
        (tmp_path / "mine" / name).write_bytes((tmp_path / "mine" / name).read_bytes()[:60])
    with pytest.raises(BadInput, match=r"5 pictures cannot be read \(train/a/3\.png, .* and 2 more\); take them out"):
        store.images(str(tmp_path / "mine"), size=8)
    assert [file.name for file in (home / "data" / folders.CACHE).iterdir()] == [".lock"]


def test_twenty_thousand_pictures_are_a_matter_of_seconds(tmp_path: Path) -> None:
    for label, colour in (("a", "red"), ("b", "blue")):
        (tmp_path / "mine" / label).mkdir(parents=True)
        Image.new("RGB", (4, 4), colour).save(tmp_path / f"{label}.png")
        for i in range(10_000):
            os.link(tmp_path / f"{label}.png", tmp_path / "mine" / label / f"{i}.png")
    found = store.images(str(tmp_path / "mine"), size=4)
    assert (len(found.train_images), len(found.valid_images)) == (16_000, 4_000)
    assert (found.train_images[:, 0, 0, 0] == np.where(found.train_labels == 0, 255, 0)).all()
    assert isinstance(found.train_images.base, np.memmap)


def test_sizes_are_those_of_the_headers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {}
    for part in ("train", "valid"):
        for i, label in enumerate(("a", "b", "a", "b")):
            size = (10 + i, 20 + 2 * i if part == "train" else 7)
            name = f"{part}/{label}/{i}.png"
            picture(tmp_path / "mine" / name, size[::-1])
            wanted[name] = size
    (tmp_path / "mine" / "train/a/9.png").write_bytes(b"none")
    listing = sources.listing(sources.source(tmp_path / "mine"))
    every = [name for name, _ in (*listing.train, *listing.valid) if name in wanted]
    for path in (tmp_path / "mine", packed(tmp_path / "mine", "tar.gz"), packed(tmp_path / "mine", "zip")):
        found = photo_sizes.sizes(str(path))
        assert list(zip(found.widths, found.heights, strict=True)) == [wanted[name] for name in every]
        assert found.unread == 1
    with monkeypatch.context() as patched:
        patched.setattr(photo_sizes, "opened", lambda *_: pytest.fail("looked at again"))
        assert photo_sizes.sizes(str(tmp_path / "mine")).unread == 1
    picture(tmp_path / "mine" / "train/a/9.png", (3, 5))
    assert photo_sizes.sizes(str(tmp_path / "mine")).unread == 0


@pytest.mark.parametrize(
    ("what", "kind", "words"),
    [
        ("nowhere", DataMissing, "no folder of photos at nowhere"),
        ("mnist-sample", BadInput, "all of one size"),
        ("dogscats", DataMissing, "`fastai-tui data get dogscats` gets it; "),
        ("dogbreeds", DataMissing, "log in at .*, and `fastai-tui data import dogbreeds PATH` takes it in"),
    ],
)
def test_what_has_no_sizes_is_one_sentence(what: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        photo_sizes.sizes(what)
