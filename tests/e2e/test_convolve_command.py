"""`convolve` and `doctor` as users meet them: numbers, pictures, exit codes, one sentence where something is wrong."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pexpect
import pyte
import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fastai_tui.app.cli.main import run
from fastai_tui.engine.data import idx, store

COMMAND = [sys.executable, "-m", "fastai_tui.app.cli.main"]


def outcome(arguments: list[str]) -> tuple[int, str, str]:
    """The command in this process: exit code, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as left:
        run(arguments)
    return int(left.value.code or 0), out.getvalue(), err.getvalue()


def document(*arguments: str) -> Any:
    code, out, err = outcome([*arguments, "--json"])
    assert (code, err) == (0, "")
    return json.loads(out)


def by_torch(image: np.ndarray, kernel: list[list[float]], stride: int, padding: int) -> list[list[float]]:
    xb, weight = (torch.tensor(np.asarray(part, dtype=np.float64))[None, None] for part in (image, kernel))
    return F.conv2d(xb, weight, stride=stride, padding=padding)[0, 0].tolist()


def test_the_courses_numbers_from_the_installed_command() -> None:
    for at, result in (("5,7", 762), ("8,18", -29), ("1,1", 0)):
        done = subprocess.run(
            [*COMMAND, "convolve", "--image", "mnist-sample:1502", "--kernel", "top_edge", "--at", at, "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["result"] == result


@pytest.mark.real_data
def test_the_courses_numbers_from_mnist_itself(home: Path, test_data: Path) -> None:
    folder = home / "data" / "mnist"
    folder.mkdir(parents=True)
    for packed in (test_data / "mnist").glob("*.gz"):
        idx.write(folder / packed.name.removesuffix(".gz"), idx.read(packed))
    for at, result in (("5,7", 762), ("8,18", -29)):
        answer = document("convolve", "--image", "mnist:12", "--kernel", "top_edge", "--at", at)
        assert (answer["result"], answer["label"]) == (result, "3")


def test_a_place_comes_with_its_arithmetic() -> None:
    answer = document("convolve", "--at", "5,7")
    assert answer["image"] == "mnist-sample:1502"
    assert answer["kernel"] == {"name": "top_edge", "rows": [[-1, -1, -1], [0, 0, 0], [1, 1, 1]]}
    assert (answer["stride"], answer["padding"], answer["at"]) == (1, 0, [5, 7])
    assert answer["patch"] == [[0, 0, 0], [142, 155, 246], [254, 254, 254]]
    assert sum(map(sum, answer["products"])) == answer["result"] == 762


@given(
    rows=st.integers(1, 5).flatmap(
        lambda wide: st.lists(st.lists(st.integers(-9, 9), min_size=wide, max_size=wide), min_size=1, max_size=5)
    ),
    stride=st.integers(1, 4),
    padding=st.integers(0, 3),
    index=st.integers(0, 4999),
)
@settings(deadline=None, max_examples=20)
def test_the_map_is_conv2ds_for_any_kernel_stride_and_padding(
    rows: list[list[int]], stride: int, padding: int, index: int
) -> None:
    text = ";".join(",".join(map(str, row)) for row in rows)
    asked = ["--image", f"mnist-sample:{index}", "--kernel", text, "--stride", str(stride), "--padding", str(padding)]
    answer = document("convolve", *asked)
    expected = by_torch(store.image(f"mnist-sample:{index}")[0], rows, stride, padding)
    assert answer["map"] == expected
    assert answer["shape"] == [len(expected), len(expected[0])]
    assert (answer["min"], answer["max"]) == (min(map(min, expected)), max(map(max, expected)))
    place = ",".join(map(str, answer["max_at"]))
    assert document("convolve", *asked, "--at", place)["result"] == answer["max"]


def test_a_users_own_picture(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 11), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "mine.png")
    answer = document("convolve", "--image", str(tmp_path / "mine.png"), "--kernel", "0.5,-0.25")
    assert answer["map"] == by_torch(pixels, [[0.5, -0.25]], 1, 0)
    assert answer["kernel"]["name"] is None
    assert answer["label"] is None


def test_to_a_pipe_there_are_plain_numbers_and_a_sentence() -> None:
    code, out, err = outcome(["convolve", "--stride", "3"])
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    rows = [[int(word) for word in line.split()] for line in out.splitlines() if re.fullmatch(r"[ \d-]+", line)]
    top_edge = [[-1, -1, -1], [0, 0, 0], [1, 1, 1]]
    assert rows == by_torch(store.image("mnist-sample:1502")[0], top_edge, 3, 0)
    assert "The map is 9×9; it goes from" in out


def screen_of(columns: int, *arguments: str, **environment: str) -> tuple[pyte.Screen, str]:
    """What a real terminal shows after the command, and what was sent to it."""
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLORTERM", "TMUX", "STY")}
    child = pexpect.spawn(
        COMMAND[0],
        [*COMMAND[1:], *arguments],
        dimensions=(40, columns),
        env={**clean, "TERM": "xterm-256color", **environment},
        encoding="utf-8",
        timeout=60,
    )
    sent = child.read()
    child.close()
    assert child.exitstatus == 0, sent
    screen = pyte.Screen(columns, 40)
    pyte.Stream(screen).feed(sent)
    return screen, sent


def test_a_terminal_shows_the_digit_and_its_map_in_colours() -> None:
    screen, sent = screen_of(80, "convolve", COLORTERM="truecolor")
    assert "38;2;" in sent
    top = next(row for row in range(40) if screen.display[row].startswith("picture")) + 1
    digit, _ = store.image("mnist-sample:1502")
    shown = [screen.buffer[top + row // 2][column] for row, column in ((4, 7), (8, 18), (20, 10))]
    for cell, (row, column) in zip(shown, ((4, 7), (8, 18), (20, 10)), strict=True):
        upper = cell.bg if cell.data == " " else cell.fg
        assert upper == f"{digit[row, column]:02x}" * 3
    assert any("762" in line and "scale" in line for line in screen.display)


@pytest.mark.parametrize(
    ("environment", "code"),
    [({}, "48;5;"), ({"TERM": "xterm"}, "\x1b[40m"), ({"NO_COLOR": "1"}, None), ({"TERM": "dumb"}, None)],
)
def test_a_terminal_gets_the_colours_it_has(environment: dict[str, str], code: str | None) -> None:
    screen, sent = screen_of(60, "convolve", **environment)
    assert (code in sent) if code else ("\x1b" not in sent)
    assert "48;2;" not in sent
    assert any("The map is 26×26" in line for line in screen.display)


def test_a_terminal_shows_a_places_arithmetic() -> None:
    screen, _ = screen_of(40, "convolve", "--at", "8,18")
    text = " ".join(" ".join(screen.display).split())
    assert "sum = -254 - 75 + 0 + 0 + 0 + 0 + 247 + 53 + 0 = -29" in text


def expect_a_sentence(arguments: list[str], codes: tuple[int, ...] = (2,)) -> None:
    code, out, err = outcome(arguments)
    assert code in codes, (arguments, code, out, err)
    assert out == ""
    assert "Traceback" not in err
    assert "Something unexpected" not in err, (arguments, err)
    assert len(err.strip().splitlines()) == 1, (arguments, err)
    assert 20 < len(err.strip()) < 700, (arguments, err)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--kernel", ""],
        ["--kernel", "sideways_edge"],
        ["--kernel", "1,2;3"],
        ["--kernel", "1,nan"],
        ["--kernel", ";".join(["1"] * 29)],
        ["--kernel", ";".join(["1"] * 99)],
        ["--stride", "0"],
        ["--stride", "half"],
        ["--stride", "9" * 5000],
        ["--padding", "-1"],
        ["--padding", "1000000"],
        ["--at", "0,0"],
        ["--at", "27,5"],
        ["--at", "5"],
        ["--at", "5,7", "--stride", "3"],
        ["--at", ""],
        ["--image", ""],
        ["--image", "mnist-sample:5000"],
        ["--image", "mnist-sample:-1"],
        ["--image", "no-such-set:1"],
        ["--image", "no-such-file.png"],
        ["--image", "/dev/zero"],
        ["--image", __file__],
        ["--image", "a" * 5000],
        ["--colour", "red"],
        ["and", "more"],
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_malformed_call_gets_one_sentence(arguments: list[str], as_json: bool) -> None:
    expect_a_sentence(["convolve", *arguments, *["--json"] * as_json])


def test_data_that_are_not_here_have_an_exit_code_of_their_own() -> None:
    expect_a_sentence(["convolve", "--image", "mnist:12"], (3,))


JUNK = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    option=st.sampled_from(["--kernel", "--at", "--image", "--stride", "--padding"]),
    junk=st.one_of(JUNK, st.text(alphabet="0123456789,;:.-−eE", max_size=12), st.sampled_from(["mnist-sample:", ":1"])),
)
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_generated_junk_is_taken_or_refused_in_one_sentence(option: str, junk: str) -> None:
    code, _, err = outcome(["convolve", option, junk])
    if code == 0:
        assert err == ""
    else:
        expect_a_sentence(["convolve", option, junk], (2, 3))


def test_the_doctor_answers_in_one_document_and_in_lines_of_80_columns() -> None:
    answer = document("doctor")
    assert answer["can_train"] is True
    assert {"torch", "home", "log-out", "mnist-sample"} <= {finding["name"] for finding in answer["findings"]}
    code, out, err = outcome(["doctor"])
    assert (code, err) == (0, "")
    assert max(len(line) for line in out.splitlines()) <= 80
    assert "Training works here" in out


def test_the_doctor_ends_with_1_where_training_is_impossible(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = {"auto": "cpu", "threads": 2, "cuda_built": "", "cuda": [], "mps": False}
    monkeypatch.setattr("fastai_tui.engine.client.ask", lambda request: device)  # torch's seconds are no matter here
    home.write_text("a file where the folder should be")
    code, out, err = outcome(["doctor"])
    assert (code, err) == (1, "")
    assert "Training is impossible here until this is mended: home." in out
