"""The refactor pane: one network beside the next, in their code, their losses and what they write."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fastai_tui.app.snapshots import Watcher
from fastai_tui.app.tui.panes.ladder import refactor_code
from fastai_tui.app.tui.panes.ladder.refactor import RefactorPane
from fastai_tui.app.tui.panes.ladder.refactor_runs import Side, read_in_an_epoch
from fastai_tui.app.tui.screens import which_run
from fastai_tui.engine.events import DataFacts, RunStarted
from fastai_tui.engine.runs.run import Run
from fastai_tui.lessons import loader, refactoring, schema
from fastai_tui.lessons.panes import PANES, RUN_MEASURES
from fastai_tui.lessons.progress import Progress
from tests.tui.course import NearLab, opened, press, rest
from tests.tui.course import canned_runs as canned_runs
from tests.tui.host import Host, SilentLab, scene
from tests.tui.looks import same_as_golden
from tests.tui.text_runs import ITEMS, PARAMETERS, text_run

pytestmark = pytest.mark.usefixtures("plots", "still")

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (130, 50), (38, 6), (20, 3), (1, 1)]
KEYS = [*"adefijklmpuvyzADK1,.<>[]", "up", "down", "left", "right", "home", "end", "space", "enter", "escape", "tab"]
RUN = schema.Run(experiment="char-lm", data="pydocs", set={"model": "loop", "preset": "quick"})
BOTH = {"before": "three", "after": "loop"}


def describe(job: Any) -> Any:
    """What a run would begin with: parameters by formula."""
    told = msgspec.convert(msgspec.to_builtins(job), type=dict)
    return msgspec.to_builtins(
        RunStarted(
            time=0.0,
            run="",
            experiment="char-lm",
            settings=told["settings"],
            seed=42,
            epochs=3,
            device="cpu",
            data=DataFacts(name="pydocs", source="sample", train=ITEMS, valid=9, vocabulary=60),
            parameters=100 * len(told["settings"]["model"]),
            batches_per_epoch=40,
            versions={},
        )
    )


def made(lab: Any = None, show: dict[str, Any] | None = None, **given: Any) -> RefactorPane:
    lab = lab or SilentLab({"describe": describe})
    return RefactorPane(scene("refactor", show=BOTH if show is None else show, run=RUN, lab=lab, **given))


def play(
    pane: RefactorPane,
    *keys: str,
    runs: tuple[Run, ...] = (),
    size: tuple[int, int] = (78, 18),
    then: Callable[[Any, Host], Awaitable[None]] | None = None,
    **look: Any,
) -> str:
    """Show it with these runs of the chapter, press keys, and read the screen."""

    async def run() -> str:
        host = Host(pane, **look)
        async with host.run_test(size=size) as pilot:
            await told(pane, runs)
            await pilot.pause()
            for key in keys:
                await pilot.press(key)
            if then is not None:
                await then(pilot, host)
            await pilot.pause()
            pane.redraw()
            return pane.sheet.text

    return asyncio.run(run())


async def told(pane: RefactorPane, runs: tuple[Run, ...]) -> None:
    """Do as the screen does, and wait until the run of the network before has been read."""
    pane.chapter_runs = tuple(run.id for run in runs)
    own = [run for run in runs if run.spec.job.settings["model"] == pane.after]
    shot = Watcher(own[-1]).snapshot() if own else None
    pane.follow(own[-1] if own else None, shot, tuple(run.id for run in own))
    for worker in [w for w in pane.workers if w.group == "before"]:
        if all(Watcher(run).snapshot().ended for run in runs):
            await worker.wait()


def test_it_measures_what_it_declares() -> None:
    pane = made()
    play(pane, runs=(text_run("three", 2.1), text_run("loop", 1.8)))
    declared = PANES["refactor"]
    assert set(pane.measured()) == set(declared.measures)
    assert {"valid_loss", "epochs"} <= set(RUN_MEASURES)
    assert declared.trains


def test_both_runs_are_measured_the_newest_of_each_network() -> None:
    pane = made()
    runs = (text_run("three", 2.4), text_run("three", 2.1), text_run("rnn", 1.0), text_run("loop", 1.8))
    text = play(pane, runs=runs)
    measured = pane.measured()
    assert (measured["loss_before"], measured["loss"], measured["better"]) == (2.1, 1.8, 1)
    assert (measured["trained"], measured["parameters_before"]) == (2, PARAMETERS)
    assert "2.100 nats" in text
    assert "1.800 nats" in text


def test_a_run_that_never_began_stands_back() -> None:
    pane = made()
    play(pane, runs=(text_run("three", 2.1), text_run("three", done=0)))
    assert pane.measured()["loss_before"] == 2.1


def test_a_run_of_the_network_s_own_step_comes_before_newer_ones_of_others() -> None:
    own, idle, later = text_run("three", 2.4), text_run("three", done=0), text_run("three", 2.1)
    for home, loss in (({own.id, idle.id}, 2.4), ({idle.id}, 2.1), (set(), 2.1)):
        pane = made()
        pane.home_runs = frozenset(home)
        play(pane, runs=(own, idle, later))
        assert pane.measured()["loss_before"] == loss


def test_the_step_that_a_network_belongs_to_is_the_first_that_trains_it() -> None:
    chapter = next(one for one in loader.chapters() if one.slug == "char-lm")
    kept, step = Progress(), chapter.step("lstm")
    for id, run in (("stateful", "0001-s"), ("gru", "0002-g"), ("live", "0003-g"), ("identity", "0004-s")):
        kept = kept.put("char-lm", id, state={"runs": [run]})
    assert step is not None
    assert which_run.home(chapter, step, kept) == {"0001-s", "0002-g"}


def test_without_runs_it_says_what_space_does_and_asks_the_lab_for_both() -> None:
    pane = made()
    text = play(pane)
    assert "space trains loop; three has not been trained yet." in text
    assert pane.measured() | {"parameters": 400, "parameters_before": 500} == pane.measured()
    assert (pane.measured()["trained"], pane.measured()["better"]) == (0, 0)


def test_the_code_that_goes_and_comes_is_the_two_classes() -> None:
    pane = made()
    text = play(pane, size=(120, 60))
    assert "class CharThree(nn.Module):" in text
    assert "class CharLoop(nn.Module):" in text
    measured = pane.measured()
    one, other = (refactoring.code_of(name).split("\n") for name in ("three", "loop"))
    assert len(one) - measured["removed"] == len(other) - measured["added"]
    assert f"+{measured['added']} −{measured['removed']} lines" in text


def test_code_scrolls_to_every_change_and_no_further_than_its_end() -> None:
    pane = made(show={"before": "seq", "after": "stateful"})
    tops = []

    async def walk(pilot: Any, host: Host) -> None:
        await pilot.press("a", "home")
        for _ in range(4):
            tops.append(pane.shown.first(pane._body))
            await pilot.press("full_stop")
        assert "+         self.keep(h)" in pane.sheet.text

    play(pane, then=walk)
    assert tops == sorted(tops)
    assert tops[0] == 0 < tops[1]
    end = play(made(show={"before": "seq", "after": "stateful"}), "end", "down", "down", "down")
    assert any("return self.to_output(states).flatten(0, 1)" in line for line in end.splitlines()[-3:])


def test_where_there_is_no_room_only_changes_are_shown_and_a_shows_all() -> None:
    folded = play(made(show={"before": "stateful", "after": "gru"}), size=(78, 18))
    assert "… 22 lines are the same" in folded
    assert "+         self.rnn = nn.GRU(" in folded
    assert "def reset_state" not in folded
    assert "def reset_state" in play(made(show={"before": "stateful", "after": "gru"}), "a", "home", size=(78, 18))
    assert "lines are the same" not in play(made(), size=(78, 40))


def test_m_sets_the_code_side_by_side_and_below() -> None:
    both = "class CharThree(nn.Module):"
    beside = next(line for line in play(made(), "home", size=(110, 40)).splitlines() if both in line)
    assert "class CharLoop" in beside
    below = next(line for line in play(made(), "home", "m", size=(110, 40)).splitlines() if both in line)
    assert "class CharLoop" not in below


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("width", [9, 38, 78, 130])
@pytest.mark.parametrize(("before", "after"), [("three", "loop"), ("seq", "stateful"), ("gru", "lstm-by-hand")])
def test_no_character_of_the_code_is_lost_in_any_width(before: str, after: str, width: int, split: bool) -> None:
    found = refactoring.refactoring(before, after)
    rows = refactor_code.rows_of(found, split, width)
    for side, text, sign in ((0, found.before, "-"), (1, found.after, "+")):
        cells = [[half for line in row if (half := line[side if split else 0]) is not None] for row in rows]
        lines = [
            "".join(words for half in halves for words, _ in half.pieces)
            for halves in cells
            if halves and halves[0].sign in (" ", sign)
        ]
        assert ["".join(line.split()) for line in lines] == ["".join(line.split()) for line in text]


def test_curves_stand_over_the_characters_that_were_read_or_over_seconds() -> None:
    runs = (text_run("three", 2.1, seconds=1.0), text_run("loop", 1.8, seconds=4.0))
    pane = made()
    text = play(pane, "v", runs=runs, size=(78, 24))
    assert "loss over million characters read" in text
    assert "o" in text
    over = play(made(), "v", "m", runs=runs, size=(78, 24))
    assert "loss over seconds of training" in over
    assert over.rstrip().splitlines()[-1].split()[-1] in ("10", "12")


def test_how_much_is_read_is_what_the_loaders_give() -> None:
    """Three characters a window, eight at every character, or each character once."""
    import torch

    from fastai_tui.engine.data.streams import StreamLoader, WindowLoader

    tokens = torch.arange(ITEMS) % 50
    loaders = {
        "three": WindowLoader(tokens, size=3, stride=3, bs=64, seed=1),
        "loop": WindowLoader(tokens, size=8, stride=1, bs=64, seed=1),
        "seq": WindowLoader(tokens, size=8, stride=8, bs=64, seed=1, every=True),
        "gru": StreamLoader(tokens, bs=64, bptt=8, seed=1),
    }
    for model, batches in loaders.items():
        shot = Watcher(text_run(model, per_epoch=len(batches))).snapshot()
        assert read_in_an_epoch(shot) == sum(xb.numel() for xb, _ in batches.batches(0)), model
        side = Side(model, 0, shot)
        assert side.places([len(batches)], "characters") == [read_in_an_epoch(shot)]


def test_seconds_go_along_with_the_epochs_and_on_as_steeply() -> None:
    side = Side("three", 0, Watcher(text_run("three", seconds=2.0, epochs=4, done=2)).snapshot())
    assert side.places([0, 20, 40, 60, 80, 100], "seconds") == [0, 1, 2, 3, 4, 5]
    assert side.end("seconds") == 8


def test_what_they_write_is_shown_and_what_they_wrote_before() -> None:
    runs = (text_run("three", 2.1), text_run("loop", 1.8))
    text = play(made(), "v", "v", runs=runs, size=(78, 18))
    assert text.count("a method of the class") == 2
    earlier = play(made(), "v", "v", "comma", "comma", runs=runs, size=(78, 18))
    assert "the an the so" in earlier
    assert "after 40 batches, 2.400 nats" in earlier
    later = play(made(), "v", "v", "comma", "comma", "comma", "full_stop", runs=runs, size=(78, 18))
    assert "the string of" in later


def test_space_trains_the_second_network() -> None:
    async def look(pilot: Any, host: Host) -> None:
        await pilot.press("space")
        await pilot.pause()
        assert any(type(message).__name__ == "Train" for message in host.told)

    text = play(made(), then=look)
    assert "The run begins." in text


def test_every_view_that_was_looked_at_counts_once() -> None:
    pane = made()
    play(pane, "v", "v", "v", "v")
    assert (pane.measured()["views"], pane.measured()["view"]) == (3, "curves")
    again = made(kept=pane.kept())
    play(again)
    assert (again.measured()["views"], again.measured()["view"]) == (3, "curves")


def test_what_is_to_be_predicted_is_not_shown() -> None:
    runs = (text_run("three", 2.1), text_run("loop", 1.834))
    for view in ("code", "curves", "text"):
        pane = made(show={**BOTH, "view": view}, hidden=frozenset({"loss"}))
        text = play(pane, runs=runs)
        assert "1.834" not in text + pane.sentence()
        assert "2.100" in text
    lines = made(hidden=frozenset({"added"}))
    text = play(lines, runs=runs, size=(120, 60))
    assert "class CharLoop" not in text
    assert "+4" not in text
    assert "come" not in lines.sentence()
    assert "? parameters" in play(made(hidden=frozenset({"parameters"})), runs=runs)


@pytest.mark.parametrize("view", ["code", "curves", "text"])
@pytest.mark.parametrize("depth", ["truecolor", "none"])
def test_it_is_drawn_at_every_size(view: str, depth: str) -> None:
    runs = (text_run("three", 2.1), text_run("loop", 1.8))
    for size in SIZES:
        text = play(made(show={**BOTH, "view": view}), runs=runs, size=size, depth=depth, unicode=depth != "none")
        assert all(len(line) <= size[0] for line in text.splitlines())


@pytest.mark.parametrize("size", [(40, 18), (20, 3), (1, 1), (130, 50)])
def test_any_key_at_any_size(size: tuple[int, int]) -> None:
    play(made(), *KEYS, *KEYS, "v", *KEYS, runs=(text_run("three", 2.1),), size=size)


@pytest.mark.parametrize(
    "kept",
    [
        {"view": 7, "axis": [], "split": 3, "top": "x", "seen": 9},
        {"view": "junk", "top": -5, "seen": ["code", 3]},
        {"top": 10**9},
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept)
    assert "CharLoop" in play(pane) or kept.get("top") == 10**9
    assert pane.view == "code"


def test_without_a_lab_the_code_is_there_all_the_same() -> None:
    pane = made(lab=SilentLab())
    assert "class CharLoop" in play(pane)


def test_names_that_are_no_networks_are_the_first() -> None:
    pane = made(show={"before": "nonsense", "after": 3})
    play(pane)
    assert (pane.before, pane.measured()["added"]) == ("three", 0)


CHAPTER = """+++
schema = 1
number = 1
slug = "writes"
title = "It writes"
about = "A network that writes."
needs = []
+++

A network that writes.

## Three {#three}

```toml step
pane = "train"
hints = ["Press space."]

[run]
experiment = "char-lm"
data = "pydocs"
set = { model = "three", preset = "quick" }

[[goal]]
id = "run"
say = "Train it."
when = "runs >= 1"
```

Train.

## Loop {#loop}

```toml step
pane = "refactor"
show = { before = "three", after = "loop" }
hints = ["Press space."]

[run]
experiment = "char-lm"
data = "pydocs"
set = { model = "loop", preset = "quick" }

[[goal]]
id = "both"
say = "Train it, too."
when = "trained >= 2"
```

Compare.
"""


async def test_in_a_chapter_it_finds_the_run_of_the_step_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, canned_runs: None
) -> None:
    (tmp_path / "01-writes.md").write_text(CHAPTER)
    monkeypatch.setattr(loader, "folder", lambda: tmp_path)
    async with opened("writes", "three", the_lab=NearLab({"describe": describe})) as app:
        await press(app, "space")
        await until(app, lambda: bool(app.screen.runs.own_shots))
        await press(app, "n")
        pane = app.screen.query_one(RefactorPane)
        await until(app, lambda: pane.measured()["trained"] == 1)
        assert pane.earlier is not None
        assert dict(pane.earlier.asked)["model"] == "three"
        assert pane.home_runs == {pane.earlier.run}
        assert pane.runs == ()
        await press(app, "space")
        await until(app, lambda: pane.measured()["trained"] == 2)
        assert dict(pane.ours.asked)["model"] == "loop"
        assert len(pane.chapter_runs) == 2


async def until(app: Any, reached: Callable[[], bool]) -> None:
    for _ in range(300):
        if reached():
            return
        await asyncio.sleep(0.02)
        await rest(app)
    raise AssertionError("it never came to that")


@pytest.mark.parametrize("view", ["code", "curves", "text"])
@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_it_looks_as_it_did(size: tuple[int, int], view: str) -> None:
    runs = (text_run("three", 2.1), text_run("loop", 1.8))
    text = play(made(show={**BOTH, "view": view}), runs=runs, size=size)
    same_as_golden(f"panes/refactor-{view}-{size[0]}x{size[1]}", text)
