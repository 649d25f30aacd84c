"""Folders and archives of pictures: who belongs where, how they are decoded, and what is said of those that are not."""

import io
import json
import os
import struct
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastai_tui.engine.data import decoding, folders, sources, store
from fastai_tui.engine.data.listing import held_out, listed
from fastai_tui.engine.errors import BadInput, DiskTrouble

random = np.random.default_rng(0)


def picture(path: Path, size: tuple[int, int] = (8, 8), **options: object) -> np.ndarray:
    """A picture of random colours, saved; its pixels (height, width, 3)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = random.integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(pixels).save(path, **options)  # type: ignore[arg-type]
    return pixels


def folder(path: Path, names: list[str]) -> dict[str, np.ndarray]:
    return {name: picture(path / name) for name in names}


PARTED = [f"{part}/{label}/{i}.png" for part in ("train", "test") for label in ("cat", "dog") for i in range(3)]


def packed(source: Path, target: Path) -> Path:
    with tarfile.open(target, "w:gz") as archive:
        archive.add(source, "wrapped/in")
    return target


@pytest.mark.parametrize("wrap", ["", "dogscats", "a/b"])
@pytest.mark.parametrize("way", ["folder", "tar"])
def test_a_folder_of_parts_and_classes_is_read_by_its_path(tmp_path: Path, wrap: str, way: str) -> None:
    made = folder(tmp_path / "mine" / wrap, PARTED)
    (tmp_path / "mine" / wrap / "train" / "readme.txt").write_text("hello")
    (tmp_path / "mine" / wrap / "train" / "._0.png").write_bytes(b"a Mac's")
    path = tmp_path / "mine" if way == "folder" else packed(tmp_path / "mine", tmp_path / "mine.tar.gz")
    found = store.images(str(path))
    assert (found.source, found.classes) == ("path", ("cat", "dog"))
    assert found.train_images.shape == found.valid_images.shape == (6, 3, 8, 8)
    assert found.train_labels.tolist() == found.valid_labels.tolist() == [0, 0, 0, 1, 1, 1]
    wanted = [made[name].transpose(2, 0, 1) for name in PARTED]
    np.testing.assert_array_equal(found.train_images, wanted[:6])
    np.testing.assert_array_equal(found.valid_images, wanted[6:])
    assert isinstance(found.train_images.base, np.memmap)
    pixels, label = store.image(f"{path}:4")
    np.testing.assert_array_equal(pixels, wanted[4])
    assert label == 1


def test_a_flat_folder_has_its_classes_in_the_names_and_a_fifth_held_out(tmp_path: Path) -> None:
    names = [f"{i}_{label}.png" for i, label in enumerate(["cat", "big_dog"] * 15)]
    made = folder(tmp_path / "flat", names)
    found = store.images(str(tmp_path / "flat"))
    order = np.random.RandomState(42).permutation(30)
    listing = sorted(names)
    assert found.classes == ("big_dog", "cat")
    assert len(found.valid_images) == 6
    for row, place in enumerate(order[24:]):
        np.testing.assert_array_equal(found.valid_images[row], made[listing[place]].transpose(2, 0, 1))
        assert found.classes[found.valid_labels[row]] == listing[place].partition("_")[2].removesuffix(".png")
    for row, place in enumerate(sorted(order[:24])):
        np.testing.assert_array_equal(found.train_images[row], made[listing[place]].transpose(2, 0, 1))


def test_the_held_out_fifth_is_the_course_s() -> None:
    train, valid = held_out(10_222)
    assert (len(train), len(valid), valid[:3], valid[-1]) == (8178, 2044, [3694, 1573, 6281], 5390)
    assert sorted(train + valid) == list(range(10_222))
    assert list(map(len, held_out(4))) == [4, 0]


@pytest.mark.parametrize(
    ("paths", "train", "valid"),
    [
        (["train/0_cat.png", "train/1_dog.png", "test/0_cat.png", "test/1_dog.png"], 2, 2),  # pjreddie's
        (["Training/cat/a.JPG", "Training/dog/a.JPG", "VAL/cat/b.jpeg", "VAL/dog/b.webp"], 2, 2),
        (["train/cat/1.png", "train/dog/1.png", "valid/cat/1.png", "valid/dog/1.png", "test/77.png"], 2, 2),  # Kaggle's
        (["train/cat/1.png", "train/dog/1.png", "test/77.png", "val/cat/1.png", "val/dog/1.png"], 2, 2),
        ([f"{label}/{i}.png" for label in ("cat", "dog") for i in range(25)], 40, 10),
        ([f"photos/{label}/deeper/{i}.png" for label in ("cat", "dog") for i in range(25)], 40, 10),
        ([f"train/{label}/{i}.png" for label in ("cat", "dog") for i in range(25)] + ["test/7.png"], 40, 10),
        ([f"flat/{i}_{label}.png" for label in ("cat", "dog") for i in range(25)], 40, 10),
    ],
)
def test_forms_in_which_pictures_are_handed_around(paths: list[str], train: int, valid: int) -> None:
    found = listed(paths, "here")
    assert found.classes == ("cat", "dog")
    assert (len(found.train), len(found.valid)) == (train, valid)
    assert not {path for path, _ in found.train} & {path for path, _ in found.valid}
    assert all(found.classes[label] in path for path, label in (*found.train, *found.valid))


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ([], "no pictures in here"),
        (["train/cat/readme.txt", ".git/cat/1.png"], "no pictures in here"),
        (["test/cat/1.png", "test/dog/1.png"], "pictures to validate and none to train on"),
        (["train/cat/1.png", "train/dog/1.png", "test/cat/1.png"], "here has no validation pictures of dog"),
        (["train/cat/1.png", "test/cat/1.png", "test/dog/1.png"], "here has no training pictures of dog"),
        (["1_cat.png", "2_dog.png", "photo.png", "other.png"], "class of other.png and 1 more;"),
        (["train/cat/1.png", "test/cat/1.png"], "of 1 class; 2 to 256"),
        ([f"train/{part}/1.png" for part in range(257)] + [f"test/{part}/1.png" for part in range(257)], "257 classes"),
        ([f"{i}_{label}.png" for i, label in enumerate("aaaaaaaaab")], "no .* pictures of b"),
    ],
)
def test_what_does_not_fit_together_is_one_sentence(paths: list[str], words: str) -> None:
    with pytest.raises(BadInput, match=words) as refused:
        listed(paths, "here")
    assert str(refused.value).count("\n") == 0


def test_pictures_that_differ_in_size_are_scaled_to_32_or_to_what_is_asked(tmp_path: Path) -> None:
    folder(tmp_path, PARTED)
    Image.new("RGB", (80, 40), (10, 200, 30)).save(tmp_path / PARTED[-1])
    found = store.images(str(tmp_path))
    assert found.train_images.shape == found.valid_images.shape == (6, 3, 32, 32)
    assert found.valid_images[5].reshape(3, -1).T.tolist() == [[10, 200, 30]] * 1024
    assert store.images(str(tmp_path), size=16).train_images.shape == (6, 3, 16, 16)


def test_scaling_keeps_the_middle_of_a_wide_picture(tmp_path: Path) -> None:
    wide = Image.new("RGB", (120, 40), "red")
    wide.paste("blue", (40, 0, 80, 40))
    wide.save(tmp_path / "wide.png")
    found = decoding.decoded(tmp_path / "wide.png", "wide.png", "here", 20)
    assert found[:, 5:15, 5:15].reshape(3, -1).T.tolist() == [[0, 0, 255]] * 100


def test_large_pictures_of_one_size_are_scaled_too(tmp_path: Path) -> None:
    for name in PARTED:
        picture(tmp_path / name, (300, 400))
    assert store.images(str(tmp_path)).train_images.shape == (6, 3, 32, 32)


def test_a_large_photo_is_scaled_as_pillow_would(tmp_path: Path) -> None:
    smooth = np.linspace(0, 255, 640).astype(np.uint8)[None, :, None].repeat(480, 0).repeat(3, 2)
    Image.fromarray(smooth).save(tmp_path / "a.jpg", quality=95)
    with Image.open(tmp_path / "a.jpg") as image:
        side = image.convert("RGB").crop((80, 0, 560, 480)).resize((32, 32), Image.Resampling.BICUBIC)
    found = decoding.decoded(tmp_path / "a.jpg", "a.jpg", "here", 32)
    np.testing.assert_allclose(found, np.asarray(side).transpose(2, 0, 1), atol=3)


def test_photos_stand_upright_and_greys_get_colours(tmp_path: Path) -> None:
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by 90° clockwise to see it as it was
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    found = decoding.decoded(tmp_path / "turned.png", "turned.png", "here")
    np.testing.assert_array_equal(found, np.rot90(pixels, -1).transpose(2, 0, 1))
    Image.fromarray(pixels[:, :, 0]).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(
        decoding.decoded(tmp_path / "grey.png", "grey.png", "here"), pixels.transpose(2, 0, 1)
    )


def bomb() -> bytes:
    """A PNG that claims 60,000 × 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + bytes(50)


def cut() -> bytes:
    held = io.BytesIO()
    Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8)).save(held, "PNG")
    return held.getvalue()[:90]


@pytest.mark.parametrize("content", [b"", b"hello", cut(), bomb()], ids=["empty", "text", "cut", "bomb"])
@pytest.mark.parametrize("way", ["folder", "tar"])
def test_a_picture_that_cannot_be_read_is_named_and_nothing_is_kept(
    tmp_path: Path, home: Path, content: bytes, way: str
) -> None:
    folder(tmp_path / "mine", PARTED)
    (tmp_path / "mine" / "test/dog/1.png").write_bytes(content)
    path = tmp_path / "mine" if way == "folder" else packed(tmp_path / "mine", tmp_path / "mine.tar.gz")
    with pytest.raises(BadInput, match=r"the picture .*test/dog/1\.png cannot be read \(.+\); take it out"):
        store.images(str(path))
    assert [file.name for file in (home / "data" / folders.CACHE).iterdir()] == [".lock"]


def test_pictures_are_decoded_once_and_again_when_they_change(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(tmp_path / "mine", PARTED)
    first = store.images(str(tmp_path / "mine")).train_images.copy()
    with monkeypatch.context() as patched:
        patched.setattr(decoding, "decoded", lambda *_: pytest.fail("decoded again"))
        np.testing.assert_array_equal(store.images(str(tmp_path / "mine")).train_images, first)
    changed = picture(tmp_path / "mine" / PARTED[0])
    os.utime(tmp_path / "mine" / PARTED[0], ns=(1, 1))
    np.testing.assert_array_equal(store.images(str(tmp_path / "mine")).train_images[0], changed.transpose(2, 0, 1))
    kept = [file for file in (home / "data" / folders.CACHE).iterdir() if file.name != ".lock"]
    assert len(kept) == 1
    assert json.loads((kept[0] / folders.CLASSES).read_text()) == ["cat", "dog"]
    assert {file.stat().st_mode & 0o077 for file in (kept[0], *kept[0].iterdir())} == {0}
    (kept[0] / folders.CLASSES).write_text("[")
    with pytest.raises(DiskTrouble, match=r"remove .* and try again"):
        store.images(str(tmp_path / "mine"))


def test_an_interruption_leaves_nothing_half_done(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path / "mine", PARTED)
    with monkeypatch.context() as patched:
        patched.setattr(decoding, "_fill", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            store.images(str(tmp_path / "mine"))
    assert [file.name for file in (home / "data" / folders.CACHE).iterdir()] == [".lock"]
    assert len(store.images(str(tmp_path / "mine")).train_images) == 6


def test_many_pictures_are_decoded_in_their_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{part}/{label}/{i:03d}.png" for part in ("train", "val") for label in ("a", "b") for i in range(60)]
    made = folder(tmp_path, names)
    monkeypatch.setattr(decoding, "PIECE", 7)
    found = store.images(str(tmp_path))
    np.testing.assert_array_equal(found.train_images, [made[name].transpose(2, 0, 1) for name in names[:120]])
    np.testing.assert_array_equal(found.valid_images, [made[name].transpose(2, 0, 1) for name in names[120:]])


def test_how_far_the_decoding_is_can_be_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path / "mine", [f"{part}/{c}/{i:03d}.png" for part in ("train", "val") for c in "ab" for i in range(50)])
    monkeypatch.setattr(decoding, "PIECE", 10)
    monkeypatch.setattr(decoding, "cores", lambda: 1)
    found, heard = sources.source(tmp_path / "mine"), list[tuple[int, int]]()
    decoding.decode_all(
        found, listed(found.paths(), "here"), tmp_path, report=lambda done, total: heard.append((done, total))
    )
    assert heard == [(done, 200) for done in range(10, 161, 10)]


def test_a_full_disk_is_one_sentence(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path / "mine", PARTED)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(DiskTrouble, match="is full; free some space"):
        store.images(str(tmp_path / "mine"))
    assert [file.name for file in (home / "data" / folders.CACHE).iterdir()] == [".lock"]


def test_a_damaged_archive_is_one_sentence(tmp_path: Path) -> None:
    folder(tmp_path / "mine", PARTED)
    path = packed(tmp_path / "mine", tmp_path / "mine.tar.gz")
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(BadInput, match="no archive that can be read"):
        store.images(str(path))


def test_members_of_an_archive_write_nowhere(tmp_path: Path) -> None:
    folder(tmp_path / "mine", PARTED)
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        for name in PARTED:
            archive.add(tmp_path / "mine" / name, f"../../{name}")
        link = tarfile.TarInfo("../../train/cat/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BadInput):  # `..` is no class
        store.images(str(tmp_path / "evil.tar"))
    assert sorted(path for path in tmp_path.iterdir() if path.name != "home") == [p for p in before if p.name != "home"]
