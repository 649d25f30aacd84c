"""Photos in cells and heat laid over them, against formulas written out here; read back by a terminal emulator."""

import io
from importlib.resources import files

import numpy as np
import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fastai_tui.app import photo_colours, photo_picture
from fastai_tui.app.photo_picture import DIFFERENCE, HEAT, cells, laid, lines, outline, scaled, size, spread
from fastai_tui.app.terminal import Depth
from fastai_tui.app.tui.sheet import Paint, Sheet, Sight

LEVELS = (0, 95, 135, 175, 215, 255)
COLOUR_256 = [(r, g, b) for r in LEVELS for g in LEVELS for b in LEVELS] + [(8 + 10 * i,) * 3 for i in range(24)]
DEPTHS: tuple[Depth, ...] = ("truecolor", "256", "16", "none")


@pytest.fixture(scope="module")
def cat() -> np.ndarray:
    content = (files("fastai_tui.assets") / "data" / "chelsea.png").read_bytes()
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def blob(height: int, width: int) -> np.ndarray:
    """Heat with a hot place left of the middle."""
    down, across = np.mgrid[0:height, 0:width]
    return np.exp(-(((across / width - 0.4) / 0.2) ** 2 + ((down / height - 0.5) / 0.25) ** 2))


def plain_oklab(colour: tuple[int, ...]) -> tuple[float, float, float]:
    """OKLab as its author writes it down, number by number."""
    r, g, b = (c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    middle = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 300), st.integers(1, 100))
def test_a_photo_takes_all_the_room_that_its_sides_ratio_allows(w: int, h: int, columns: int, rows: int) -> None:
    wide, high = size(w, h, columns, rows)
    assert 1 <= wide <= columns
    assert 1 <= high <= rows
    assert wide == columns or high == rows or min(wide, high) == 1
    if min(wide, high) > 5:
        assert (wide / (2 * high)) / (w / h) == pytest.approx(1, abs=0.15)


def test_every_pixel_of_a_cell_is_what_it_stands_for() -> None:
    photo = np.zeros((80, 120, 3), np.uint8)
    photo[20:40, 30:60] = (200, 100, 50)
    small = scaled(photo, 12, 4)
    assert small.shape == (8, 12, 3)
    assert np.abs(small[2:4, 3:6].astype(int) - (200, 100, 50)).max() < 25  # Lanczos overshoots at edges
    assert small[5:, 8:].max() == 0


def test_a_map_lies_on_what_was_seen_of_a_photo_that_is_no_square() -> None:
    heat = np.zeros((7, 7))
    heat[1, 5] = 1.0
    found = spread(heat, (75, 0, 375, 300), (450, 300), (30, 45))
    assert np.isnan(found[:, :7]).all()
    assert np.isnan(found[:, 38:]).all()
    assert not np.isnan(found[:, 8:37]).any()
    row, column = np.unravel_index(np.nanargmax(found), found.shape)
    # in the photo the place is at (75 + 300 · 5.5/7, 300 · 1.5/7) = (310.7, 64.3), and a pixel stands for ten
    assert (abs(column + 0.5 - 31.07), abs(row + 0.5 - 6.43)) < (1.0, 1.0)


def test_the_blend_is_the_formula() -> None:
    pixels = np.array([[[200, 100, 50]] * 4], np.uint8)
    heat = np.array([[0.0, 1.0, 0.5, np.nan]])
    grey = 0.299 * 200 + 0.587 * 100 + 0.114 * 50
    ground = [0.8 * grey + 0.2 * part for part in (200, 100, 50)]
    hottest, middle = (250, 228, 85), [(227 + 249) / 2, (89 + 140) / 2, (51 + 10) / 2]
    share = 0.66 * 0.5**0.8
    expected = [
        [0.72 * part for part in ground],
        [0.34 * part + 0.66 * hot for part, hot in zip(ground, hottest, strict=True)],
        [0.86 * part * (1 - share) + hot * share for part, hot in zip(ground, middle, strict=True)],
        [0.4 * part for part in ground],
    ]
    assert np.abs(laid(pixels, heat)[0] - np.array(expected)).max() <= 0.51


def test_the_hotter_the_lighter_for_the_colour_blind() -> None:
    for stops in (HEAT.hot, DIFFERENCE.hot, DIFFERENCE.cold):
        light = [plain_oklab(colour)[0] for colour in stops]
        assert light == sorted(light)
        assert light[-1] - light[0] > 0.25


def test_differences_are_orange_above_and_blue_below() -> None:
    ground = np.full((1, 2, 3), 120, np.uint8)
    above, below = laid(ground, np.array([[1.0, -1.0]]), DIFFERENCE)[0].astype(int)
    assert above[0] > above[2] + 80
    assert below[2] > below[0] + 80


def test_the_nearest_of_256_is_the_nearest_in_oklab() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (6, 10, 3)).astype(np.uint8)
    there = [plain_oklab(colour) for colour in COLOUR_256]

    def distance(a: tuple[float, ...], b: tuple[float, ...]) -> float:
        return sum((weight * (x - y)) ** 2 for weight, x, y in zip((1.5, 1, 1), a, b, strict=True))

    for colour, number in zip(colours.reshape(-1, 3), photo_colours.of_256(colours).ravel(), strict=True):
        own = plain_oklab(tuple(colour.tolist()))
        best = min(distance(own, other) for other in there)
        assert distance(own, there[number - 16]) == pytest.approx(best, abs=1e-9)


def test_the_cat_in_256_colours_is_as_light_and_dark_as_the_cat(cat: np.ndarray) -> None:
    pixels = scaled(cat, *size(451, 300, 80, 20))
    shown = np.array(COLOUR_256)[photo_colours.of_256(pixels) - 16]
    wanted, got = photo_colours.lightness(pixels).ravel(), photo_colours.lightness(shown).ravel()
    assert np.corrcoef(wanted, got)[0, 1] > 0.98
    assert np.abs(wanted - got).max() < 0.09


def test_16_colours_are_greys_where_it_is_cold_and_show_the_photo_where_it_is_hot(cat: np.ndarray) -> None:
    pixels, heat = scaled(cat, 60, 20), blob(40, 60)
    numbers = np.array(
        [[(cell[2] if cell[0] == " " else cell[1]) for cell in row] for row in cells(pixels, "16", heat)]
    )
    hot, cold = heat[::2] >= 0.62, heat[::2] < 0.28
    assert set(numbers[hot].tolist()) == {0, 3, 11}
    assert set(numbers[cold].tolist()) == {0, 7, 8, 15}


def test_a_dark_canvas_stays_dark_in_16_colours_and_in_characters() -> None:
    canvas = np.zeros((16, 16, 3), np.uint8)
    canvas[4:8, 4:8] = 255
    assert {cell for row in cells(canvas, "16")[5:] for cell in row} == {(" ", None, 0)}
    assert {cell[0] for row in cells(canvas, "none")[5:] for cell in row} == {" "}
    assert cells(canvas, "none")[2][5][0] == "@"


def test_without_colours_digits_say_how_hot_it_is_and_letters_how_far_below() -> None:
    heat = np.array([[0.0, 0.49, 0.5, 0.76, 1.0, -0.5, -1.0, np.nan]] * 2)
    pixels = np.full((2, 8, 3), 90, np.uint8)
    written = "".join(cell[0] for cell in cells(pixels, "none", heat, DIFFERENCE)[0])
    assert written[2:7] == "579ae"
    assert not any(character.isalnum() for character in written[:2] + written[7])


@pytest.mark.parametrize("depth", DEPTHS)
def test_what_is_cut_out_is_marked_at_its_edge(cat: np.ndarray, depth: Depth) -> None:
    marks = outline((100, 75, 300, 225), (451, 300), (20, 30))  # rows 5 to 15, columns 6.65 to 19.96
    assert [marks.any(1).nonzero()[0][i] for i in (0, -1)] == [5, 14]
    assert [marks.any(0).nonzero()[0][i] for i in (0, -1)] == [7, 19]
    assert marks.sum() == 2 * (10 + 13) - 4
    drawn = cells(scaled(cat, 30, 10), depth, blob(20, 30), marks=marks)
    mark = {"truecolor": (95, 255, 95), "256": 83, "16": 10, "none": "X"}[depth]
    found = [[mark in cell for cell in row] for row in drawn]
    assert (np.array(found) == (marks[::2] | marks[1::2])).all()


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_terminal_shows_the_cells_that_were_meant(cat: np.ndarray, depth: Depth) -> None:
    drawn = cells(scaled(cat, 30, 10), depth, blob(20, 30))
    screen = pyte.Screen(30, 11)
    pyte.Stream(screen).feed("\r\n".join(lines(drawn)))
    sheet = Sheet(30, 10, Sight(depth=depth))
    sheet.photo(0, 0, drawn)
    for row, line in enumerate(drawn):
        for column, (character, front, back) in enumerate(line):
            cell = screen.buffer[row][column]
            assert cell.data == character
            if depth == "truecolor" and not isinstance(back, int | None):
                assert cell.bg == "{:02x}{:02x}{:02x}".format(*back)
            if depth == "256" and isinstance(front, int):
                assert cell.fg == "{:02x}{:02x}{:02x}".format(*COLOUR_256[front - 16])
            assert sheet.rows[row][column] == (character, "plain" if depth == "none" else Paint(front, back))


def test_without_unicode_a_cell_is_one_colour(cat: np.ndarray) -> None:
    drawn = cells(scaled(cat, 20, 6), "256", unicode=False)
    assert (len(drawn), len(drawn[0])) == (6, 20)
    assert {cell[0] for row in drawn for cell in row} == {" "}


@pytest.mark.parametrize("depth", DEPTHS)
def test_pictures_of_one_colour_and_of_one_pixel_can_be_drawn(depth: Depth) -> None:
    for colour in (0, 255):
        pixels = scaled(np.full((1, 1, 3), colour, np.uint8), 1, 1)
        assert len(cells(pixels, depth, np.full((2, 1), np.nan))) == 1
        assert photo_picture.lines(cells(pixels, depth))
