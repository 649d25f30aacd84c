"""Hundreds of malformed invocations, generated: the documented exit code, one sentence, no traceback."""

import contextlib
import io
import json
import random
from pathlib import Path

import pytest

from fastai_tui.app.cli.main import run
from fastai_tui.lessons.experiments import experiment as experiment_called
from tests.unit.test_architecture import a_finished_run

EXPERIMENTS = ("mnist", "mnist-3v7")
JUNK = [
    "",
    " ",
    "\0",
    "--",
    "-",
    "é",
    "💥",
    "a" * 3000,
    "../../etc/passwd",
    "1e999",
    "nan",
    "-1",
    "0",
    "[]",
    "{}",
    "'",
    "%s",
    "\n",
]


def outcome(arguments: list[str]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as left:
        run(arguments)
    return int(left.value.code or 0), out.getvalue(), err.getvalue()


def expect_a_sentence(arguments: list[str], codes: tuple[int, ...]) -> None:
    code, out, err = outcome(arguments)
    assert code in codes, (arguments, code, out, err)
    assert "Traceback" not in out + err, arguments
    assert "unexpected" not in err, (arguments, err)
    assert len(err.strip().splitlines()) == 1, (arguments, err)
    assert 20 < len(err.strip()) < 700, (arguments, err)


def bad_settings() -> list[list[str]]:
    chance = random.Random(1)
    cases = []
    for experiment in EXPERIMENTS:
        for key in (setting.name for setting in experiment_called(experiment).schema.settings):
            for junk in chance.sample(JUNK[:10] + JUNK[11:12] + JUNK[13:], 2):
                cases.append(["train", experiment, "--dry-run", "--set", f"{key}={junk}"])
        cases += [["train", experiment, "--dry-run", "--set", junk] for junk in JUNK if "=" not in junk]
    return cases


def bad_words() -> list[list[str]]:
    cases = [["train", junk] for junk in JUNK if junk != "--"]
    cases += [["summary", junk] for junk in JUNK if junk != "--"]
    cases += [
        [command, junk]
        for command in ("show", "watch", "rm", "stop", "pause", "resume", "set")
        for junk in JUNK
        if junk not in ("--", "0")
    ]
    cases += [[junk] for junk in JUNK if junk not in ("--",) and junk]
    for flag, junks in {
        "--epochs": ["0", "-1", "x", "1.5", "", "1e9", "99999999999999999999"],
        "--seed": ["x", "1.5", "", "-99999999999999999999999"],
        "--device": ["tpu", "", "cuda:x", "cuda:-1", "gpu"],
        "--name": ["last", "12", "a b", "../x", "\0", "x" * 1000],
    }.items():
        cases += [["train", "mnist", flag, junk] for junk in junks]
    return cases


def bad_convolutions() -> list[list[str]]:
    kernels = [
        "",
        ",",
        ";",
        "1,2;3",
        "a,b;c,d",
        "1,,2",
        "nan",
        "inf,1",
        "1;2,3",
        "topedge",
        "1e400",
        ",".join("1" * 40),
    ]
    images = [
        "",
        "mnist-sample:",
        "mnist-sample:-1",
        "mnist-sample:5000",
        "mnist-sample:x",
        "nothing:3",
        "/nowhere.png",
        ":",
        "/",
        "mnist-sample:1.5",
    ]
    places = ["", "1", "1,2,3", "a,b", "-1,0", "0,0", "27,27", "99999999999,0", "1.5,2", ","]
    cases = [["convolve", "--kernel", kernel] for kernel in kernels]
    cases += [["convolve", "--image", image] for image in images]
    cases += [["convolve", "--at", place] for place in places]
    cases += [["convolve", "--stride", s] for s in ("0", "-1", "x", "1.5", "99999999999999999999")]
    cases += [["convolve", "--padding", p] for p in ("-1", "x", "0.5", "99999999999999999999")]
    return cases


def bad_data() -> list[list[str]]:
    cases = [["data", command, junk] for command in ("get", "verify", "rm") for junk in JUNK if junk != "--"]
    cases += [["data", "import", "mnist", junk] for junk in JUNK if junk != "--"]
    cases += [["data", "import", junk, "."] for junk in JUNK if junk != "--"]
    cases += [["train", "mnist", "--dry-run", "--data", junk] for junk in JUNK if junk.strip()]
    return cases


@pytest.mark.parametrize("make", [bad_settings, bad_words, bad_convolutions, bad_data])
def test_what_makes_no_sense_gets_a_sentence_and_its_exit_code(home: Path, make) -> None:  # type: ignore[no-untyped-def]
    a_finished_run()
    for arguments in make():
        expect_a_sentence(arguments, (1, 2, 3))


def test_that_is_more_than_two_hundred_cases() -> None:
    assert sum(len(make()) for make in (bad_settings, bad_words, bad_convolutions, bad_data)) >= 200


@pytest.mark.parametrize("seed", range(3))
def test_a_run_folder_with_anything_in_it_never_brings_a_command_down(home: Path, seed: int) -> None:
    chance = random.Random(seed)
    a_finished_run()
    folder = home / "runs" / "0001-mnist"
    about = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(about | {"created": 1.0}))  # else a run without events is yet to begin
    whole = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    for _ in range(25):
        for path, content in whole.items():
            path.write_bytes(content)
        path = chance.choice([*whole, folder / "lock", folder / "activations", folder / "commands.jsonl"])
        path.write_bytes(mangled(whole.get(path, b""), chance))
        for command in ("runs", "show", "watch"):
            arguments = [command] if command == "runs" else [command, "1"]
            code, out, err = outcome(arguments)
            assert code in (0, 1, 2), (path, arguments, err)
            assert "Traceback" not in out + err
            assert "unexpected" not in err, (path, path.read_bytes()[:300], err)


def mangled(content: bytes, chance: random.Random) -> bytes:
    """The content cut, with bytes flipped, doubled, or replaced by noise."""
    place = chance.randrange(len(content) + 1)
    return chance.choice(
        [
            content[:place],
            content[:place] + chance.randbytes(20) + content[place:],
            content + content[:place],
            chance.randbytes(100),
            b"",
            b"{}\n",
            b"null\n",
        ]
    )
