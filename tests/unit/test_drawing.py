"""The learner's drawing: the brush, and the file that keeps it."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.engine import pictures
from fastai_tui.engine.errors import DiskTrouble
from fastai_tui.lessons import drawing

PLACES = st.tuples(st.integers(0, 27), st.integers(0, 27))


@st.composite
def drawings(draw: st.DrawFn) -> drawing.Pixels:
    """Up to five dabs, and a stroke."""
    pixels = drawing.BLANK
    for row, column in draw(st.lists(PLACES, max_size=5)):
        pixels = drawing.dabbed(pixels, row, column)
    return drawing.stroked(pixels, draw(PLACES), draw(PLACES))


@settings(max_examples=40, deadline=None)
@given(drawings(), PLACES)
def test_a_dab_adds_ink_round_its_centre_and_takes_none_away(pixels: drawing.Pixels, at: tuple[int, int]) -> None:
    dabbed = drawing.dabbed(pixels, *at)
    assert dabbed[at[0]][at[1]] == 255
    for i in range(28):
        for j in range(28):
            assert 255 >= dabbed[i][j] >= pixels[i][j] >= 0
            if math.dist((i, j), at) >= drawing.REACH:
                assert dabbed[i][j] == pixels[i][j]


def test_a_dab_is_soft() -> None:
    dabbed = drawing.dabbed(drawing.BLANK, 10, 10)
    assert dabbed[10][10] > dabbed[10][11] > dabbed[11][11] > 0
    assert dabbed[10][11] == dabbed[9][10] == dabbed[11][10] == dabbed[10][9]


@settings(max_examples=40, deadline=None)
@given(drawings(), PLACES)
def test_rubbing_takes_ink_away_and_adds_none(pixels: drawing.Pixels, at: tuple[int, int]) -> None:
    rubbed = drawing.dabbed(pixels, *at, rub=True)
    assert rubbed[at[0]][at[1]] == 0
    assert all(a <= b for after, before in zip(rubbed, pixels, strict=True) for a, b in zip(after, before, strict=True))


@settings(max_examples=40, deadline=None)
@given(PLACES, PLACES)
def test_a_stroke_has_no_gaps(start: tuple[int, int], end: tuple[int, int]) -> None:
    pixels = drawing.stroked(drawing.BLANK, start, end)
    for step in range(101):
        row, column = (a + (b - a) * step / 100 for a, b in zip(start, end, strict=True))
        assert pixels[round(row)][round(column)] > 100


@settings(max_examples=20, deadline=None)
@given(drawings())
def test_what_is_kept_comes_back_and_other_programs_can_read_it(pixels: drawing.Pixels) -> None:
    drawing.keep(pixels)
    assert drawing.read() == pixels
    assert pictures.read(drawing.path()).tolist() == [list(row) for row in pixels]
    assert drawing.path().stat().st_mode & 0o777 == 0o600


def test_there_is_none_at_first() -> None:
    assert drawing.read() is None


@pytest.mark.parametrize(
    "content",
    [b"", b"P5\n28 28\n255\n", b"P5\n28 28\n255\n" + bytes(783), b"P5\n28 28\n255\n" + bytes(785), b"\x89PNG"],
)
def test_a_damaged_file_is_reported_and_kept(home: Path, content: bytes) -> None:
    home.mkdir()
    drawing.path().write_bytes(content)
    with pytest.raises(DiskTrouble, match="move it away"):
        drawing.read()
    with pytest.raises(DiskTrouble):
        drawing.keep(drawing.BLANK)
    assert drawing.path().read_bytes() == content


def test_a_folder_in_its_place_is_reported(home: Path) -> None:
    drawing.path().mkdir(parents=True)
    with pytest.raises(DiskTrouble):
        drawing.read()
