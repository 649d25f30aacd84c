"""The refactor pane in `cifar10`: rungs of the ladder, their accuracy beside their losses, and no texts."""

import asyncio
import itertools
from typing import Any

import msgspec
import pytest

from fastai_tui.app.snapshots import Watcher
from fastai_tui.app.tui.panes.common import beginning
from fastai_tui.app.tui.panes.ladder.refactor import RefactorPane
from fastai_tui.app.tui.panes.ladder.refactor_runs import Side
from fastai_tui.app.tui.plotting import load
from fastai_tui.engine.runs import process
from fastai_tui.engine.runs.run import Run
from fastai_tui.lessons import refactoring, schema
from fastai_tui.lessons.experiments import EXPERIMENTS
from fastai_tui.lessons.panes import PANES
from tests.runs import new_run
from tests.tui.host import Host, SilentLab, scene
from tests.tui.ladder_runs import ladder_run

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (1, 1)]
KEYS = [*"adefijklmpuvyzAK,.<>[]", "up", "down", "left", "right", "home", "end", "space", "tab"]
ORDER = schema.Run(experiment="cifar10", data="colour-digits", set={"model": "conv", "preset": "quick"})
BOTH = {"before": "linear", "after": "conv"}


@pytest.fixture(autouse=True, scope="module")
def _plots() -> None:
    load()


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "BEAT", 1e6)


def made(show: dict[str, Any] | None = None, **given: Any) -> RefactorPane:
    return RefactorPane(scene("refactor", show=BOTH if show is None else show, run=ORDER, lab=SilentLab(), **given))


def play(pane: RefactorPane, *keys: str, runs: tuple[Run, ...] = (), size: Any = (78, 18), **look: Any) -> str:
    async def run() -> str:
        host = Host(pane, **look)
        async with host.run_test(size=size) as pilot:
            pane.chapter_runs = tuple(run.id for run in runs)
            own = [run for run in runs if run.spec.job.settings["model"] == pane.after]
            shot = Watcher(own[-1]).snapshot() if own else None
            pane.follow(own[-1] if own else None, shot, tuple(run.id for run in own))
            for worker in [w for w in pane.workers if w.group == "before"]:
                await worker.wait()
            await pilot.pause()
            for key in keys:
                await pilot.press(key)
            await pilot.pause()
            pane.redraw()
            return pane.sheet.text

    return asyncio.run(run())


def both() -> tuple[Run, Run]:
    return ladder_run("linear", 0.4, 1.7, seconds=1.0), ladder_run("conv", 0.65, 1.1, seconds=3.0)


def test_every_rung_has_its_code_and_every_pair_a_difference() -> None:
    from fastai_tui.lessons.experiments.cifar10 import NETWORKS as classes

    assert set(refactoring.LADDER) == set(EXPERIMENTS["cifar10"].schema["model"].choices)
    for name, references in refactoring.LADDER.items():
        module, _, own = references[-1].partition(":")
        kind = classes[name][0]
        assert (kind.__name__, kind.__module__) == (own, f"fastai_tui.{module}")
        bases = {base.__name__ for base in kind.__mro__[1:-1] if base.__module__.startswith("fastai_tui")}  # type: ignore[attr-defined]
        assert bases <= {reference.partition(":")[2] for reference in references}
        assert refactoring.about(name).endswith(".")
    for before, after in itertools.pairwise(refactoring.LADDER):
        found = refactoring.refactoring(before, after)
        assert found.added + found.removed > 0


def test_from_the_plain_list_to_the_module_list_one_line_changes() -> None:
    found = refactoring.refactoring("unlisted", "linear")
    gone = [found.before[p.before] for p in found.pairs if not p.same and p.before is not None]
    come = [found.after[p.after] for p in found.pairs if not p.same and p.after is not None]
    assert [line.split()[0] for line in gone] == ["class", "self.layers"]
    assert "nn.ModuleList(" in come[1]


def test_it_measures_both_networks() -> None:
    pane = made()
    text = play(pane, runs=both())
    measured = pane.measured()
    assert set(measured) == set(PANES["refactor"].measures)
    assert measured["gain"] == pytest.approx(0.25)
    assert measured["pace"] == pytest.approx((3 + 4 + 5) / (1 + 2 + 3))
    assert (measured["loss"], measured["loss_before"], measured["better"], measured["trained"]) == (1.1, 1.7, 1, 2)
    assert "40.0%" in text
    assert "65.0%" in text
    assert "class LinearNet" in text
    assert "conv: 65.0% are right, 4 s an epoch." in pane.sentence()


def test_without_runs_nothing_is_gained() -> None:
    pane = made()
    assert "space trains conv; linear has not been trained yet." in play(pane)
    assert (pane.measured()["gain"], pane.measured()["pace"]) == (0, 0)


def test_views_are_code_losses_and_accuracy_over_epochs_or_seconds() -> None:
    runs = both()
    assert "loss over epochs" in play(made(), "v", runs=runs)
    text = play(made(), "v", "v", runs=runs)
    assert "accuracy over epochs" in text
    assert "text" not in text
    assert "4 s an epoch" in text
    pane = made()
    assert "accuracy over seconds of training" in play(pane, "v", "v", "m", runs=runs)
    assert (pane.measured()["views"], pane.view, pane.axis) == (3, "accuracy", "seconds")
    pane = made()
    play(pane, "v", "v", "v", runs=runs)
    assert pane.view == "code"
    side = Side("conv", 0, Watcher(runs[1]).snapshot())
    assert side.places([0, 40, 80, 120], "epochs") == [0, 1, 2, 3]
    assert side.accuracies == ((40, pytest.approx(0.45)), (80, pytest.approx(0.55)), (120, 0.65))


@pytest.mark.parametrize("view", ["code", "curves", "accuracy"])
def test_what_is_to_be_predicted_is_not_shown(view: str) -> None:
    runs = both()
    for name in ("accuracy", "gain"):
        pane = made(show={**BOTH, "view": view}, hidden=frozenset({name}))
        text = play(pane, runs=runs)
        assert "65.0%" not in text + pane.sentence()
        assert "40.0%" in text
    pane = made(show={**BOTH, "view": view}, hidden=frozenset({"pace"}), kept={"axis": "seconds"})
    text = play(pane, runs=runs)
    assert "4 s an" not in text + pane.sentence()
    assert "seconds" not in text
    pane = made(show={**BOTH, "view": view}, hidden=frozenset({"loss"}))
    assert "1.100" not in play(pane, runs=runs) + pane.sentence()


@pytest.mark.parametrize("view", ["code", "curves", "accuracy"])
def test_it_is_drawn_at_every_size_in_every_depth(view: str) -> None:
    runs = both()
    for size in SIZES:
        for depth in ("truecolor", "none") if size[0] > 30 else ("16",):
            pane = made(show={**BOTH, "view": view})
            text = play(pane, runs=runs, size=size, depth=depth, unicode=depth != "none")
            assert all(len(line) <= size[0] for line in text.splitlines())


@pytest.mark.parametrize("size", [(40, 18), (20, 3), (1, 1)])
def test_any_key_at_any_size_and_nonsense_that_was_kept(size: tuple[int, int]) -> None:
    pane = made(kept={"view": "text", "axis": "characters", "top": "x", "seen": ["text", 4]})
    play(pane, *KEYS, "v", *KEYS, "v", *KEYS, runs=both(), size=size)
    assert pane.view in ("code", "curves", "accuracy")
    assert pane.axis in ("epochs", "seconds")


def test_a_network_that_cannot_be_trained_says_why() -> None:
    run = new_run("cifar10", data="colour-digits", model="unlisted", preset="quick")
    assert process.main(run.path) == 1
    pane = made(show={"before": "linear", "after": "unlisted"})
    text = " ".join(play(pane, runs=(run,)).split())
    assert "failed" in text
    assert "UnlistedNet has nothing to train" in text
    assert pane.measured()["trained"] == 0


def test_the_lab_tells_parameters_before_anything_is_trained() -> None:
    from fastai_tui.engine.runs.process import describe

    def told(job: Any) -> Any:
        return msgspec.to_builtins(describe(msgspec.to_builtins(job)))

    pane = RefactorPane(scene("refactor", show=BOTH, run=ORDER, lab=SilentLab({"describe": told})))
    text = play(pane)
    assert pane.measured() | {"parameters": 37_490, "parameters_before": 123_330} == pane.measured()
    assert "123,330 par" in text
