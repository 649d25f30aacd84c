"""The pane of evaluation: a row is evaluated when it is asked for, and shows what the lab has said."""

from types import SimpleNamespace
from typing import Any

import pytest

from fastai_tui.app.snapshots import Snapshot
from fastai_tui.app.tui import plotting
from fastai_tui.app.tui.panes.common import beginning
from fastai_tui.app.tui.panes.networks.evaluation import MOST_DRAWS, EvaluationPane
from fastai_tui.engine.normed import SIZES as BATCHES
from fastai_tui.lessons.panes import PANES
from tests.tui import host
from tests.tui.host import scene, settled
from tests.tui.image_labs import EvaluatingLab
from tests.tui.looks import same_as_golden

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (1, 1)]
KEYS = ["up", "down", "left", "right", "home", "end", "space", "a", "m", "l", "L", "z", "m", "a"]


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "BEAT", 1e6)
    plotting.load()


def follow(pane: EvaluationPane, step: int = 99, run: str = "0001-cifar10", **state: Any) -> None:
    state = {"phase": "finished"} | state
    pane.follow(SimpleNamespace(id=run), Snapshot(run, "cifar10", step=step, **state), (run,))  # type: ignore[arg-type]


def play(pane: EvaluationPane, *keys: str, run: bool = True, size: tuple[int, int] = (40, 18), **given: Any) -> str:
    return host.play(pane, *keys, first=follow if run else None, size=size, **given)


def made(lab: Any = None, **given: Any) -> EvaluationPane:
    return EvaluationPane(scene("evaluation", lab=lab or EvaluatingLab(), **given))


def row_of(text: str, size: int) -> list[str]:
    return next(line for line in text.splitlines() if line.strip("› ").startswith(f"{size} ")).replace("›", "").split()


def test_every_measure_that_is_declared_is_measured_and_no_other() -> None:
    play(pane := made(), "space")
    assert set(pane.measured()) == set(PANES["evaluation"].measures)


def test_nothing_is_evaluated_before_it_is_asked_for() -> None:
    lab = EvaluatingLab()
    text = play(pane := made(lab), "up", "down", "right", "m")
    assert lab.asked == []
    assert "nothing evaluated yet, one class a batch" in text
    assert pane.measured() == {"statistics": "last", "size": 64, "sorted": 1, "bs": 0, "tried": 0, "draws": 0}


def test_space_evaluates_a_row_by_all_three() -> None:
    lab = EvaluatingLab()
    text = play(pane := made(lab, show={"size": 4, "bs": 32}), "space")
    assert lab.asked == [("evaluation", {"run": "0001-cifar10", "size": 4, "by_class": False, "bs": 32, "draw": 0})]
    assert row_of(text, 4) == ["4", "50.0%", "70.0%", "85.0%"]
    assert row_of(text, 8) == ["8", "·", "·", "·"]
    assert "Batches of 4, by each batch's own mean" in text
    measured = pane.measured()
    assert [measured[name] for name in ("own", "last", "running", "accuracy")] == [0.5, 0.7, 0.85, 0.5]
    assert (measured["loss"], measured["best"], measured["worst"], measured["bs"]) == (1.5, 0.85, 0.5, 32)


def test_the_cursor_s_column_is_what_accuracy_means() -> None:
    play(pane := made(show={"statistics": "running"}), "space")
    assert (pane.measured()["statistics"], pane.measured()["accuracy"]) == ("running", 0.85)
    play(pane := made(), "space", "right", "right", "right", "left")
    assert (pane.measured()["statistics"], pane.measured()["accuracy"]) == ("last", 0.7)


def test_a_evaluates_all_sizes_and_m_asks_about_one_class_a_batch() -> None:
    lab = EvaluatingLab()
    text = play(pane := made(lab), "a", "home")
    assert pane.measured()["tried"] == len(BATCHES)
    assert (pane.measured()["size"], pane.measured()["own"]) == (1, 0.26)
    assert row_of(text, 256) == ["256", "88.8%", "70.0%", "85.0%"]
    text = play(pane := made(lab), "space", "m", "space", "m", "m")
    assert (pane.measured()["tried"], pane.measured()["sorted"]) == (2, 1)
    assert row_of(text, 64) == ["64", "28.8%", "40.0%", "85.0%"]


def test_another_last_batch_changes_its_column_alone() -> None:
    lab = EvaluatingLab()
    text = play(pane := made(lab), "space", "l", "l")
    assert row_of(text, 64) == ["64", "85.3%", "60.0%", "85.0%"]
    measured = pane.measured()
    assert (measured["draws"], measured["last_low"], measured["last_high"]) == (3, 0.6, 0.7)
    assert "3 tried, 60.0%" in text
    play(pane := made(), "space", *["l"] * 30)
    assert pane.measured()["draws"] == MOST_DRAWS
    play(pane := made(), "l", "L", "L", "space")
    assert pane.measured()["draws"] == 1


def test_the_knob_asks_for_other_batches_of_training() -> None:
    lab = EvaluatingLab()
    pane = made(lab, knobs={"bs": 32})

    async def drive(pilot: Any) -> None:
        pane.knobs["bs"] = 4
        pane.turned("bs", 4)
        await settled(pilot)

    play(pane, "space", "up", drive=drive)
    assert lab.asked[-1][1] == {"run": "0001-cifar10", "size": 64, "by_class": False, "bs": 4, "draw": 0}
    assert pane.measured()["bs"] == 4


@pytest.mark.parametrize(("name", "words"), [("own", "85.3%"), ("last", "70.0%"), ("accuracy", "%")])
def test_what_is_to_be_predicted_is_not_shown(name: str, words: str) -> None:
    for size in ((40, 18), (78, 18), (60, 34), (38, 6)):
        shown = play(pane := made(), "a", "l", "right", size=size) + pane.sentence()
        assert words in shown or name == "last"
        pane = made(hidden=frozenset({name}))
        text = play(pane, "a", "right", size=size) + pane.sentence()
        assert words not in text
        assert "?" in text


def test_z_forgets_and_keys_pressed_before_there_is_a_run_count() -> None:
    play(pane := made(), "a", "l", "z")
    assert (pane.measured()["tried"], pane.rows and pane.wanted) == (0, [])
    pane = made()

    async def drive(pilot: Any) -> None:
        for key in ("up", "space", "m"):
            await pilot.press(key)
        follow(pane)
        await settled(pilot)

    play(pane, drive=drive, run=False)
    assert (pane.measured()["tried"], pane.measured()["size"], pane.measured()["sorted"]) == (1, 32, 1)


def test_a_run_that_goes_on_and_another_run_are_evaluated_anew() -> None:
    lab = EvaluatingLab()
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        follow(pane, step=150)
        await settled(pilot)
        follow(pane, run="0002-cifar10")
        await settled(pilot)

    play(pane, "space", drive=drive)
    assert [arguments["run"][:4] for _, arguments in lab.asked] == ["0001", "0001", "0002"]
    assert pane.command() == ("show", "0002-cifar10")


def test_without_a_run_and_with_trouble_it_says_what_to_do() -> None:
    text = play(pane := made(), *KEYS, run=False)
    assert "No network has been trained yet" in " ".join(text.split())
    assert pane.command() == ()
    lab = EvaluatingLab(trouble="It has no batch norm.")
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        assert "It has no batch norm." in pane.sheet.text
        assert pane.sentence() == "It has no batch norm."
        lab.trouble = ""
        await pilot.press("space")
        await settled(pilot)

    play(pane, "space", drive=drive)
    assert pane.measured()["tried"] == 1


def test_opened_again_it_has_the_same_rows() -> None:
    play(pane := made(), "space", "down", "m", "space", "l", "right")
    again = made(kept=pane.kept())
    play(again)
    assert again.measured() == pane.measured()


@pytest.mark.parametrize(
    "kept",
    [
        {"at": "x", "statistics": 3, "sorted": "yes", "draw": -4, "wanted": "64 0 0 0"},
        {"at": 10**9, "statistics": "none", "sorted": 7, "draw": 10**9, "wanted": [3, "a b c d", "64 0 0", "63 0 0 0"]},
        {"at": -1, "wanted": ["64 2 0 0", "64 0 9999 0", "64 0 0 99", "1 1 1 1 1", "²  0 0 0"]},
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    lab = EvaluatingLab()
    pane = made(lab, kept=kept, knobs={"bs": "far"})
    play(pane, "up", "l", "right")
    assert lab.asked == []
    assert pane.bs == 0
    assert pane.measured()["size"] in BATCHES


@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
def test_it_is_drawn_at_every_size(depth: str) -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        for key in ("space", "a", "m"):
            await pilot.press(key)
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await pilot.pause()
                assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, drive=drive, depth=depth, unicode=depth != "none")


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_it_looks_as_it_did(size: tuple[int, int]) -> None:
    same_as_golden(f"panes/evaluation-{size[0]}x{size[1]}", play(made(), "a", "l", size=size))
