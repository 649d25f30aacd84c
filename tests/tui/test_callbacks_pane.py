"""The callbacks pane: a training gone through hook by hook, as the lab tells it."""

import asyncio
from functools import lru_cache
from typing import Any

import msgspec
import pytest

from fastai_tui.app.tui.panes.training import callbacks
from fastai_tui.app.tui.panes.training.callbacks import CallbacksPane
from fastai_tui.app.tui.panes.training.callbacks_drawing import loop_lines
from fastai_tui.engine.loop_trace import HOOKS, Act, Call, Listed, Trace
from fastai_tui.lessons import sources
from fastai_tui.lessons.panes import PANES
from tests.tui.host import SilentLab, play, scene
from tests.tui.looks import same_as_golden

pytestmark = pytest.mark.usefixtures("plots", "still")

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (1, 1)]
KEYS = [*"adefijklmpuvyzADK1,.<>[]", "up", "down", "left", "right", "home", "end", "space", "enter", "escape", "tab"]
LISTED = [
    Listed("CosineAnnealing", "engine.annealing:CosineAnnealing", ["before_batch", "after_batch"]),
    Listed("Carrying", "engine.carrying:Carrying", ["before_epoch"]),
    Listed("CycleEnds", "engine.runs.cycles:CycleEnds", ["before_fit", "after_epoch"]),
]


@lru_cache(maxsize=1)
def marked() -> dict[str, int]:
    """The lines of the loop from which hooks are called."""
    numbers, lines = loop_lines()
    found = {}
    for at, line in zip(numbers, lines, strict=True):
        words = "".join(piece for piece, _ in line)
        for part in ("fit", "epoch", "batch"):
            if f'around("{part}"' in words:
                found[part] = at
        if 'hooks("before_step")' in words:
            found["step"] = at
    return found


def trace(cycle_len: int = 1, cycle_mult: int = 2, batches: int = 6) -> Any:
    """What the lab would say, by formula: two cycles."""
    ends = [cycle_len, cycle_len * (1 + cycle_mult)]
    calls: list[Call] = []

    def call(hook: str, epoch: int, batch: int, saved: int, *acts: Act, **done: float) -> None:
        cycle, line = 1 + (epoch > ends[0]), marked()[hook.partition("_")[2]]
        calls.append(Call(hook, line, epoch, batch, cycle, _rate(batch), saved, "cut", [*acts], **done))

    call("before_fit", 1, 0, 0, Act("CycleEnds", "nothing"))
    done = saved = 0
    for epoch in range(1, ends[-1] + 1):
        call("before_epoch", epoch, done, saved, Act("Carrying", "state"))
        for number in range(batches):
            call("before_batch", epoch, done, saved, Act("CosineAnnealing", "rate", _rate(done - 1), _rate(done)))
            call("before_step", epoch, done, saved, loss=4.0 - done / 10, gradient=0.5)
            done += 1
            over = number == batches - 1 and epoch in ends
            act = Act("CosineAnnealing", "cycle", done, 1 + (epoch > ends[0])) if over else (
                Act("CosineAnnealing", "count", batches * cycle_len, number + 1)
            )  # fmt: skip
            call("after_batch", epoch, done, saved, act, moved=0.25)
            call("cleanup_batch", epoch, done, saved)
        file = Act("CycleEnds", "file", saved, saved + 1, f"cycles/cycle-{saved + 1:03d}.safetensors")
        call("after_epoch", epoch, done, saved, file if epoch in ends else Act("CycleEnds", "nothing"), valid_loss=3.25)
        saved += epoch in ends
        call("cleanup_epoch", epoch, done, saved)
    call("after_fit", ends[-1], done, saved)
    call("cleanup_fit", ends[-1], done, saved)
    return msgspec.to_builtins(Trace(calls, LISTED, batches, ends))


def _rate(done: int) -> float:
    return 0.03 * 0.9 ** max(done, 0)


def made(lab: Any = None, **given: Any) -> CallbacksPane:
    return CallbacksPane(scene("callbacks", lab=lab or SilentLab({"trace": trace}), **given))


def test_it_measures_what_it_declares() -> None:
    pane = made()
    play(pane, "space")
    declared = PANES["callbacks"]
    assert set(pane.measured()) == set(declared.measures)
    assert set(pane.asked) == set(declared.knobs)


def test_space_goes_from_hook_to_hook() -> None:
    pane = made()
    assert "nothing has been called yet" in (text := play(pane))
    assert "Carrying        next: before_epoch" in text
    assert pane.measured() == {"calls": 0, "visited": 0, "saved": 0, "view": "loop"}
    text = play(pane := made(), "space", "space", "space")
    assert pane.measured()["hook"] == "before_batch"
    assert (pane.measured()["calls"], pane.measured()["visited"]) == (3, 3)
    assert "● CosineAnnealing rate 0.03 → 0.03" in text
    assert "> " in next(line for line in text.splitlines() if 'around("batch"' in line)


def test_the_lit_line_is_the_one_that_calls_the_hook() -> None:
    pane = made()
    lit = []

    async def walk(pilot: Any) -> None:
        for _ in range(6):
            await pilot.press("space")
            lit.append(next(line for line in pane.sheet.text.splitlines() if line.startswith(">")))

    play(pane, size=(90, 20), drive=walk)
    parts = ['around("fit"', 'around("epoch"', 'around("batch"', 'hooks("before_step")', 'around("batch"']
    assert all(part in line for part, line in zip(parts, lit, strict=False))


def test_the_loop_that_is_shown_is_the_engines_own() -> None:
    numbers, lines = loop_lines()
    file = sources.located("engine.learner:Learner")
    whole = file.text.split("\n")
    for number, line in zip(numbers, lines, strict=True):
        if not number:
            assert not line
            continue
        assert whole[number - file.line] == ("    " + "".join(words for words, _ in line)).rstrip()


def test_f_goes_to_the_cycles_end_and_then_to_the_last_hook() -> None:
    pane = made()
    text = play(pane, "f")
    measured = pane.measured()
    assert (measured["hook"], measured["epoch"], measured["saved"]) == ("after_epoch", 1, 1)
    assert "keeps cycles/cycle-001.safetensors" in text
    play(pane := made(), "f", "f")
    assert (pane.measured()["epoch"], pane.measured()["saved"], pane.measured()["cycle"]) == (3, 2, 2)
    play(pane := made(), "f", "f", "f")
    assert (pane.measured()["hook"], pane.measured()["visited"]) == ("cleanup_fit", len(HOOKS))
    play(pane := made(), "f", "f", "f", "f", "space")
    assert pane.over


def test_back_and_anew() -> None:
    pane = made()
    play(pane, "space", "space", "left")
    assert pane.measured()["calls"] == 1
    play(pane := made(), "f", "u")
    assert pane.measured()["hook"] == "cleanup_batch"
    play(pane := made(), "f", "z")
    assert pane.measured()["calls"] == 0
    assert pane.measured()["visited"] == 7


def test_it_plays_by_itself_and_pauses() -> None:
    pane = made()

    async def watch(pilot: Any) -> None:
        for _ in range(100):
            await asyncio.sleep(0.02)
            if pane.at > 2:
                break
        await pilot.press("a")
        assert not pane.playing

    play(pane, "a", drive=watch)
    assert pane.at > 2


def test_the_rate_is_what_the_callback_set() -> None:
    pane = made()
    play(pane, *["space"] * 7)
    assert pane.measured()["hook"] == "before_batch"
    assert pane.measured()["rate"] == pytest.approx(0.03 * 0.9)
    assert pane.measured()["batch"] == 1


def test_knobs_have_it_trained_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "SETTLE", 0.01)
    lab = SilentLab({"trace": trace})
    pane = made(lab=lab, knobs={"cycle_len": 2, "cycle_mult": 1, "batches": 3})

    async def turn(pilot: Any) -> None:
        assert pane.trace is not None
        pane.knobs["batches"] = 5
        pane.turned("batches", 5)
        assert pane.trace is None
        await pilot.press("space")
        assert pane.measured()["calls"] == 0
        for _ in range(100):
            await asyncio.sleep(0.01)
            if pane.trace is not None:
                break

    play(pane, "space", drive=turn)
    assert [arguments["batches"] for _, arguments in lab.asked] == [3, 5]
    assert pane.trace is not None
    assert pane.trace.batches == 5


def test_how_often_each_hook_was_called() -> None:
    text = play(made(), "f", "v")
    rows = {line.split()[0]: line.split()[1] for line in text.splitlines()[2:] if line.split()}
    assert rows["before_batch"] == "6"
    assert rows["before_fit"] == "1"
    assert rows["after_fit"] == "0"
    line = next(line for line in text.splitlines() if line.startswith("before_epoch"))
    assert line.count("●") == 1


def test_what_is_to_be_predicted_is_not_shown() -> None:
    text = play(made(hidden=frozenset({"rate"})), "space", "space", "space", size=(78, 40))
    assert "rate ? → ?" in text
    assert "0.03" not in text
    assert "learning rate" not in text
    assert "cycle ?/2" in play(made(hidden=frozenset({"cycle"})), "f")
    assert "cycle-001" not in play(made(hidden=frozenset({"saved"})), "f")
    assert "before_batch        ?" in play(made(hidden=frozenset({"calls"})), "f", "v", size=(78, 30))


def test_a_lab_in_trouble_is_asked_again() -> None:
    lab = SilentLab()
    pane = made(lab=lab)

    async def again(pilot: Any) -> None:
        assert "There is no lab here." in pane.sheet.text
        lab.answers = {"trace": trace}
        await pilot.press("space")
        await pilot.pause()
        assert pane.trace is not None
        await pilot.press("space")

    play(pane, drive=again)
    assert pane.measured()["calls"] == 1


@pytest.mark.parametrize("keys", [(), ("f",), ("f", "v"), ("space", "space", "space", "space")])
@pytest.mark.parametrize("depth", ["truecolor", "none"])
def test_it_is_drawn_at_every_size(keys: tuple[str, ...], depth: str) -> None:
    for size in SIZES:
        text = play(made(), *keys, size=size, depth=depth, unicode=depth != "none")
        assert all(len(line) <= size[0] for line in text.splitlines())
        if size[1] >= 6 and keys == ("f",):
            assert "after_epoch" in text


@pytest.mark.parametrize("size", [(40, 18), (20, 3), (1, 1)])
def test_any_key_at_any_size(size: tuple[int, int]) -> None:
    play(made(), *KEYS, *KEYS, size=size)
    play(made(lab=SilentLab()), *KEYS, size=size)


@pytest.mark.parametrize("kept", [{"at": "x", "view": 3, "seen": 4}, {"at": -9, "seen": ["junk", 2]}, {"at": 10**12}])
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept, knobs={"cycle_len": "many", "batches": -4, "cycle_mult": None})
    play(pane)
    assert -1 <= pane.at < len(pane.trace.calls if pane.trace else [])
    assert pane.asked == {"cycle_len": 1, "cycle_mult": 2, "batches": 2}


def test_it_goes_on_where_it_was() -> None:
    pane = made()
    play(pane, "f", "v")
    again = made(kept=pane.kept())
    play(again)
    assert again.measured() == pane.measured()


def test_the_command_trains_with_the_same_cycles() -> None:
    pane = made(knobs={"cycle_len": 2, "cycle_mult": 3})
    assert pane.command()[-4:] == ["--set", "cycle_len=2", "--set", "cycle_mult=3"]


@pytest.mark.parametrize("name", ["rate", "file", "calls"])
@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_it_looks_as_it_did(size: tuple[int, int], name: str) -> None:
    keys = {"rate": ["space"] * 7, "file": ["f", "f"], "calls": ["f", "v"]}[name]
    same_as_golden(f"panes/callbacks-{name}-{size[0]}x{size[1]}", play(made(), *keys, size=size))
