"""The recipe's pane: a checklist that is ticked off as the learner's runs and finders come to their ends."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.message import Message

from fastai_tui.app.rate_finding import Finding
from fastai_tui.app.snapshots import Watcher
from fastai_tui.app.tui import orders
from fastai_tui.app.tui.panes.common import beginning
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.photos import recipe_rows
from fastai_tui.app.tui.panes.photos.recipe import RecipePane
from fastai_tui.app.tui.panes.photos.recipe_rows import Found
from fastai_tui.app.tui.services import Scene
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.settings import Value
from fastai_tui.engine.suggestions import suggest
from fastai_tui.engine.sweep import Sweep
from fastai_tui.lessons import recipe, schema
from fastai_tui.lessons.panes import PANES
from fastai_tui.lessons.recipe import COUNT, LINES, STAND_IN
from tests.tui.host import driven, play, scene, settled
from tests.tui.ladder_runs import image_run
from tests.tui.looks import same_as_golden
from tests.tui.test_finder_pane import FindingLab

pytestmark = pytest.mark.usefixtures("plots", "still")

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (1, 1)]
KEYS = [*"aefijkKlmpuvyzAD1,.<>[]", "up", "down", "left", "right", "home", "end", "space", "enter", "escape", "tab"]
BASE: dict[str, Value] = {"preset": "head", "lr": 0.01, "size": 64}
ORDER = schema.Run(experiment="dogscats", set=BASE)
FINDS = [2, 7]
TRAINED = {1: (0.1, 2.4), 3: (0.61, 1.2), 4: (0.68, 0.97), 6: (0.74, 0.8), 8: (0.9, 0.4)}
FOUND = ["2 0.04 colour-digits", "7 0.001 colour-digits"]
WHY = "The loss is no number any more after batch 3: lower the rate."


class Heard(RecipePane):
    """Remembers what it says to the screen."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.said = list[Any]()

    def post_message(self, message: Message) -> bool:
        self.said.append(message)
        return super().post_message(message)


def made(**given: Any) -> Heard:
    return Heard(scene("recipe", run=ORDER, **given))


def job_of(line: int, data: str = STAND_IN, **other: Value) -> Job:
    asked = recipe.order(line, STAND_IN, BASE, 0.01)
    step = scene("recipe", run=schema.Run(experiment=asked.experiment, set={**asked.set, **other}, epochs=asked.epochs))
    return msgspec.structs.replace(orders.job_of(step.step, {}), data=data)


def trained(line: int, data: str = STAND_IN, **given: Any) -> Run:
    accuracy, loss = TRAINED[line]
    several = {"tta_accuracy": accuracy + 0.01, "tta_loss": loss - 0.1} if line == 8 else {}
    return image_run(job_of(line, data), accuracy, loss, metrics=several, **given)


def several(*lines: int, data: str = STAND_IN) -> None:
    for line in lines:
        trained(line, data)


def failed(line: int) -> Run:
    return image_run(job_of(line), 0, 9, done=0, reason="failed", message=WHY)


def messages(pane: Heard, kind: type) -> list[Any]:
    return [message for message in pane.said if isinstance(message, kind)]


def test_it_measures_what_it_declares() -> None:
    several(*TRAINED)
    play(pane := made(kept={"found": FOUND}))
    assert set(pane.measured()) == set(PANES["recipe"].measures)
    assert PANES["recipe"].options == {}


def test_with_nothing_done_all_lines_are_open() -> None:
    text = play(pane := made())
    assert "0/8" in text
    assert all(line.name in text for line in LINES)
    assert (pane.measured()["ticked"], pane.measured()["line"], pane.measured()["stand_in"]) == (0, 1, 1)
    assert {"accuracy", "loss", "best"}.isdisjoint(pane.measured())
    assert "Coloured digits stand in for photos" in text


def test_runs_are_found_wherever_they_were_started_and_the_cursor_waits_at_the_next_line() -> None:
    several(1, 3)
    text = play(pane := made(kept={"found": FOUND[:1]}))
    found = pane.measured()
    assert (found["ticked"], found["line"], found["accuracy"], found["loss"]) == (3, 4, 0.61, 1.2)
    assert "best" not in found
    assert "61.0%" in text
    assert "0.04" in text
    assert "3/8" in text


def test_the_best_is_told_once_all_are_ticked_off_and_counts_five_views() -> None:
    several(*TRAINED)
    text = play(pane := made(kept={"found": FOUND}))
    assert (pane.measured()["whole"], pane.measured()["best"]) == (1, pytest.approx(0.91))
    assert pane.measured()["loss"] == pytest.approx(0.3)
    assert "all eight are done" in " ".join(text.split())


def test_a_prediction_comes_first() -> None:
    several(*TRAINED)
    for size in SIZES:
        pane = made(kept={"found": FOUND}, hidden=frozenset({"best"}))
        text = play(pane, size=size) + pane.sentence()
        assert "?" in pane.sentence()
        assert "91" not in text
        assert "%" not in text.replace("100%", "")


def test_runs_on_other_data_count_for_those() -> None:
    trained(1)
    trained(3, "dogscats")
    play(pane := made())
    assert pane.measured()["ticked"] == 1
    text = play(pane := made(kept=pane.kept()), "k")
    assert (pane.measured()["data"], pane.measured()["ticked"], pane.measured()["stand_in"]) == ("dogscats", 2, 0)
    assert "`fastai-tui data get dogscats` gets it" in " ".join(text.split())
    text = play(pane := made(kept=pane.kept()), "k")
    assert pane.measured()["data"] == "dogbreeds"
    assert "data import dogbreeds PATH" in " ".join(text.split())


def test_a_folder_can_be_typed_and_stands_among_the_data(tmp_path: Path) -> None:
    mine = tmp_path / "cows"
    mine.mkdir()
    several(1, 4, data=str(mine))

    async def drive(pilot: Any, host: Any) -> None:
        await pilot.press("e")
        pane.on_paste(type("Paste", (), {"text": str(mine), "stop": lambda self: None})())
        await pilot.press("enter")

    text = driven(pane := made(), drive, size=(160, 18))
    found = pane.measured()
    assert (found["own"], found["data"], found["ticked"], found["line"]) == (1, str(mine), 2, 2)
    assert str(mine) in text
    again = made(kept=pane.kept())
    play(again, "k", "K", "K")
    assert again.measured()["data"] == STAND_IN
    assert again.folder == str(mine)


def test_a_folder_that_is_not_there_says_so() -> None:
    text = play(pane := made(), "e", *"nowhere", "enter", "space")
    assert "nowhere" in text
    assert "There is nothing at" in " ".join(text.split())
    assert messages(pane, Pane.Train) == []


def test_space_trains_the_line_and_waits_for_its_run() -> None:
    async def drive(pilot: Any, host: Any) -> None:
        await pilot.press("home", "down", "down", "down", "space", "space")

    text = driven(pane := made(), drive)
    asked = messages(pane, Pane.Train)
    assert [dict(told.order.set) for told in asked] == [dict(recipe.order(4, STAND_IN, BASE, 0.01).set)]
    assert "begins" in text
    assert "The run begins." in text


def test_a_run_that_never_comes_is_forgotten() -> None:
    async def drive(pilot: Any, host: Any) -> None:
        await pilot.press("space")
        for _ in range(beginning.PATIENCE):
            pane._awaited.wait()

    text = driven(pane := made(), drive)
    assert "begins" not in text
    assert not pane._busy


def test_what_goes_on_is_shown_and_after_its_end_comes_the_next_line() -> None:
    async def drive(pilot: Any, host: Any) -> None:
        await pilot.press("end", "up", "up", "up")
        await pilot.press("space")
        run = trained(6, done=1)
        shot = Watcher(run).snapshot()
        going = replace(shot, phase="running", live=True, step=20, total=40, left=65.0)
        pane.runs_read.look()
        pane.follow(run, going, (run.id,))
        pane.redraw()
        seen.append(pane.sheet.text)
        told.append(dict(pane.measured()))
        pane.follow(run, shot, (run.id,))
        await settled(pilot)

    seen: list[str] = []
    told: list[dict[str, Any]] = []
    pane = made()
    driven(pane, drive)
    assert seen[0].count("50%") == 2  # lines 5 and 6 are one run
    assert "1 min 5 s left" in seen[0]
    assert told[0]["running"] == 1
    assert (pane.measured()["running"], pane.measured()["ticked"], pane.measured()["line"]) == (0, 2, 7)


def test_a_run_that_failed_says_why() -> None:
    failed(4)
    text = play(pane := made(), "down", "down", "down")
    assert "failed" in text
    assert WHY in " ".join(text.split())
    assert pane.measured()["ticked"] == 0
    trained(4)
    text = play(made(), "down", "down", "down")
    assert WHY not in " ".join(text.split())


def test_a_live_run_of_a_terminal_is_read_again_and_again() -> None:
    run = trained(3)

    async def drive(pilot: Any, host: Any) -> None:
        await pilot.pause()
        read = pane.runs_read.shots
        read[run.id] = replace(read[run.id], phase="running", live=True)
        assert pane.runs_read.unread(STAND_IN, "") == [run.id]
        assert pane.runs_read.unread(STAND_IN, run.id) == []
        pane.look()
        await settled(pilot)
        assert pane.rows[2].done

    driven(pane := made(), drive)


def test_the_finder_ticks_its_line_off_and_its_rate_becomes_the_knob_s() -> None:
    lab = FindingLab()

    async def drive(pilot: Any, host: Any) -> None:
        await pilot.press("home", "down", "space")
        for _ in range(200):
            await pilot.pause(0.02)
            if pane.finds < 0:
                break

    text = driven(pane := made(lab=lab), drive)
    asked = [arguments["job"] for request, arguments in lab.asked if request == "find_rate"]
    assert {(job.data, job.settings["precompute"], job.settings["begin"]) for job in asked} == {(STAND_IN, "on", "")}
    sweep = Sweep()
    points = Finding(sweep)
    while not points.done:
        points = points.grown(lab.piece(len(points.rates), sweep))
    best = next(one.rate for one in suggest(points.rates, points.smooth, 100) if one.name == "minimum")
    assert best is not None
    rounded = round(best, -math.floor(math.log10(best)))
    assert [(told.knob, told.value) for told in messages(pane, Pane.Turn)] == [("lr", pytest.approx(rounded))]
    assert (pane.measured()["ticked"], pane.measured()["line"]) == (1, 3)
    assert f"{rounded:g}" in text
    again = made(kept=pane.kept())
    play(again)
    assert again.rows[1].rate == pytest.approx(rounded)


def test_a_rate_that_the_knob_does_not_go_to_is_not_taken() -> None:
    async def drive(pilot: Any, host: Any) -> None:
        await pilot.press("home", "down", "space")
        for _ in range(200):
            await pilot.pause(0.02)
            if pane.finds < 0:
                break

    pane = made(lab=FindingLab())
    knob = schema.Knob(setting="lr", low=0.5, high=1.0)
    pane.scene = replace(pane.scene, step=msgspec.structs.replace(pane.scene.step, knobs=(knob,)))
    driven(pane, drive)
    assert messages(pane, Pane.Turn) == []
    assert any("out of the knob's bounds" in told.sentence for told in messages(pane, Pane.Said))
    assert pane.measured()["ticked"] == 1


def test_a_finder_of_another_step_counts_too() -> None:
    lab, sweep = FindingLab(), Sweep()
    finding = Finding(sweep)
    while not finding.done:
        finding = finding.grown(lab.piece(len(finding.rates), sweep))
    pane = made()
    pane.services.memory["a-chapter", "rate"] = finding, (job_of(2), sweep)
    pane.services.memory["another", "rate"] = finding, (job_of(7), sweep)
    pane.services.memory["a-chapter", "study"] = "a-name"
    play(pane)
    assert [row.number for row in pane.rows if row.done] == [2]


def test_a_finder_can_be_stopped_and_the_lab_lets_go() -> None:
    lab = FindingLab(hangs_at=40)

    async def drive(pilot: Any, host: Any) -> None:
        await pilot.press("home", "down", "space")
        for _ in range(100):
            await pilot.pause(0.02)
            if pane.finding is not None:
                break
        pane.redraw()
        assert "40/100" in pane.sheet.text
        assert pane.measured()["running"] == 1
        await pilot.press("space")  # does nothing meanwhile
        await pilot.press("u")
        await asyncio.sleep(0.05)

    driven(pane := made(lab=lab), drive)
    assert [request for request, _ in lab.asked][-1] == "leave_rate"
    assert (pane.measured()["running"], pane.measured()["ticked"]) == (0, 0)


def test_a_finder_with_trouble_says_so() -> None:
    play(pane := made(lab=FindingLab(trouble="The lab has no memory.")), "home", "down", "space")
    assert [told.sentence for told in messages(pane, Pane.Said)] == ["The lab has no memory."]
    assert pane.measured()["ticked"] == 0


def test_each_line_has_its_command() -> None:
    for line in range(1, COUNT + 1):
        pane = made(kept={"at": line - 1}, knobs={"lr": 0.03})
        words = [*pane.command()]
        assert words[:2] == ["lr-find" if line in FINDS else "train", "dogscats"]
        assert words[-2:] == ["--data", STAND_IN]
        assert ("--seed" in words) == (line > 1)
        rates = {1: "0", 2: "0.03", 3: "0.03", 4: "0.03"}.get(line, "0.0003/0.003/0.03")
        assert f"lr={rates}" in words


def test_keys_go_to_lines() -> None:
    several(1, 4)
    play(pane := made(), "j", "j")
    assert pane.measured()["line"] == 5  # 2, 3, 5
    play(pane := made(kept=pane.kept()), "end", "j", "up", "home")
    assert (pane.measured()["line"], pane.measured()["visited"]) == (1, 5)  # 2, 3, 5, 8, 1


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["2 0.04 /a folder/of mine"], (Found(2, 0.04, "/a folder/of mine"),)),
        (["3 0.04 x", "9 1 x", "2 x y", "2 0.1", 7, None, ""], ()),
        ("nonsense", ()),
    ],
)
def test_what_was_kept_is_taken_with_care(texts: Any, found: tuple[Found, ...]) -> None:
    assert recipe_rows.restored(texts) == found
    assert recipe_rows.restored(recipe_rows.kept(found)) == found


NONSENSE: Mapping[str, Any] = {"at": 99, "seen": [None, "x", -1, 77], "data": 3, "folder": ["x"], "found": 4}


@pytest.mark.parametrize("depth", ["truecolor", "16", "none"])
def test_it_is_drawn_at_every_size(depth: str) -> None:
    several(1, 3)
    failed(5)
    pane = made(kept=NONSENSE, knobs={"lr": "x", "size": None})

    async def drive(pilot: Any) -> None:
        for key in ("space", "e", "escape"):
            await pilot.press(key)
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await settled(pilot)
                assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, drive=drive, depth=depth, unicode=depth != "none")


def test_no_key_does_harm() -> None:
    trained(1)
    for size in ((40, 18), (1, 1)):
        play(pane := made(lab=FindingLab()), *KEYS, size=size)
        assert pane.sentence()


def test_without_an_order_it_says_what_is_missing() -> None:
    pane = RecipePane(scene("recipe"))
    assert "trains nothing" in " ".join(play(pane, "space", "down", "space").split())
    assert pane.command() == ()


@pytest.mark.parametrize("size", SIZES[:5])
def test_it_looks_as_it_did(size: tuple[int, int]) -> None:
    several(1, 3, 4)
    failed(5)
    text = play(made(kept={"found": FOUND[:1]}), size=size)
    same_as_golden(f"panes/recipe-{size[0]}x{size[1]}", text)
