"""The pane of the ablation study: what it plans, what it shows of a study's files, and that nothing is repeated."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import numpy as np
import pytest

from fastai_tui.app.tui import plotting
from fastai_tui.app.tui.panes.ladder.ablation import AblationPane
from fastai_tui.engine import events
from fastai_tui.engine.ablation.runner import alone
from fastai_tui.engine.ablation.study import Study, StudyStore
from fastai_tui.engine.runs import log
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.steps import StepWriter, row_type
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import ablation
from fastai_tui.lessons.panes import PANES
from fastai_tui.lessons.schema import Run as Order
from tests.tui.host import Host, scene
from tests.tui.looks import same_as_golden

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (1, 1)]
ORDER = Order(experiment="cifar10", epochs=4, set={"model": "norm", "preset": "quick"}, data="colour-digits")
AFTER, BEFORE = (0.81, 0.83, 0.82), (0.80, 0.79, 0.815)  # accuracies by seed


class Stage(AblationPane):
    """The pane, whose studies are run by nobody."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.launched: list[str] = []
        self.said: list[str] = []

    def launch(self, name: str) -> None:
        self.launched.append(name)

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


def made(kind: type[AblationPane] = Stage, order: Order = ORDER, factor: str = "norm", **given: Any) -> Any:
    return kind(scene("ablation", run=order, show={"factor": factor, **given.pop("show", {})}, **given))


def end(study: Study, number: int, accuracy: float, reason: str = "finished") -> Run:
    """A run of the study as its process would have left it, with a loss that falls to 1 − accuracy."""
    member = study.members[number - 1]
    run = RunStore().create(member.job, study.run_name(member), ["test"])
    rows = np.zeros(40, row_type(1))
    rows["smooth_loss"] = rows["loss"] = 1 - accuracy + np.exp(-np.arange(40) / 9)
    StepWriter(run.path / "steps", 1).write(1, rows)
    at = {"time": 1.0, "step": 40, "epoch": 3}
    metrics = {"accuracy": accuracy}
    epoch = events.Epoch(**at, train_loss=0.2, valid_loss=1 - accuracy, metrics=metrics, seconds=2.0)
    for event in (epoch, events.RunEnded(**at, reason=reason, message=f"It has {reason}.", seconds=2.0)):
        log.append(run.path / "events.jsonl", events.encode(event))
    return run


def end_all(study: Study, after: Sequence[float] = AFTER, before: Sequence[float] = BEFORE) -> None:
    for i, pair in enumerate(zip(after, before, strict=True)):
        for j, accuracy in enumerate(pair):
            end(study, 2 * i + j + 1, accuracy)


def planned(seeds: int = 3, experiment: str = "cifar10", **given: str) -> Study:
    """A study that is in the books, and of which nothing has been run."""
    chosen = given or {"preset": "quick", "model": "norm", "norm": "after|before"}
    plan = ablation.plan(experiment, ablation.values("", chosen), seeds=range(42, 42 + seeds), epochs=4)
    return StudyStore().create(experiment, "", plan.factors, plan.cells, plan.members, ["fastai-tui", "ablate"])


def whole(after: Sequence[float] = AFTER, before: Sequence[float] = BEFORE) -> Study:
    end_all(study := planned(len(after)), after, before)
    return study


@pytest.fixture(autouse=True, scope="module")
def _loaded() -> None:
    plotting.load()


async def settled(pilot: Any, pane: AblationPane) -> None:
    for _ in range(300):
        await pilot.pause()
        if not pane._serving and not pane.begins and not any(w.is_running for w in pane.workers):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it does not come to rest")


def play(
    pane: AblationPane,
    *keys: str,
    size: tuple[int, int] = (40, 18),
    drive: Callable[[Any], Awaitable[None]] | None = None,
    **look: Any,
) -> str:
    async def run() -> str:
        async with Host(pane, **look).run_test(size=size) as pilot:
            await settled(pilot, pane)
            for key in keys:
                await pilot.press(key)
                await settled(pilot, pane)
            if drive is not None:
                await drive(pilot)
                await settled(pilot, pane)
            pane.plotter._kept.clear()
            pane.redraw()
            return pane.sheet.text

    return asyncio.run(run())


# The plan


def test_the_steps_factor_is_chosen_and_the_command_says_the_same() -> None:
    text = play(pane := made())
    for words in ("2 × norm, 3 seeds", "6 runs planned", "✓ after", "✓ before", "· none"):
        assert words in text
    known = pane.measured()
    assert (known["factors"], known["cells"], known["seeds"], known["total"], known["done"]) == (1, 2, 3, 6, 0)
    line = "ablate cifar10 --model norm --set preset=quick --set norm=after|before --seeds 3 --epochs 4"
    assert pane.command() == [*line.split(), "--data", "colour-digits"]
    assert "Chosen: norm after or before." in pane.sentence()


def test_values_are_taken_in_and_out_and_seeds_are_more_or_fewer() -> None:
    play(pane := made(), "right", "right", "e", "right_square_bracket", "down", "right", "e")
    assert [(f.name, f.values) for f in pane.plan.varying] == [("norm", ("after", "before", "none")), ("bs", (32, 16))]
    assert (pane.measured()["cells"], pane.measured()["total"]) == (6, 24)
    play(pane := made(), "e", "right", "e", *["left_square_bracket"] * 9)
    assert pane.plan.varying == ()
    assert pane.plan.seeds == 1
    assert pane.said == ["One value stays.", *["1 to 20 seeds are possible."] * 7]
    assert "nothing to compare" in pane.sentence()
    play(pane := made(), "e", "right", "e")
    assert pane.said == ["One value stays."]


def test_what_does_not_go_together_is_said_and_not_run() -> None:
    text = play(pane := made(), "home", "up", "end", "e", "space", size=(60, 34))  # model: fast has no norm=after
    assert "model" in text
    assert pane.launched == []
    assert not StudyStore().names()
    assert "fast" in pane.sentence()


@pytest.mark.parametrize("show", [{"values": "norm|deep"}, {"values": "x|y"}, {"seeds": 2.5}, {"seeds": -3}, {}])
def test_what_the_step_says_is_where_it_begins(show: dict[str, Any]) -> None:
    order = Order(experiment="cifar10", epochs=4, set={"preset": "quick"})
    play(pane := made(order=order, factor="model", show=show))
    values = pane.plan.varying[0].values
    assert values == (("norm", "deep") if show.get("values") == "norm|deep" else ("skips", "linear"))


def test_without_an_order_that_makes_sense_it_says_why() -> None:
    order = Order(experiment="cifar10", set={"model": "linear", "norm": "after"})
    text = play(pane := made(order=order), "space", "e", "v", "m", "z", "d", "up")
    assert "linear has no norm" in text
    assert "linear has no norm" in pane.sentence()
    assert pane.measured() == {}
    assert pane.command() == ()


# A study


def test_every_measure_that_is_declared_is_measured_once_a_study_is_whole() -> None:
    study = whole()
    play(pane := made(kept={"study": study.name, "guess": "norm=after"}))
    assert set(pane.measured()) == set(PANES["ablation"].measures)
    play(pane := made())
    assert set(pane.measured()) < set(PANES["ablation"].measures)


def test_the_measures_are_those_of_plain_statistics() -> None:
    study = whole()
    text = play(pane := made(kept={"study": study.name, "view": "table"}))
    known = pane.measured()
    pooled = (statistics.variance(AFTER) / 2 + statistics.variance(BEFORE) / 2) ** 0.5
    assert known["best"] == "norm=after"
    assert known["gap"] == pytest.approx(np.mean(AFTER) - np.mean(BEFORE))
    assert known["spread"] == pytest.approx(pooled)
    assert known["needed"] == pytest.approx(2.776 * pooled * (2 / 3) ** 0.5)  # Student's t, 4 degrees of freedom
    assert (known["clear"], known["real"], known["whole"], known["done"]) == (0, 0, 1, 6)
    assert f"{np.mean(AFTER):.4f} ±{np.std(AFTER, ddof=1):.4f}" in text
    assert f"{np.mean(BEFORE):.4f} ±{np.std(BEFORE, ddof=1):.4f}" in text
    assert "may be chance" in text


def test_a_clear_lead_is_called_clear() -> None:
    study = whole(after=(0.9, 0.901, 0.902), before=(0.8, 0.801, 0.8))
    play(pane := made(kept={"study": study.name, "view": "findings"}))
    assert (pane.measured()["clear"], pane.measured()["real"]) == (1, 1)
    assert "Real" in pane.sheet.text


def test_the_strip_has_every_seed_in_its_place() -> None:
    study = whole()
    text = play(made(kept={"study": study.name, "view": "table"}), size=(62, 18))
    strips = [line for line in text.splitlines() if "·" in line and "●" in line]
    low, high = min(AFTER + BEFORE), max(AFTER + BEFORE)
    for strip, values in zip(strips, (AFTER, BEFORE), strict=True):
        places = {2 + round((value - low) / (high - low) * 59) for value in values}
        mean = 2 + round((np.mean(values) - low) / (high - low) * 59)
        assert {i for i, sign in enumerate(strip) if sign == "●"} == places - {mean}
        assert strip[mean] == ("┼" if mean in places else "│")


def test_space_records_the_study_and_runs_it() -> None:
    text = play(pane := made(), "v", "down", "m", "space")
    (study,) = [StudyStore().find(name) for name in StudyStore().names()]
    assert pane.launched == [study.name] == [pane.measured()["study"]]
    assert len(study.members) == 6
    assert {member.job.epochs for member in study.members} == {4}
    assert study.command == ["fastai-tui", *made().command()]
    assert "0 of 6 runs done: space goes on" in " ".join(text.split())
    assert pane.measured()["predicted"] == "norm=before"


def test_while_it_runs_it_fills_and_at_its_end_says_whether_the_guess_was_right() -> None:
    study = planned()
    pane = made(kept={"study": study.name, "view": "table", "guess": "norm=before", "sure": 1})

    async def drive(pilot: Any) -> None:
        with alone(study, StudyStore()):
            pane.look()
            await settled(pilot, pane)
            assert pane.measured()["running"] == 1
            assert pane._timer is not None
            assert pane.check_action("stop", ())
            assert not pane.check_action("resume", ())
            end(study, 1, 0.81)
            pane.look()
            await settled(pilot, pane)
            assert "1 of 6 runs" in pane.sheet.text
            assert pane.measured()["done"] == 1
            assert not pane.check_action("guess", ())  # it is too late for that
            for number, accuracy in enumerate((0.80, 0.83, 0.79, 0.82, 0.815), start=2):
                end(study, number, accuracy)
        pane.look()
        await settled(pilot, pane)
        assert pane._timer is None

    text = play(pane, drive=drive)
    known = pane.measured()
    assert (known["whole"], known["running"], known["studies"], known["predicted_right"]) == (1, 0, 1, 0)
    assert "Your guess was norm=before" in " ".join(text.split())


def test_a_study_that_was_cut_short_goes_on_under_its_name() -> None:
    study = planned()
    done = [end(study, 1, 0.81), end(study, 2, 0.80)]
    end(study, 3, 0.5, reason="stopped")
    text = play(pane := made(kept={"study": study.name, "view": "table"}), "space")
    assert "2 of 6 runs done: space goes on" in " ".join(text.split())
    assert pane.launched == [study.name]
    assert len(RunStore().runs()) == 3
    assert {run.state().phase for run in done} == {"finished"}


def test_failed_and_diverged_runs_are_told() -> None:
    study = planned()
    end(study, 1, 0.81, reason="diverged")
    end(study, 2, 0.81, reason="failed")
    text = play(pane := made(kept={"study": study.name, "view": "table"}))
    assert "It has failed." in " ".join(text.split())
    assert "diverged" in text
    assert pane.measured()["done"] == 1


def test_another_plan_leaves_the_study_and_d_finds_it_again() -> None:
    study = whole()
    pane = made(kept={"study": study.name, "view": "plan"})

    async def drive(pilot: Any) -> None:
        await pilot.press("right", "right", "e")
        await settled(pilot, pane)
        assert (pane.study, pane.measured()["cells"]) == ("", 3)
        await pilot.press("d")
        await settled(pilot, pane)
        assert pane.study == study.name
        assert (pane.measured()["cells"], pane.plan.cells) == (2, 2)
        await pilot.press("z")
        await settled(pilot, pane)
        assert (pane.study, pane.measured()["cells"]) == ("", 2)

    play(pane, drive=drive)


def test_a_guess_is_made_made_surer_and_taken_back() -> None:
    play(pane := made(), "v", "m")
    assert (pane.guess, pane.sure) == ("norm=after", False)
    play(pane := made(), "v", "m", "m")
    assert (pane.guess, pane.sure) == ("norm=after", True)
    play(pane := made(), "v", "m", "m", "m")
    assert pane.guess == ""


@pytest.mark.parametrize("name", ["best", "gap", "spread", "clear"])
def test_what_is_to_be_predicted_is_not_shown(name: str) -> None:
    study = whole()
    secret = {"best": "0.8200", "gap": "0.8200", "spread": "±0.0100", "clear": "may be chance"}[name]
    for size in ((40, 18), (78, 18), (100, 54)):
        for view in ("table", "curves", "findings"):
            kept = {"study": study.name, "view": view}
            pane = made(kept=kept, hidden=frozenset({name}))
            text = play(pane, size=size) + pane.sentence()
            assert secret not in text
            assert "is best" not in text
            assert "against" not in text
        open_ = play(made(kept={"study": study.name, "view": "table"}), size=size)
        assert secret in " ".join(open_.split())


def test_opened_again_it_is_as_it_was() -> None:
    play(pane := made(), "right", "right", "e", "right_square_bracket", "v", "m", "space")
    play(again := made(kept=pane.kept()))
    assert again.measured() == pane.measured()
    assert again.plan.chosen == pane.plan.chosen
    assert again.command() == pane.command()


@pytest.mark.parametrize(
    "kept",
    [
        {"study": 3, "view": 7, "seeds": "x", "chosen": 4, "guess": [], "ended": "all"},
        {"study": "gone", "chosen": ["norm=", "x=y", 3], "views": -5, "seeds": 10**9},
        {"chosen": ["norm=none"], "sure": "yes", "ended": [1, None]},
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    play(pane := made(kept=kept), "v", "down", "m", "v", "v", "v")
    assert pane.study == ""
    assert 1 <= pane.measured()["seeds"] <= 20
    assert pane.plan is not None


def test_a_knob_of_the_step_is_in_every_run() -> None:
    study = whole()
    pane = made(kept={"study": study.name})

    async def drive(pilot: Any) -> None:
        pane.scene.step.run.set["bs"] = 64
        pane.turned("bs", 64)
        await settled(pilot, pane)

    try:
        play(pane, drive=drive)
    finally:
        ORDER.set.pop("bs", None)
    assert pane.study == ""
    assert "bs=64" in pane.command()


@pytest.mark.parametrize("view", ["plan", "table", "curves", "findings"])
@pytest.mark.parametrize("depth", ["truecolor", "none"])
def test_it_is_drawn_at_every_size(view: str, depth: str) -> None:
    study = whole()
    pane = made(kept={"study": study.name, "view": view})

    async def drive(pilot: Any) -> None:
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            for key in ("down", "right", "end", "home", "e", "m"):
                await pilot.press(key)
            await pilot.pause()
            assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, drive=drive, depth=depth, unicode=depth != "none")


@pytest.mark.parametrize("view", ["plan", "table", "findings"])
@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_it_looks_as_it_did(view: str, size: tuple[int, int]) -> None:
    study = whole()
    text = play(made(kept={"study": study.name, "view": view, "guess": "norm=after"}), size=size)
    same_as_golden(f"panes/ablation-{view}-{size[0]}x{size[1]}", text)
