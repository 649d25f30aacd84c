"""What `fastai-tui show` says of a run: its reading, with reasons and remedies, and each warning once."""

import pytest

from fastai_tui.app.cli.runs import show
from fastai_tui.engine import events
from fastai_tui.engine.runs.log import append
from tests.unit.canned_runs import make_run as canned
from tests.unit.recorded_runs import make_run


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    show("last")
    return " ".join(capsys.readouterr().out.split())


def test_a_sick_run_is_told_with_its_share_its_cause_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    make_run("r3-mnist-s1")
    told = shown(capsys)
    assert "reading sick" in told
    assert "83% of conv4's values are near zero" in told
    assert "what to do Try norm=batch" in told
    assert "not seen" not in told


def test_a_healthy_run_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    make_run("r4-mnist-s1")
    assert "reading healthy: The loss fell from" in shown(capsys)


def test_what_was_not_recorded_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    canned(236, end="finished")
    assert "not seen What happened inside the layers was not recorded" in shown(capsys)


def test_the_run_s_own_findings_are_not_told_twice_but_other_warnings_are(capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run("r2-mnist-s1")
    for code, message in (("dead_units", "An early finding."), ("damaged_checkpoint", "Another matter.")):
        warned = events.Warned(time=1.7e9, step=50, epoch=0, code=code, message=message)
        append(run.path / "events.jsonl", events.encode(warned))
    told = shown(capsys)
    assert "reading dead" in told
    assert "warning: Another matter." in told
    assert "An early finding." not in told
