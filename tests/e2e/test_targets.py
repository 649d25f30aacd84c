"""The numbers that the lessons must be able to show, on all of MNIST, through the command, five seeds each."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SEEDS = range(1, 6)
ROWS = {  # arguments, then the accuracy after the last epoch and how far other seeds may be from it
    "threes against sevens": ("mnist-3v7", [], 0.991, 0.004),
    "row 4, batch norm": ("mnist", ["--set", "norm=batch", "--set", "lr=0.06", "--epochs", "1"], 0.986, 0.006),
    "row 5, longer, hotter": ("mnist", ["--set", "norm=batch", "--set", "lr=0.1", "--epochs", "5"], 0.992, 0.002),
}


@pytest.mark.acceptance
@pytest.mark.real_data
@pytest.mark.parametrize("row", ROWS)
def test_accuracies_are_those_of_the_course_for_five_seeds(test_data: Path, row: str) -> None:
    experiment, settings, expected, within = ROWS[row]
    command = [sys.executable, "-m", "fastai_tui.app.cli.main", "train", experiment, "--json"]
    command += ["--data", str(test_data / "mnist"), *settings]
    reached = []
    for seed in SEEDS:
        done = subprocess.run([*command, "--seed", str(seed)], capture_output=True, check=True, text=True)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        last = [event for event in told if event["type"] == "epoch"][-1]
        reached.append(last["metrics"]["accuracy"])
        print(f"{row}, seed {seed}: accuracy {reached[-1]:.4f}, validation loss {last['valid_loss']:.4f}")
    assert all(abs(accuracy - expected) <= within for accuracy in reached), reached
