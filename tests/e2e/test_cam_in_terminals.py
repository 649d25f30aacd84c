"""`fastai-tui cam` in real terminals: in colours, in pixels, and where there are neither."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pexpect
import pytest
import torch
from safetensors.torch import save_file

from fastai_tui.engine.interpret import looking
from tests.terminal import Terminal
from tests.vision import untrained

COMMAND = [sys.executable, "-m", "fastai_tui.app.cli.main", "cam", "chelsea"]
NAME = "mobilenet_v3_small"
# The command, which finds the lab's answer in a file: to load torch for every picture takes most of a test's time
TOLD = """
import sys, msgspec
from pathlib import Path
from fastai_tui.app.cli.main import run
from fastai_tui.engine import client
client.ask = lambda *_, **__: msgspec.json.decode(Path(sys.argv[1]).read_bytes())
run(["cam", "chelsea", *sys.argv[2:]])
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Which network, with a file of weights that nobody trained."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    save_file(untrained(NAME, num_classes=2).state_dict(), path)
    return {"arch": NAME, "weights": str(path)}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory, network: dict[str, str]) -> Path:
    """A folder with what the lab answers, `plain` and `zoom`."""
    place = tmp_path_factory.mktemp("answers")
    for name in ("plain", "zoom"):
        found = looking.answer(zoom=name == "zoom", **network)
        (place / name).write_bytes(msgspec.json.encode(found))
    return place


def played(answer: Path, columns: int, rows: int, attributes: str = "62;22", **variables: str) -> tuple[Terminal, str]:
    """What the command leaves on a terminal of this size that says it has these `attributes`; and all it sent."""
    kept = {name: value for name, value in os.environ.items() if name not in ("TMUX", "STY", "ZELLIJ", "NO_COLOR")}
    child = pexpect.spawn(
        sys.executable, ["-c", TOLD, str(answer)], dimensions=(rows, columns), timeout=240, env=kept | variables
    )
    terminal, sent = Terminal(columns, rows), b""
    while True:
        try:
            piece = child.read_nonblocking(4096)
        except pexpect.EOF:
            break
        if b"\x1b[c" in piece:
            child.send(f"\x1b[?{attributes}c")
            piece = re.sub(rb"\x1b_.*?\x1b\\\x1b\[16t\x1b\[c", b"", piece)
        sent += piece
    child.close()
    assert child.exitstatus == 0, sent.decode(errors="replace")
    terminal.feed(re.sub(rb"\x1b[_P].*?\x1b\\", b"", sent, flags=re.DOTALL))
    return terminal, sent.decode(errors="replace")


def test_a_terminal_of_80_by_24_shows_the_whole_picture_in_256_colours(answers: Path) -> None:
    terminal, sent = played(answers / "plain", 80, 24, TERM="xterm-256color", COLORTERM="")
    rows = [row for row in range(24) if terminal.cell(row, 50).bg != "default"]
    assert len(rows) == 19
    assert rows == list(range(rows[0], rows[0] + 19))
    assert "hot" in terminal.lines[rows[-1] + 1]
    assert len(terminal.looks()) > 40
    assert "38;2;" not in sent


def test_pixels_are_sent_to_those_who_have_them(answers: Path) -> None:
    _, sent = played(answers / "zoom", 80, 24, TERM="xterm-kitty", COLORTERM="truecolor")
    assert "\x1b_Ga=T,f=100," in sent
    assert "▀" not in sent
    _, sent = played(answers / "plain", 80, 24, "62;4;22", TERM="xterm-256color", COLORTERM="")
    assert '\x1bP0;1q"1;1;' in sent
    assert "▀" not in sent


def test_where_there_are_no_colours_it_is_drawn_in_characters(answers: Path) -> None:
    terminal, sent = played(answers / "plain", 80, 24, TERM="xterm-256color", NO_COLOR="1")
    assert "\x1b[3" not in sent
    assert "Digits are the map" in terminal.text.replace("\n", " ")


def test_in_a_pipe_there_are_numbers_only(network: dict[str, str]) -> None:
    named = [part for name, value in network.items() for part in (f"--{name}", value)]
    done = subprocess.run([*COMMAND, *named, "--json"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["kind"], found["network"], len(found["probabilities"])) == ("grad-cam", NAME, 2)
    assert {len(row) for row in found["map"]} == {7}


def test_a_pickle_with_code_in_it_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    torch.save({"weight": Trap()}, tmp_path / "trap.pth")
    asked = [*COMMAND, "--arch", NAME, "--weights", str(tmp_path / "trap.pth")]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "code" in done.stderr
    assert not (tmp_path / "sprung").exists()
