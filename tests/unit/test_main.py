"""The root command: help that is true, and how it leaves when something outside goes wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from canned_runs import make_run

PROGRAM = [sys.executable, "-m", "fastai_tui.app.cli.main"]


def call(*arguments: str, stdout: int = subprocess.PIPE) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"COLUMNS": "80", "LANG": "C.UTF-8"}
    return subprocess.run(
        [*PROGRAM, *arguments], stdout=stdout, stderr=subprocess.PIPE, env=environment, text=True, timeout=60
    )


@pytest.mark.parametrize("arguments", [(), ("train",), ("convolve",), ("cam",), ("data", "get"), ("progress", "reset")])
def test_help_shows_no_value_behind_an_option_that_takes_none(arguments: tuple[str, ...]) -> None:
    shown = call(*arguments, "--help").stdout
    assert "--help" in shown
    assert "bool" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_help_is_folded_where_the_terminal_ends_and_not_where_the_source_did() -> None:
    lines = call("convolve", "--help").stdout.splitlines()
    prose = [line.strip() for line in lines if "cell by cell" in line or "products are added" in line]
    assert [len(line) > 60 for line in prose] == [True, True]


def test_a_question_does_not_end_in_a_full_stop() -> None:
    assert "Did you mean 'train'? Try: fastai-tui --help" in call("trian").stderr
    assert "No such option: --nothing. Try: fastai-tui runs --help" in call("runs", "--nothing").stderr


@pytest.mark.parametrize("command", [("runs",), ("show", "last"), ("show", "last", "--json"), ("--help",)])
def test_a_reader_that_has_left_is_no_failure(home: Path, command: tuple[str, ...]) -> None:
    make_run(354, end="finished")
    reading, writing = os.pipe()
    os.close(reading)
    done = call(*command, stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_leads_to_a_full_disk_is_said_in_a_sentence(home: Path) -> None:
    with open("/dev/full", "w") as full:
        done = call("runs", "--json", stdout=full.fileno())
    assert done.returncode == 1
    assert "is full" in done.stderr
    assert "unexpected" not in done.stderr
