"""What a run records as its rates and momenta is the published 1cycle, at every batch."""

import json
import subprocess
import sys
from math import cos, isclose, pi


def published(x: float, top: float) -> tuple[float, float]:
    """fastai's 1cycle in closed form: a quarter up from top ÷ 25, the rest down to top ÷ 100,000; momentum opposite."""
    if x < 0.25:
        up = (1 - cos(pi * x / 0.25)) / 2
        return top / 25 + (top - top / 25) * up, 0.95 + (0.85 - 0.95) * up
    down = (1 - cos(pi * (x - 0.25) / 0.75)) / 2
    return top + (top / 1e5 - top) * down, 0.85 + (0.95 - 0.85) * down


def test_rates_and_momenta_are_the_published_ones_at_every_batch() -> None:
    command = [sys.executable, "-m", "fastai_tui.app.cli.main", "train", "mnist", "--data", "mnist-sample", "--json"]
    done = subprocess.run([*command, "--epochs", "2", "--set", "bs=64"], capture_output=True, check=True, text=True)
    batches = [e for e in map(json.loads, done.stdout.splitlines()) if e["type"] == "batch"]
    assert [b["step"] for b in batches] == list(range(1, len(batches) + 1))
    for i, batch in enumerate(batches):
        lr, momentum = published(i / len(batches), 0.06)
        assert isclose(batch["lr"][0], lr, rel_tol=1e-6), i
        assert isclose(batch["momentum"], momentum, rel_tol=1e-6), i
