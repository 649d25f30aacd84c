"""The rate finder's pane: live by pieces, all suggestions on one curve, and the hashes side by side."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from fastai_tui.app import rate_finding
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.training.finder import FinderPane
from fastai_tui.app.tui.services import Scene, Services
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.suggestions import caution, suggest
from fastai_tui.engine.sweep import Piece, Sweep
from fastai_tui.lessons import schema
from fastai_tui.lessons.panes import PANES
from tests.tui.host import Host

pytestmark = pytest.mark.usefixtures("plots", "still")

SIZES = [(40, 18), (78, 18), (60, 34), (38, 6), (100, 54), (20, 3), (1, 1)]
HASHES = {name: f"{number}" * 64 for number, name in enumerate(("weights", "buffers", "the next batch"))}
LEFT = HASHES | {"weights": "f" * 64, "the next batch": "e" * 64}


class FindingLab:
    """Answers `find_rate` as the lab does, of a curve that is known, so many points at a time."""

    def __init__(self, points: int = 96, at_once: int = 40, trouble: str = "", hangs_at: int = 999) -> None:
        self.points, self.at_once, self.trouble, self.hangs_at = points, at_once, trouble, hangs_at
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def ask(self, request: str, /, *, topic: str = "", **arguments: Any) -> Any:
        self.asked.append((request, arguments))
        if request == "leave_rate":
            return None
        if arguments["after"] >= self.hangs_at:
            await asyncio.sleep(60)
        if self.trouble:
            raise RunFailed(self.trouble)
        return msgspec.to_builtins(self.piece(arguments["after"], arguments["sweep"]))

    def piece(self, after: int, sweep: Sweep) -> Piece:
        count = min(self.points, sweep.batches)
        last = min(after + self.at_once, count)
        rates = [sweep.rate(i) for i in range(last)]
        losses = [
            2.3 - 1.9 / (1 + math.exp(-(i / 100 - 0.7) * 30)) + math.exp((i / 100 - 0.9) * 40) for i in range(last)
        ]
        done = last == count
        told = Piece(first=after, lrs=rates[after:], losses=[*losses[after:]], smooth_losses=[*losses[after:]],
                     before=HASHES, device="cpu", data="mnist-sample", done=done)  # fmt: skip
        if not done:
            return told
        stopped = count < sweep.batches
        return msgspec.structs.replace(
            told, stopped_early=stopped, suggestions=suggest(rates, losses, sweep.batches),
            caution=caution(losses, stopped_early=stopped), after=HASHES, left=LEFT,
        )  # fmt: skip


def pane_with(lab: FindingLab, hidden: set[str] | None = None, kept: dict[str, Any] | None = None, **knobs: Any) -> Any:
    step = schema.Step(
        id="a-step",
        title="A step",
        pane="finder",
        prose="",
        run=schema.Run(experiment="mnist", data="mnist-sample", set={"norm": "none"}, epochs=3, seed=7),
        knobs=(schema.Knob(setting="bs"),),
    )
    return FinderPane(Scene("a", step, Services(lab, RunStore()), knobs, kept or {}, frozenset(hidden or ())))


def play(
    pane: Pane, drive: Callable[[Any, Host], Awaitable[None]], size: tuple[int, int] = (78, 18), **look: Any
) -> str:
    async def run() -> str:
        host = Host(pane, **look)
        async with host.run_test(size=size) as pilot:
            await pilot.pause()
            await drive(pilot, host)
            await pilot.pause()
            pane.redraw()
            return pane.sheet.text

    return asyncio.run(run())


async def found(pilot: Any, pane: Any) -> None:
    """Press space, and wait until the finder is done and its plot drawn."""
    await pilot.press("space")
    for _ in range(200):
        await pilot.pause(0.02)
        if pane.finding is not None and pane.finding.done and not pane.busy:
            break
    pane.plotter._kept.clear()  # its beat would have it wait
    pane.redraw()


def test_space_finds_and_all_four_are_marked_on_the_curve_and_told() -> None:
    pane = pane_with(FindingLab())

    async def drive(pilot: Any, host: Host) -> None:
        await found(pilot, pane)

    text = play(pane, drive)
    expected = {one.name: one.rate for one in suggest(pane.finding.rates, pane.finding.smooth, 100)}
    measured = pane.measured()
    assert {name: measured[name] for name in expected} == expected
    for name, mark in rate_finding.MARKS.items():
        assert f"{mark} {name:<9}"[:10] in text
    plot = "".join(line[4:] for line in text.splitlines()[3:-7])
    assert all(plot.count(mark) == 1 for mark in "1234")
    assert "1e-7" in text
    assert "It ended at" in text
    assert measured["done"] == measured["stopped"] == measured["same"] == 1
    assert (measured["points"], measured["runs"], measured["differ"]) == (96, 1, 0)
    assert measured["last_rate"] == pytest.approx(Sweep().rate(95))
    assert (measured["end"], measured["stop"]) == (Sweep().end, Sweep().stop)
    assert measured["best_loss"] == min(pane.finding.smooth)


def test_it_asks_piece_by_piece_with_the_job_and_the_knobs() -> None:
    lab = FindingLab(points=70, at_once=30)
    pane = pane_with(lab, end=100.0, start=1e-6, batches=70, stop=0, bs=64)

    async def drive(pilot: Any, host: Host) -> None:
        await found(pilot, pane)

    play(pane, drive)
    asked = [arguments for request, arguments in lab.asked if request == "find_rate"]
    assert [one["after"] for one in asked] == [0, 30, 60]
    assert {one["sweep"] for one in asked} == {Sweep(start=1e-6, end=100.0, batches=70, stop=0)}
    assert {(one["job"].settings["bs"], one["job"].settings["norm"], one["job"].seed) for one in asked} == {
        (64, "none", 7)
    }
    assert pane.command() == [
        "lr-find", "mnist", "--set", "norm=none", "--set", "bs=64", "--seed", "7", "--data", "mnist-sample",
        "--start", "1e-06", "--end", "100", "--batches", "70", "--stop", "0",
    ]  # fmt: skip


def test_the_curve_grows_while_it_is_found_and_space_stops_it_and_the_lab_lets_go() -> None:
    lab = FindingLab(at_once=20, hangs_at=60)
    pane = pane_with(lab)

    async def drive(pilot: Any, host: Host) -> None:
        await pilot.press("space")
        await pilot.pause(0.3)
        assert "batch 60 of 100" in pane.sheet.text
        assert "finding" in pane.sheet.text
        assert pane.busy
        await pilot.press("space")
        await pilot.pause(0.05)

    text = play(pane, drive)
    assert "stopped" in text
    assert "batch 60 of 100" in text
    assert lab.asked[-1][0] == "leave_rate"
    assert pane.measured()["done"] == 0
    assert not pane.busy


def test_leaving_the_pane_has_the_lab_let_go() -> None:
    lab = FindingLab(at_once=1, hangs_at=3)
    pane = pane_with(lab)

    async def run() -> None:
        host = Host(pane)
        async with host.run_test(size=(78, 18)) as pilot:
            await pilot.press("space")
            await pilot.pause(0.1)
            await pane.remove()
            await pilot.pause(0.05)

    asyncio.run(run())
    assert lab.asked[-1][0] == "leave_rate"


def test_brackets_go_from_suggestion_to_suggestion_in_the_order_of_their_rates() -> None:
    pane, seen = pane_with(FindingLab()), list[tuple[str, float]]()

    async def drive(pilot: Any, host: Host) -> None:
        await found(pilot, pane)
        await pilot.press("home")
        for _ in range(5):
            await pilot.press("right_square_bracket")
            seen.append((str(pane.measured()["marked"]), float(pane.measured()["rate"])))
        await pilot.press("left_square_bracket")
        seen.append((str(pane.measured()["marked"]), float(pane.measured()["rate"])))

    play(pane, drive)
    rates = sorted((one.rate, one.name) for one in pane.finding.suggestions)
    assert seen == [(name, rate) for rate, name in [*rates, rates[0], rates[-1]]]  # round and round


def test_from_the_curve_s_end_where_the_cursor_begins_both_brackets_lead_on() -> None:
    for key, which in (("right_square_bracket", 0), ("left_square_bracket", -1)):
        pane = pane_with(FindingLab())

        async def drive(pilot: Any, host: Host, pane: Any = pane, key: str = key) -> None:
            await found(pilot, pane)
            await pilot.press("end", key)

        play(pane, drive)
        assert pane.measured()["marked"] == sorted((one.rate, one.name) for one in pane.finding.suggestions)[which][1]


def test_the_curve_is_there_again_when_one_comes_back_until_it_is_forgotten() -> None:
    first = pane_with(FindingLab())

    async def leave(pilot: Any, host: Host) -> None:
        await found(pilot, first)

    async def forget(pilot: Any, host: Host) -> None:
        await pilot.press("z")

    play(first, leave)
    second = FinderPane(first.scene)
    assert (second.finding, second.asked) == (first.finding, first.asked)
    assert second.measured()["done"] == 1
    play(second, forget)
    assert FinderPane(first.scene).finding is None


def test_a_proof_that_may_not_be_seen_yet_has_not_been_read() -> None:
    pane = pane_with(FindingLab(), hidden={"same"})

    async def drive(pilot: Any, host: Host) -> None:
        await found(pilot, pane)
        assert not {"same", "differ"} & set(pane.measured())
        pane.reveal(frozenset())

    play(pane, drive)
    assert pane.measured()["same"] == 1


def test_arrows_tell_rate_and_loss_of_every_batch() -> None:
    pane = pane_with(FindingLab())

    async def drive(pilot: Any, host: Host) -> None:
        await found(pilot, pane)
        await pilot.press("home", "right", "right")

    text = play(pane, drive)
    assert pane.measured()["rate"] == pytest.approx(Sweep().rate(2))
    assert pane.measured()["loss"] == pane.finding.smooth[2]
    assert "batch 3: rate 1.45e-07" in text
    assert pane.measured()["marked"] == "none"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
def test_it_can_be_seen_at_every_size_and_depth(size: tuple[int, int], depth: str) -> None:
    pane = pane_with(FindingLab())

    async def drive(pilot: Any, host: Host) -> None:
        await found(pilot, pane)

    text = play(pane, drive, size, depth=depth)
    if size[1] >= 6:
        assert all(name in text for name in ("minimum", "steep", "valley", "slide"))
        assert ("1e-5" in text) == (size[1] >= 18)
        assert bool(pane.sheet.left_out) == (size[1] < 18)


def test_the_proof_shows_equal_hashes_and_with_m_what_would_differ() -> None:
    pane, seen = pane_with(FindingLab()), list[tuple[str, dict[str, Any]]]()

    async def drive(pilot: Any, host: Host) -> None:
        await pilot.press("v")
        pane.redraw()
        seen.append((pane.sheet.text, pane.measured()))
        await found(pilot, pane)
        seen.append((pane.sheet.text, pane.measured()))
        await pilot.press("m")
        seen.append((pane.sheet.text, pane.measured()))

    play(pane, drive)
    (empty, _), (equal, after), (moved, left) = seen
    assert "space lets the rate rise" in empty
    assert equal.count(" =") == 3
    assert equal.count("1" * 20) == 2
    assert "✗" not in equal
    assert (after["same"], after["restored"], after["differ"], after["view"]) == (1, 1, 0, "proof")
    assert moved.count("✗") == 2
    assert "f" * 20 in moved
    assert "as left" in moved
    assert (left["same"], left["restored"], left["differ"]) == (0, 0, 2)


@pytest.mark.parametrize("view", ["curve", "proof"])
@pytest.mark.parametrize("size", [(40, 18), (78, 18), (38, 6)])
def test_what_is_hidden_is_shown_nowhere(view: str, size: tuple[int, int]) -> None:
    secret = {"valley", "best_loss", "loss", "same", "last_rate", "rate"}
    pane = pane_with(FindingLab(), hidden=secret, kept={"view": view})

    async def drive(pilot: Any, host: Host) -> None:
        await found(pilot, pane)
        await pilot.press("home", "right_square_bracket")

    text = play(pane, drive, size) + pane.sentence()
    measured = pane.measured()
    assert rate_finding.rate(float(measured["valley"])) not in text
    assert rate_finding.number(float(measured["best_loss"])) not in text
    assert rate_finding.rate(float(measured["last_rate"])) not in text
    assert measured["marked"] != "valley"
    assert not {"equal", "=", "all 3"} & set(text.replace(":", " ").split())
    assert "?" in text


def test_trouble_is_said_and_space_tries_again() -> None:
    lab = FindingLab(trouble="The device is gone; try --device cpu.")
    pane = pane_with(lab)

    async def drive(pilot: Any, host: Host) -> None:
        await pilot.press("space")
        await pilot.pause(0.05)
        assert any("The device is gone" in getattr(message, "sentence", "") for message in host.told)
        assert "The device is gone" in pane.sheet.text
        lab.trouble = ""
        await found(pilot, pane)
        assert pane.measured()["done"] == 1

    play(pane, drive)


def test_knobs_that_make_no_sense_are_said_and_find_nothing() -> None:
    lab = FindingLab()
    pane = pane_with(lab, start=10.0, end=1.0)

    async def drive(pilot: Any, host: Host) -> None:
        await pilot.press("space")
        await pilot.pause()

    assert "cannot rise" in play(pane, drive)
    assert not lab.asked


def test_a_turned_knob_leaves_the_curve_and_says_that_it_is_an_older_one() -> None:
    pane = pane_with(FindingLab())

    async def drive(pilot: Any, host: Host) -> None:
        await found(pilot, pane)
        pane.knobs["end"] = 100.0
        pane.turned("end", 100.0)

    text = play(pane, drive)
    assert "The knobs have moved" in text
    assert pane.measured()["done"] == 1


def test_any_key_at_any_time_does_no_harm() -> None:
    keys = ["left", "right", "home", "end", "left_square_bracket", "right_square_bracket", "v", "m", "z", "u", "space"]
    pane = pane_with(FindingLab(points=30, at_once=10), kept={"view": ["nonsense"]})

    async def drive(pilot: Any, host: Host) -> None:
        for first in keys:
            for second in keys:
                await pilot.press(first, second)
                assert set(pane.measured()) <= set(PANES["finder"].measures)
                assert pane.sentence()

    play(pane, drive, (40, 18))


def test_a_finder_that_finds_nothing_says_why() -> None:
    pane = pane_with(FindingLab(points=8))

    async def drive(pilot: Any, host: Host) -> None:
        await found(pilot, pane)
        await pilot.press("right_square_bracket")

    text = play(pane, drive)
    assert "none" in text
    assert "more batches" in text
    assert "minimum" not in pane.measured()
