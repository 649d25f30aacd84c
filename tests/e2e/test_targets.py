"""The numbers that the lessons must be able to show, on all of MNIST, through the command, five seeds each; and what
the automatic reading says of them."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SEEDS = range(1, 6)
PLAIN, FLAT = ["--set", "norm=none"], ["--set", "schedule=flat"]
INSIDE = ["--set", "activations=on"]
ROWS: Mapping[str, tuple[str, list[str], float, float, str]] = {
    # experiment, arguments; the accuracy after the last epoch and how far other seeds may be from it; the reading
    "threes against sevens": ("mnist-3v7", [], 0.991, 0.004, "healthy"),
    "row 3, 1cycle": ("mnist", [*PLAIN, *INSIDE, "--set", "lr=0.06", "--epochs", "1"], 0.979, 0.01, "sick"),
    "row 4, batch norm": ("mnist", [*INSIDE, "--set", "lr=0.06", "--epochs", "1"], 0.986, 0.006, "healthy"),
    "row 5, longer, hotter": ("mnist", [*INSIDE, "--set", "lr=0.1", "--epochs", "5"], 0.992, 0.002, "healthy"),
}
UNSTABLE = {
    "row 1, the baseline": [*PLAIN, *FLAT, *INSIDE, "--set", "bs=64", "--set", "lr=0.06", "--epochs", "1"],
    "row 2, larger batches": [*PLAIN, *FLAT, *INSIDE, "--set", "bs=512", "--set", "lr=0.06", "--epochs", "1"],
}
FAILED = {"dead_units", "diverging"}  # the warnings of a run that failed to train


def fastai_tui(*arguments: str) -> str:
    """What the command prints."""
    command = [sys.executable, "-m", "fastai_tui.app.cli.main", *arguments]
    wide = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, check=True, text=True, env=wide).stdout


def train(data: Path | str, experiment: str, settings: list[str], seed: int) -> list[dict[str, Any]]:
    """A run's events."""
    told = fastai_tui("train", experiment, "--json", "--data", str(data), *settings, "--seed", str(seed))
    return [json.loads(line) for line in told.splitlines()]


def of_type(told: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in told if event["type"] == kind]


def reading() -> str:
    """The verdict that `show` tells of the last run."""
    (line,) = [line for line in fastai_tui("show", "last").splitlines() if line.startswith("reading")]
    return line.removeprefix("reading").split(":")[0].strip()


@pytest.mark.acceptance
@pytest.mark.real_data
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("row", ROWS)
def test_accuracies_are_those_of_the_course_for_five_seeds(test_data: Path, row: str) -> None:
    experiment, settings, expected, within, verdict = ROWS[row]
    reached = []
    for seed in SEEDS:
        told = train(test_data / "mnist", experiment, settings, seed)
        last, codes = of_type(told, "epoch")[-1], {event["code"] for event in of_type(told, "warning")}
        reached.append(last["metrics"]["accuracy"])
        read = reading()
        print(f"{row}, seed {seed}: accuracy {reached[-1]:.4f}, validation loss {last['valid_loss']:.4f}, "
              f"train loss {last['train_loss']:.4f}, {read} {sorted(codes)}")  # fmt: skip
        assert read == verdict
        assert not codes & FAILED
        if verdict == "sick":
            check_share(told)
    assert all(abs(accuracy - expected) <= within for accuracy in reached), reached


def check_share(told: list[dict[str, Any]]) -> None:
    """The warning names the share of the penultimate layer's values that is near zero: about .8."""
    columns = of_type(told, "activations")
    layers = [[layer["near_zero"] for layer in column["layers"]] for column in columns[-(len(columns) // 10) :]]
    share, name = float(np.mean(layers, 0)[-2]), columns[-1]["layers"][-2]["name"]
    (warning,) = [event for event in of_type(told, "warning") if event["code"] == "near_zero"]
    assert 0.7 < share < 0.9
    assert f"{share:.0%} of {name}'s" in warning["message"] or f"{name} {share:.0%}" in warning["message"], warning


@pytest.mark.acceptance
@pytest.mark.real_data
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("row", UNSTABLE)
def test_the_unstable_rows_are_called_dead_or_diverged_where_they_fail(test_data: Path, row: str) -> None:
    for seed in SEEDS:
        told = train(test_data / "mnist", "mnist", UNSTABLE[row], seed)
        ended = of_type(told, "epoch")
        accuracy = ended[-1]["metrics"]["accuracy"] if ended else 0.0
        codes, read = {event["code"] for event in of_type(told, "warning")}, reading()
        print(f"{row}, seed {seed}: accuracy {accuracy:.4f}, {read} {sorted(codes)}")
        if accuracy < 0.95:
            assert codes & FAILED
            assert read in ("dead", "diverged")
