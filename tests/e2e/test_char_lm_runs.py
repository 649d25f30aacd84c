"""`char-lm` in real processes: what a dry run says, a killed run that goes on in mid-text, files that are no text."""

import json
from pathlib import Path

import numpy as np
import pytest

from fastai_tui.engine import events
from fastai_tui.engine.runs import checkpoints
from tests.runs import client, finish, kill, losses, new_run, reach
from tests.warm import command
from tests.warm import warm as warm

SMALL = {"hidden": "16", "emb": "8", "bs": "64", "bptt": "20", "activations": "on"}


@pytest.fixture
def frequent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints so often that a kill falls between two in the middle of an epoch."""
    monkeypatch.setenv("FASTAI_TUI_CHECKPOINT_SECONDS", "0.2")
    monkeypatch.setattr(checkpoints, "SHARE", 0)


def test_a_dry_run_counts_the_tokens_of_nietzsche(test_data: Path) -> None:
    done = command("train", "char-lm", "--data", str(test_data / "text" / "nietzsche.txt"), "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    event = json.loads(done.stdout)
    assert event["batches_per_epoch"] == 906
    expected = {"source": "path", "tokens_train": 490_919, "tokens_valid": 109_975, "vocabulary": 56, "characters": 84}
    assert expected.items() <= event["data"].items()
    again = json.loads(command("train", "char-lm", "--data", event["data"]["name"], "--dry-run", "--json").stdout)
    assert again | {"time": 0} == event | {"time": 0}


def test_a_killed_run_goes_on_in_the_middle_of_the_text(warm: None, frequent: None) -> None:
    whole, run = (new_run("char-lm", 2, "pydocs", model="gru", **SMALL) for _ in range(2))
    client.launch(whole)
    assert finish(whole).phase == "finished"
    client.launch(run)
    reach(run, 100)
    kill(run)
    client.launch(run)
    assert finish(run).phase == "finished"
    resumed = [event.step for event in run.events() if isinstance(event, events.Resumed)]
    assert len(resumed) == 1
    np.testing.assert_array_equal(losses(run), losses(whole))
    ends = [[event.valid_loss for event in one.events() if isinstance(event, events.Epoch)] for one in (run, whole)]
    assert ends[0] == ends[1]
    assert losses(run)[-1] < 0.8 * losses(run)[0]


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "is empty"), (b"x", "No character occurs"), (b"\x89PNG\r\n", "is no text"), (b"aaa bbb\n", "too few")],
)
def test_what_is_no_text_to_learn_from_is_told_in_a_sentence(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    done = command("train", "char-lm", "--data", str(tmp_path / "a.txt"), "--dry-run")
    assert done.returncode == 2
    assert done.stdout == ""
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
