"""Tables of labels beside pictures, in folders and archives, against the pictures and numpy's permutation."""

import csv
import io
import zlib
from pathlib import Path

import numpy as np
import pytest

from fastai_tui.engine.data import store
from fastai_tui.engine.data.breeds import BREEDS
from fastai_tui.engine.data.listing import listed
from fastai_tui.engine.errors import BadInput
from tests.unit.photo_files import packed, picture

LABELS = ["cat", "dog"] * 15


def table(rows: list[tuple[str, str]], header: tuple[str, str] | None = ("id", "breed")) -> str:
    held = io.StringIO()
    csv.writer(held).writerows([*([header] if header else []), *rows])
    return held.getvalue()


def breeds(path: Path, ending: str = "") -> dict[str, np.ndarray]:
    """A folder as Kaggle has it: 30 labelled pictures to train on, in no order, and some that have no label."""
    names = [f"{zlib.crc32(str(i).encode()):08x}" for i in range(30)]
    made = {name: picture(path / "train" / f"{name}.png") for name in names}
    picture(path / "test" / "0123.png")
    picture(path / "test" / f"{names[0]}.png")  # of the same name as one to train on
    rows = [(name + ending, label) for name, label in zip(names, LABELS, strict=True)]
    (path / "labels.csv").write_text(table(rows))
    return made


@pytest.mark.parametrize("way", ["folder", "tar", "zip"])
@pytest.mark.parametrize("ending", ["", ".png"])
def test_a_table_labels_a_folder_and_a_fifth_of_its_rows_is_held_out(tmp_path: Path, way: str, ending: str) -> None:
    made = breeds(tmp_path / "dogs", ending)
    path = tmp_path / "dogs" if way == "folder" else packed(tmp_path / "dogs", way)
    found = store.images(str(path), size=8)
    assert found.classes == ("cat", "dog")
    order = np.random.RandomState(42).permutation(30)
    held, names = order[24:30], list(made)
    np.testing.assert_array_equal(found.valid_images, [made[names[row]] for row in held])
    assert [found.classes[label] for label in found.valid_labels] == [LABELS[row] for row in held]
    np.testing.assert_array_equal(found.train_images, [made[names[row]] for row in sorted(order[:24])])


def test_the_breeds_held_out_are_the_course_s() -> None:
    names = BREEDS.split()
    assert len(names) == len(set(names)) == 120
    assert names == sorted(names)
    rows = [(f"{i:05d}", names[i % 120]) for i in range(10_222)]
    paths = [f"wrap/{part}/{name}.jpg" for name, _ in rows for part in ("train", "test")] + ["wrap/labels.csv"]
    found = listed(paths, "here", "wrap/labels.csv", table(rows).encode())
    assert (len(found.train), len(found.valid)) == (8178, 2044)
    held = [int(Path(path).stem) for path, _ in found.valid]
    assert (held[:3], held[-1]) == ([3694, 1573, 6281], 5390)
    wanted = np.random.RandomState(42).permutation(10_222)[4 * 2044 : 5 * 2044]
    assert held == wanted.tolist()
    assert {path.split("/")[1] for path, _ in (*found.train, *found.valid)} == {"train"}
    assert all(found.classes[label] == names[int(Path(path).stem) % 120] for path, label in found.train)


def test_a_table_needs_no_header_and_may_name_folders(tmp_path: Path) -> None:
    rows = [(f"{label}s/{i}.png", label) for i, label in enumerate(LABELS)]
    for name, _ in rows:
        picture(tmp_path / name)
    (tmp_path / "labels.csv").write_bytes(b"\xef\xbb\xbf" + table(rows, None).encode() + b"\n")
    found = store.images(str(tmp_path), size=8)
    assert (len(found.train_images), len(found.valid_images), found.classes) == (24, 6, ("cat", "dog"))


def test_other_labels_are_other_images(tmp_path: Path) -> None:
    breeds(tmp_path)
    first = store.images(str(tmp_path), size=8).valid_labels.tolist()
    text = (tmp_path / "labels.csv").read_text().replace("cat", "hat").replace("dog", "cat").replace("hat", "dog")
    (tmp_path / "labels.csv").write_text(text)
    assert store.images(str(tmp_path), size=8).valid_labels.tolist() == [1 - label for label in first]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"id,breed\nnone,cat\nnobody,dog\n", r"no picture of none and 1 more, which labels\.csv names"),
        (b"id,breed\n", "no picture of any, which"),
        (b"", "no picture of any, which"),
        (b"id,breed\n0,cat\n1\n", "row 3: a picture's name and its class belong there"),
        (b"id,breed\n0,cat\n0.png,dog\n", "names 0.png twice"),
        (b"id,breed\n\xff\xfe,cat\n", "is no table of commas in UTF-8"),
        (b"id,breed\n0,cat\n1,cat\n2,cat\n3,cat\n4,cat\n", "has pictures of 1 class; 2 to 256 can be told apart"),
    ],
)
def test_a_table_that_does_not_fit_is_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    for i in range(6):
        picture(tmp_path / f"{i}.png")
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(BadInput, match=words) as refused:
        store.images(str(tmp_path))
    assert "\n" not in str(refused.value)


def test_a_damaged_or_locked_zip_is_one_sentence(tmp_path: Path) -> None:
    breeds(tmp_path / "dogs")
    path = packed(tmp_path / "dogs", "zip")
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\x03\x04")
    content[start + 6] |= 1  # the header says that it is encrypted
    central = content.index(b"PK\x01\x02")
    content[central + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"cannot be unpacked; get the archive again|names .* twice"):
        store.images(str(path), size=8)
    path.write_bytes(bytes(content[:2000]))
    with pytest.raises(BadInput, match="is a file; images are read from a folder"):
        store.images(str(path), size=8)
