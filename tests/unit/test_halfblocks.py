"""Numbers as coloured cells, read back by a terminal emulator; and what a terminal says it can show."""

import numpy as np
import pyte
import pytest

from fastai_tui.app import halfblocks
from fastai_tui.app.convolution import arithmetic, drawing, number, sentence
from fastai_tui.app.halfblocks import GREY, SIGNED, grey, legend, lines, nearest_256, rgb, shrink, signed
from fastai_tui.app.terminal import Depth, depth_of
from fastai_tui.app.text import plain
from fastai_tui.engine.convolution import convolve, parse_kernel, window
from fastai_tui.engine.data import store

DEPTHS: tuple[Depth, ...] = ("truecolor", "256", "16")
COLOUR_256 = [
    *((0, 0, 0),) * 16,
    *(tuple((0, 95, 135, 175, 215, 255)[i // step % 6] for step in (36, 6, 1)) for i in range(216)),
    *((8 + 10 * i,) * 3 for i in range(24)),
]


def shown(text: list[str], columns: int) -> list[list[tuple[str, str, str]]]:
    """What a terminal shows: (character, colour, background) of every cell."""
    screen = pyte.Screen(columns, len(text) + 1)
    pyte.Stream(screen).feed("\r\n".join(text))
    return [
        [(cell.data, cell.fg, cell.bg) for cell in (screen.buffer[row][column] for column in range(columns))]
        for row in range(len(text))
    ]


def pixels(text: list[str], columns: int) -> list[list[str]]:
    """The colours of the pixels, two rows a line."""
    rows = []
    for line in shown(text, columns):
        assert {cell[0] for cell in line} <= {" ", "▀"}
        rows += [[bg if char == " " else fg for char, fg, bg in line], [bg for _, _, bg in line]]
    return rows


def test_every_pixel_of_a_digit_has_its_grey_on_a_true_colour_terminal() -> None:
    digit, _ = store.image("mnist-sample:1502")
    drawn = pixels(lines(digit.tolist(), grey(), "truecolor"), 28)
    assert drawn == [[f"{value:02x}" * 3 for value in row] for row in digit.tolist()]


def test_an_odd_last_row_has_the_terminals_own_background_below_it() -> None:
    assert pixels(lines([[255], [255], [255]], grey(), "truecolor"), 1)[2:] == [["ffffff"], ["default"]]


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_two_signs_have_two_hues_and_nought_is_black(depth: Depth) -> None:
    black = {"truecolor": "000000", "256": "000000", "16": "black"}[depth]
    row = pixels(lines([[-9, -3, 0, 3, 9]] * 2, signed(9), depth), 5)[0]
    assert row[2] == black
    assert len(set(row)) == 5
    if depth != "16":
        for colour, cold in zip(row, (True, True, None, False, False), strict=True):
            red, blue = int(colour[:2], 16), int(colour[4:], 16)
            assert cold is None or (blue > red) is cold


@pytest.mark.parametrize("ramp", [GREY, SIGNED])
def test_the_256_colours_are_the_nearest_of_the_table(ramp: halfblocks.Ramp) -> None:
    for step in range(101):
        colour = rgb(ramp, step / 100)
        chosen = COLOUR_256[nearest_256(colour)]
        distances = [sum((a - b) ** 2 for a, b in zip(known, colour, strict=True)) for known in COLOUR_256[16:]]
        assert sum((a - b) ** 2 for a, b in zip(chosen, colour, strict=True)) == min(distances)


def test_stronger_is_brighter_in_both_hues() -> None:
    light = [sum(rgb(SIGNED, step / 20)) for step in range(21)]
    assert light[10] == 0
    assert light[10:] == sorted(light[10:])
    assert light[:11] == sorted(light[:11], reverse=True)


def test_without_colours_there_are_characters_and_no_escape_codes() -> None:
    text = lines([[-9, 0, 9, 0], [0, 0, 0, -9]], signed(9), "none")
    assert text == ["% #%"]
    assert lines([[0, 128, 255]], grey(), "none") == [" +@"]
    assert "\x1b" not in legend(signed(9), "none", "-9", "9")


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_uniform_line_takes_one_code(depth: Depth) -> None:
    line = lines([[0] * 200] * 2, grey(), depth)[0]
    assert line.count("\x1b") == 2
    assert len(line) < 230


def test_a_constant_and_values_beyond_the_scale_are_drawn() -> None:
    assert pixels(lines([[7, 7]] * 2, grey(7, 7), "truecolor"), 2)[0] == ["000000"] * 2
    assert pixels(lines([[-5, 999]] * 2, grey(), "truecolor"), 2)[0] == ["000000", "ffffff"]
    assert pixels(lines([[0, 0]] * 2, signed(0), "truecolor"), 2)[0] == ["000000"] * 2


def test_shrinking_means_or_keeps_the_strongest_of_each_square() -> None:
    image = np.array([[1, 3, 0], [5, -7, 0], [0, 0, -2]])
    assert shrink(image, 2, 2, "mean").tolist() == [[0.5, 0], [0, -2]]
    assert shrink(image, 2, 2, "strongest").tolist() == [[-7, 0], [0, -2]]
    assert shrink(image, 3, 3, "mean") is image
    assert shrink(np.ones((1000, 30), dtype=np.uint8), 80, 40, "mean").shape == (40, 2)


@pytest.mark.parametrize("depth", [*DEPTHS, "none"])
@pytest.mark.parametrize("columns", [20, 40, 59, 60, 80, 200])
@pytest.mark.parametrize("size", [(28, 28), (3, 300), (500, 400)])
def test_a_drawing_fits_any_terminal(depth: Depth, columns: int, size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    text = drawing(image, convolve(image, parse_kernel("top_edge")), depth, columns, 16)
    assert max(len(plain(line)) for line in text if "scale" not in line) <= columns
    assert len(text) <= (20 if columns >= 60 else 38)


def test_the_arithmetic_is_written_out_and_adds_up() -> None:
    digit, _ = store.image("mnist-sample:1502")
    kernel = parse_kernel("top_edge")
    text = arithmetic(window(digit, kernel, (8, 18)), kernel, 80)
    assert text[1].split() == ["254", "75", "0", "-1", "-1", "-1", "-254", "-75", "0"]
    written = text[-1].removeprefix("sum = ")
    assert written == "-254 - 75 + 0 + 0 + 0 + 0 + 247 + 53 + 0 = -29"
    assert all(len(line) <= 40 for line in arithmetic(window(digit, kernel, (8, 18)), kernel, 40))


def test_the_sentence_names_the_extremes_and_places_that_at_takes() -> None:
    digit, _ = store.image("mnist-sample:1502")
    kernel = parse_kernel("top_edge")
    found = convolve(digit, kernel, 2, 3)
    words = sentence(found, kernel, 2, 3)
    assert f"{found.shape[0]}×{found.shape[1]}" in words
    for value in (found.min(), found.max()):
        place = words.split(f"{value} at ")[1].split(" ")[0]
        row, column = (int(part) for part in place.split(","))
        assert window(digit, kernel, (row, column), 2, 3).result == value
    assert sentence(np.zeros((2, 2), dtype=np.int64), kernel, 1, 0) == "The map is 2×2; it is 0 everywhere."


def test_numbers_are_short() -> None:
    assert [number(value) for value in (762, -29, 0.5, 1 / 3, -2.0)] == ["762", "-29", "0.5", "0.333333", "-2"]


@pytest.mark.parametrize(
    ("environment", "depth"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "truecolor"),
        ({"TERM": "xterm-256color", "COLORTERM": "24bit"}, "truecolor"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "xterm-256color", "COLORTERM": "yes"}, "256"),
        ({"TERM": "xterm-kitty"}, "truecolor"),
        ({"TERM": "xterm-direct"}, "truecolor"),
        ({"TERM": "xterm"}, "16"),
        ({"TERM": "linux"}, "16"),
        ({"TERM": "tmux-256color", "TMUX": "x", "COLORTERM": "truecolor"}, "truecolor"),
        ({"TERM": "screen", "STY": "1.x", "COLORTERM": "truecolor"}, "256"),
        ({"TERM": "screen", "STY": "1.x"}, "16"),
        ({"TERM": "vt100", "COLORTERM": "truecolor"}, "none"),
        ({"TERM": "xterm-mono"}, "none"),
        ({"TERM": "dumb"}, "none"),
        ({"TERM": ""}, "none"),
        ({}, "none"),
    ],
)
def test_the_colours_that_a_terminal_promises(environment: dict[str, str], depth: str) -> None:
    assert depth_of(environment) == depth
