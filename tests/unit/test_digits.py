"""The embedded digits in plain Python, against the same file read by numpy; the pictures a learner can choose."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fastai_tui.app.tui import pictures
from fastai_tui.engine.data import digits, store
from fastai_tui.engine.data.catalogue import MNIST_SAMPLE
from fastai_tui.engine.errors import BadInput, DataMissing, DiskTrouble, FastaiTuiError
from fastai_tui.lessons import drawing
from tests.unit.test_architecture import modules_after

ROWS = st.integers(0, digits.COUNT - 1)


@settings(max_examples=60, deadline=None)
@given(ROWS)
@example(0)
@example(1502)
@example(4999)
def test_a_digit_is_what_numpy_reads(row: int) -> None:
    pixels, label = digits.digit(row)
    expected, expected_label = store.image(f"mnist-sample:{row}")
    assert [list(line) for line in pixels] == expected.tolist()
    assert label == expected_label


@pytest.mark.parametrize("row", [-1, 5000, 10**9])
def test_a_row_that_is_not_there_is_refused(row: int) -> None:
    with pytest.raises(BadInput, match=r"0 to 4,999"):
        digits.digit(row)


@pytest.mark.parametrize("damage", [b"", b"junk" * 50, None])
def test_a_damaged_package_is_said_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, damage: bytes | None) -> None:
    whole = store.file_path(MNIST_SAMPLE, MNIST_SAMPLE.files[0]).read_bytes()
    place = tmp_path / "images.gz"
    place.write_bytes(whole[:2000] if damage is None else damage)
    monkeypatch.setattr(digits, "file_path", lambda entry, file: place)
    digits._unpacked.cache_clear()
    try:
        with pytest.raises(FastaiTuiError):
            digits.digit(1502)
    finally:
        digits._unpacked.cache_clear()


def test_a_cut_file_is_disk_trouble(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = store.file_path(MNIST_SAMPLE, MNIST_SAMPLE.files[0]).read_bytes()
    (tmp_path / "cut.gz").write_bytes(whole[: len(whole) // 8])
    monkeypatch.setattr(digits, "file_path", lambda entry, file: tmp_path / "cut.gz")
    digits._unpacked.cache_clear()
    try:
        with pytest.raises(DiskTrouble, match="install fastai-tui again"):
            digits.digit(1502)
    finally:
        digits._unpacked.cache_clear()


def test_the_first_picture_needs_no_numpy() -> None:
    loaded = modules_after("from fastai_tui.app.tui import pictures; pictures.load(pictures.DEFAULT)")
    assert "fastai_tui" in loaded
    assert not {"numpy", "PIL", "textual", "torch"} & loaded


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_next_and_previous_undo_each_other_and_count_through_the_classes(row: int) -> None:
    name = f"mnist-sample:{row}"
    following = pictures.after(name)
    assert pictures.after(following, -1) == name
    assert int(pictures.load(following).label) == (int(pictures.load(name).label) + 1) % 10


def test_every_digit_is_met_going_on() -> None:
    name, met = pictures.DEFAULT, set()
    for _ in range(digits.COUNT):
        met.add(name)
        name = pictures.after(name)
    assert len(met) == digits.COUNT
    assert name == pictures.DEFAULT


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9), ROWS)
def test_an_example_is_of_its_class_and_another_one_each_time(of_class: int, row: int) -> None:
    first = pictures.example(of_class, f"mnist-sample:{row}")
    second = pictures.example(of_class, first)
    assert pictures.load(first).label == pictures.load(second).label == str(of_class)
    assert len({first, second, f"mnist-sample:{row}"}) == 3


def test_the_drawing_is_a_picture_once_there_is_one() -> None:
    with pytest.raises(DataMissing, match="press e"):
        pictures.load(pictures.DRAWN)
    drawing.keep(drawing.dabbed(drawing.BLANK, 10, 10))
    assert pictures.load(pictures.DRAWN).rows[10][10] == 255
    assert pictures.reference(pictures.DRAWN) == str(drawing.path())


@pytest.mark.parametrize("name", ["", "mnist-sample", "mnist-sample:-1", "mnist-sample:5000", "mnist:12", "x" * 9999])
def test_what_is_no_picture_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(BadInput) as caught:
        pictures.load(name)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("names", [(), (None, 7, ["x"]), ("junk", "drawn")])
def test_something_is_always_shown(names: tuple[object, ...]) -> None:
    found, trouble = pictures.first(*names)
    assert found.name == pictures.DEFAULT
    assert bool(trouble) == any(isinstance(name, str) for name in names)
