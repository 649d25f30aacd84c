"""Pictures for terminals that show pixels, decoded again; and how it is found out what a terminal has."""

import io
import re
import sys
from base64 import standard_b64decode

import numpy as np
import pexpect
import pytest
from PIL import Image

from fastai_tui.app.graphics import CHUNK, kitty, sixel
from fastai_tui.app.graphics_asked import CELL, QUESTION, cell_size, protocol


def photo(height: int = 40, width: int = 61) -> np.ndarray:
    down, across = np.mgrid[0:height, 0:width]
    return np.stack([down * 255 // height, across * 255 // width, (down + across) % 256], -1).astype(np.uint8)


def decoded(code: str) -> np.ndarray:
    """What a terminal makes of a sixel picture: (height, width, 3) of 0…100, as DEC's manual has it."""
    body = re.fullmatch(r'\x1bP0;1q"1;1;(\d+);(\d+)(.*)\x1b\\', code, re.DOTALL)
    assert body
    width, height = int(body[1]), int(body[2])
    picture = np.full((height + 6, width, 3), -1)
    colours: dict[int, tuple[int, ...]] = {}
    row = column = now = 0
    for token in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|([$-])", body[3]):
        number, red, green, blue, times, repeated, single, control = token.groups()
        if number is not None:
            now = int(number)
            if red is not None:
                colours[now] = (int(red), int(green), int(blue))
        elif control is not None:
            row, column = row + 6 * (control == "-"), 0
        else:
            for _ in range(int(times or 1)):
                bits = ord(repeated or single) - 63
                for bit in range(6):
                    if bits >> bit & 1:
                        assert (picture[row + bit, column] == -1).all()  # no pixel is coloured twice
                        picture[row + bit, column] = colours[now]
                column += 1  # noqa: SIM113  (it goes back at the end of a line)
    assert (picture[height:] == -1).all()
    return picture[:height]


def test_kitty_gets_the_photo_as_a_png_in_chunks() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 80, 3)).astype(np.uint8)
    code = kitty(noise, 33)
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", code)
    assert "".join(f"\x1b_G{head};{content}\x1b\\" for head, content in chunks) == code
    assert "c=33" in chunks[0][0].split(",")
    assert [head.split(",")[-1] for head, _ in chunks] == ["m=1"] * (len(chunks) - 1) + ["m=0"]
    assert all(len(content) <= CHUNK for _, content in chunks)
    content = standard_b64decode("".join(content for _, content in chunks))
    assert (np.asarray(Image.open(io.BytesIO(content))) == noise).all()


def test_sixels_are_the_photo_again() -> None:
    few = np.zeros((13, 9, 3), np.uint8)
    few[3:8, 2:7], few[9:, 4] = (255, 0, 0), (0, 0, 255)
    assert (decoded(sixel(few)) == few * (100 / 255)).all()
    many = photo()
    assert np.abs(decoded(sixel(many)) * 2.55 - many).mean() < 8


@pytest.mark.parametrize(
    ("environment", "answer", "found"),
    [
        ({"TERM": "xterm-kitty"}, b"", "kitty"),
        ({"TERM": "xterm-ghostty"}, b"", "kitty"),
        ({"TERM": "foot"}, b"", "sixel"),
        ({"TERM": "xterm-256color"}, b"\x1b[?64;1;2;4;6c", "sixel"),
        ({"TERM": "xterm-256color"}, b"\x1b[?64;1;2;6c", None),
        ({"TERM": "xterm-256color"}, b"\x1b[?4;6c", None),  # a VT132, and no list of abilities
        ({"TERM": "xterm-256color"}, b"\x1b_Gi=31;OK\x1b\\\x1b[?62;4c", "kitty"),
        ({"TERM": "xterm-256color"}, b"\x1b_Gi=31;ENOTSUP\x1b\\\x1b[?62c", None),
        ({"TERM": "xterm-256color"}, b"", None),
    ],
)
def test_what_a_terminal_has(environment: dict[str, str], answer: bytes, found: str | None) -> None:
    assert protocol(environment, lambda: answer) == found


@pytest.mark.parametrize(
    "environment",
    [
        {"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"},
        {"TERM": "tmux-256color"},
        {"TERM": "screen-256color", "STY": "1.pts"},
        {"TERM": "linux"},
        {"TERM": "dumb"},
        {},
    ],
)
def test_where_nothing_must_be_sent_nothing_is_asked(environment: dict[str, str]) -> None:
    def never() -> bytes:
        raise AssertionError

    assert protocol(environment, never) is None


def test_a_cells_size_is_what_the_terminal_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastai_tui.app.graphics_asked._by_driver", lambda: None)
    assert cell_size(lambda: b"\x1b[6;31;15t\x1b[?62c") == (15, 31)
    assert cell_size(lambda: b"\x1b[6;0;0t") == CELL
    assert cell_size(lambda: b"") == CELL


ASK = "from fastai_tui.app.graphics_asked import asked; print('heard', asked(%s).hex(), flush=True)"


def test_a_terminal_is_asked_and_its_answer_is_not_shown() -> None:
    child = pexpect.spawn(sys.executable, ["-c", ASK % 20], timeout=60)
    child.expect_exact(QUESTION)
    child.send(b"\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;4c")
    child.expect(rb"heard ([0-9a-f]+)\r\n")
    assert bytes.fromhex(child.match[1].decode()) == b"\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;4c"
    assert child.before.strip(b"\r\n") == b""
    child.expect(pexpect.EOF)


def test_a_terminal_that_keeps_silent_is_not_waited_for() -> None:
    child = pexpect.spawn(sys.executable, ["-c", ASK % 0.2], timeout=60)
    child.expect(rb"heard \r\n")
    child.expect(pexpect.EOF)


def test_without_a_terminal_nothing_is_asked(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    from fastai_tui.app.graphics_asked import asked

    assert asked() == b""
    assert capfdbinary.readouterr().out == b""
