"""The pane of a run's activations, and the run screen's other side, with canned runs."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.screen import Screen

from fastai_tui.app.activations import Activations
from fastai_tui.app.snapshots import Watcher
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.networks import activations_curves, activations_reading
from fastai_tui.app.tui.panes.networks.activations import ActivationsPane
from fastai_tui.app.tui.screens.run import RunScreen
from fastai_tui.app.tui.services import Scene, Services
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import schema
from tests.tui.host import Host, SilentLab
from tests.tui.looks import look, same_as_golden
from tests.tui.screens import ScreenHost
from tests.unit.canned_runs import alive, make_run, snapshot
from tests.unit.inside_runs import go_on, record, recorded, stats_of

pytestmark = pytest.mark.usefixtures("plots", "still")

SIZES = [(40, 18), (78, 18), (60, 34), (38, 6), (110, 54)]
KEYS = [
    *"adefijklmMpuvyzADK1",
    *("full_stop", "comma", "left_square_bracket", "right_square_bracket"),
    *("up", "down", "left", "right", "home", "end", "space", "enter", "escape", "tab"),
]


def scene(hidden: set[str] | None = None, kept: dict[str, Any] | None = None, **show: Any) -> Scene:
    step = schema.Step(
        id="a-step",
        title="A step",
        pane="activations",
        prose="",
        show=show,
        run=schema.Run(experiment="mnist", data="mnist-sample", epochs=2),
    )
    return Scene("stability", step, Services(SilentLab(), RunStore()), {}, kept or {}, frozenset(hidden or ()))


def play(
    pane: ActivationsPane, drive: Callable[[Any, Host], Awaitable[None]], size: tuple[int, int] = (78, 18), **looks: Any
) -> str:
    async def run() -> str:
        host = Host(pane, **looks)
        async with host.run_test(size=size) as pilot:
            await pilot.pause()
            await drive(pilot, host)
            await settled(pane, pilot)
            return pane.sheet.text

    return asyncio.run(run())


async def settled(pane: Pane, pilot: Any) -> None:
    await asyncio.wait_for(pane.workers.wait_for_complete(), 20)
    await pilot.pause(0.7)
    await asyncio.wait_for(pane.workers.wait_for_complete(), 20)


def follow(pane: ActivationsPane, run: Run, *others: Run) -> None:
    """As the screen does it with every new snapshot."""
    pane.follow(run, Watcher(run).snapshot(), (*(other.id for other in others), run.id))


async def pressed(pilot: Any, *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


def shown(pane: ActivationsPane, run: Run, *keys: str, others: tuple[Run, ...] = ()) -> Callable[..., Awaitable[None]]:
    async def drive(pilot: Any, host: Host) -> None:
        follow(pane, run, *others)
        await settled(pane, pilot)
        for key in keys:
            await pressed(pilot, key)
            if key in "mM":
                await settled(pane, pilot)

    return drive


# Pictures


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("what", "keys"),
    {
        "colours": (),
        "stats": ("v",),
        "one": ("v", "v"),
        "pointing": ("left", "left", "left"),
        "beside": ("m",),
        "zoomed": ("home", "full_stop", "full_stop"),
    }.items(),
)
def test_an_ended_run_at_every_size(what: str, keys: tuple[str, ...], size: tuple[int, int]) -> None:
    pane = ActivationsPane(scene(layer=2))
    others = (recorded(118, norm="batch"),)
    text = play(pane, shown(pane, recorded(118), *keys, others=others), size, depth="none")
    same_as_golden(f"runs/activations-{what}-{size[0]}x{size[1]}", text)
    assert "conv2, layer 2 of 3" in text


@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
def test_in_every_depth_of_colours(depth: str) -> None:
    pane, run = ActivationsPane(scene(layer=3)), recorded(60, total=120)

    async def drive(pilot: Any, host: Host) -> None:
        with alive(run):
            await shown(pane, run)(pilot, host)

    text = play(pane, drive, (40, 18), depth=depth)
    assert "running 60/120" in text
    done, ahead = pane.sheet.rows[9][5:22], pane.sheet.rows[9][23:]
    assert len({look for _, look in done if look != "plain"}) >= {"none": 0, "16": 2}.get(depth, 3)
    shades = {character for row in pane.sheet.rows[1:11] for character, _ in row[5:22]}
    assert len(shades) >= (4 if depth == "none" else 1)
    assert set(ahead) == {(" ", "plain")}  # nothing is there yet


def test_before_a_run_and_while_it_begins() -> None:
    pane = ActivationsPane(scene())
    said: list[str] = []

    async def drive(pilot: Any, host: Host) -> None:
        said.append(pane.sheet.text)
        await pressed(pilot, "space")
        said.append(pane.sheet.text)
        pane.follow(Run(RunStore().place / "0002-mnist"), replace(snapshot(1), step=0, phase="queued"), ("0002-mnist",))
        said.append(pane.sheet.text)

    play(pane, drive)
    assert "space trains it" in said[0]
    assert "a process of its own" in said[1]
    assert "PyTorch starts" in said[2]
    assert "batch" not in pane.measured()


def test_a_run_that_recorded_nothing_is_told_so() -> None:
    pane = ActivationsPane(scene())
    assert "0001-mnist has not recorded its activations" in play(pane, shown(pane, make_run(20, end="finished")))


def test_a_run_that_is_gone_is_told_so() -> None:
    import shutil

    pane, run = ActivationsPane(scene()), recorded(20)

    async def drive(pilot: Any, host: Host) -> None:
        shot = Watcher(run).snapshot()
        shutil.rmtree(run.path)
        pane.follow(run, shot, (run.id,))
        await settled(pane, pilot)

    assert "0001-mnist" in play(pane, drive)
    assert pane.sentence()


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (12, 4), (26, 9), (64, 18), (41, 27), (200, 12)])
@pytest.mark.parametrize("keys", [(), ("v",), ("v", "v"), ("m", "left")])
def test_any_size_will_do(size: tuple[int, int], keys: tuple[str, ...]) -> None:
    pane = ActivationsPane(scene())
    play(pane, shown(pane, recorded(40), *keys, others=(recorded(90),)), size)


def test_any_keys_will_do() -> None:
    pane, chance = ActivationsPane(scene()), random.Random(0)

    async def drive(pilot: Any, host: Host) -> None:
        await shown(pane, recorded(50), others=(recorded(30), make_run(20)))(pilot, host)
        for _ in range(120):
            await pilot.press(chance.choice(KEYS))
        await pilot.pause()
        assert pane.measured()["layer"] in (1, 2, 3)

    play(pane, drive)


@pytest.mark.parametrize("kept", [{"layer": "x", "view": 3, "visited": 7}, {"layer": -4, "view": "no", "visited": [1]}])
def test_a_damaged_progress_file_does_no_harm(kept: dict[str, Any]) -> None:
    pane = ActivationsPane(scene(kept=kept))
    assert "conv1" in play(pane, shown(pane, recorded(20)))


# What is told


def test_pointing_tells_batch_loss_and_statistics() -> None:
    pane, run = ActivationsPane(scene(layer=2)), recorded(30)

    async def drive(pilot: Any, host: Host) -> None:
        await shown(pane, run, "home", "right", "right")(pilot, host)

    text = play(pane, drive)
    found = pane.measured()
    assert found["batch"] == 3  # 30 batches in 73 cells: each has its own
    mean, std, near_zero = stats_of(3, 1)[0, 1, :3]
    assert [found["mean"], found["std"], found["near_zero"]] == pytest.approx([mean, std, near_zero], rel=1e-6)
    loss = float(run.steps().read(2, 3)["loss"][0])
    assert f"batch 3 of 30  loss {loss:.2f}" in text
    assert found["pointed"] == 3
    assert f"near zero {near_zero:.3f}".replace("0.", ".") in text


def test_what_is_to_be_predicted_is_not_shown() -> None:
    for keys in ((), ("v",), ("m",)):
        pane = ActivationsPane(scene(hidden={"near_zero", "loss"}))
        text = play(pane, shown(pane, recorded(30), *keys, others=(recorded(30),)))
        assert "near zero ?" in text
        assert "loss ?" in text
        assert "near-zero share" not in pane.sentence()


def test_layers_are_walked_and_remembered() -> None:
    pane = ActivationsPane(scene())

    async def drive(pilot: Any, host: Host) -> None:
        await shown(pane, recorded(30), "right_square_bracket", "right_square_bracket")(pilot, host)
        assert not pane.check_action("layer", (1,))
        await pressed(pilot, "left_square_bracket")

    assert "conv2, layer 2 of 3" in play(pane, drive)
    assert pane.measured()["visited"] == 3
    assert pane.kept() == {"layer": 2, "view": "colours", "visited": ["conv1", "conv2", "conv3"]}


def test_zooming_waits_until_the_run_stands_still() -> None:
    pane, run = ActivationsPane(scene()), recorded(500, total=900)

    async def drive(pilot: Any, host: Host) -> None:
        with alive(run):
            await shown(pane, run, "full_stop")(pilot, host)
            assert pane.measured()["zoomed"] == 1
        with alive(run, "paused"):
            follow(pane, run)
            await pressed(pilot, "home", "full_stop", "full_stop")
            assert pane.measured()["zoomed"] == 4
            assert "batch 1 " in pane.sheet.text
            await pressed(pilot, *["right"] * 90)
            assert pane.measured()["batch"] > 225  # it has scrolled
        with alive(run):
            follow(pane, run)  # it goes on: the whole run again
            await pilot.pause()
            assert pane.measured()["zoomed"] == 1

    play(pane, drive)


def test_zooming_in_on_the_curves_shows_every_batch_at_its_cell() -> None:
    """The third batch of 118 is told and marked where its value is drawn, in the curves as in the colours."""
    pane = ActivationsPane(scene(layer=2, view="stats"))
    keys = ("home", "full_stop", "full_stop", "full_stop", "right", "right")
    text = play(pane, shown(pane, recorded(118), *keys), (40, 18))
    assert pane.measured()["zoomed"] == 8
    assert pane.measured()["batch"] == 3
    assert "batch 3 of 118" in text
    lines = text.splitlines()
    axes = [line for line in lines if line.strip().startswith("batch 1 ")]
    assert [axis.split() for axis in axes] == [["batch", "1", "7", "15"]]  # one axis for the three of them
    assert axes[0].rindex("15") + 2 == len(lines[0])
    assert len({line.index("│") for line in lines if "│" in line}) == 1


def test_what_is_nowhere_near_zero_is_drawn_at_the_bottom_of_the_axis_from_nought_to_one() -> None:
    stats = stats_of(1, 40)
    stats[:, 1, 2] = 0.37
    pane = ActivationsPane(scene(layer=2, view="stats"))
    lines = play(pane, shown(pane, record(stats, ["conv1", "conv2", "conv3"])), (40, 18)).splitlines()
    at = next(i for i, line in enumerate(lines) if "near zero of conv2" in line)
    assert [lines[at + i][:5].strip() for i in (1, 4)] == ["1", "0"]
    drawn = [i for i in range(1, 5) if lines[at + i][5:].strip()]
    assert drawn == [3]  # of four rows the third holds .25 to .5


@pytest.mark.parametrize(("value", "words"), [(0.5, "0.5"), (-12, "-12"), (300_000, "3e5"), (-2e9, "-2e9"), (1, "1")])
def test_the_numbers_beside_the_curves_have_four_characters(value: float, words: str) -> None:
    assert activations_curves.label(value) == words


def test_m_takes_the_run_that_differs_least_and_none_that_did_nothing() -> None:
    """Not the newest: that is another seed of the same, and one that was stopped before its first batch."""
    run, far = recorded(30), recorded(30, norm="batch", lr=0.3)
    near, same = recorded(30, norm="batch"), recorded(30)
    empty = record(stats_of(1, 0), ["conv1", "conv2", "conv3"], total=30, end="stopped")
    pane = ActivationsPane(scene())
    asyncio.run(_take_each(pane, run, (far, near, same, empty), [near.id, far.id, same.id, near.id]))


async def _take_each(pane: ActivationsPane, run: Run, others: tuple[Run, ...], wanted: list[str]) -> None:
    host = Host(pane)
    async with host.run_test(size=(78, 18)) as pilot:
        await shown(pane, run, others=others)(pilot, host)
        for key, name in zip("mMMM", wanted, strict=True):
            await pressed(pilot, key)
            await settled(pane, pilot)
            assert pane.other is not None
            assert pane.other.run == name


def test_a_run_that_was_stopped_before_its_first_batch_says_what_helps() -> None:
    pane = ActivationsPane(scene())
    run = record(stats_of(1, 0), ["conv1", "conv2", "conv3"], total=30, end="stopped")
    assert "space trains anew." in play(pane, shown(pane, run), (40, 18))
    assert not pane.check_action("zoom", (1,))


def test_f_follows_the_newest_batch_again() -> None:
    pane = ActivationsPane(scene())

    async def drive(pilot: Any, host: Host) -> None:
        await shown(pane, recorded(60), "home", "full_stop")(pilot, host)
        assert pane.check_action("newest", ())
        await pressed(pilot, "f")

    play(pane, drive)
    assert pane.measured()["batch"] > 56
    assert pane.measured()["zoomed"] == 1


def test_a_second_run_has_the_same_scales_and_what_differs_is_named() -> None:
    first, plain, second = recorded(60, norm="none"), make_run(40, end="finished"), recorded(118, norm="batch")
    pane = ActivationsPane(scene())
    texts: list[str] = []

    async def drive(pilot: Any, host: Host) -> None:
        await shown(pane, second, "m", others=(first, plain))(pilot, host)
        texts.append(pane.sheet.text)
        seen = pane.shown()
        assert seen is not None
        assert seen.total == 118  # the longer run's, for both
        assert seen.window(30).count == seen.window(30, seen.beside).count
        await pressed(pilot, "m")

    text = play(pane, drive)
    assert "0003 norm=batch" in texts[0]
    assert "0001 norm=none" in texts[0]
    assert "norm=none" not in text


def test_a_run_beside_with_other_layers_is_met_by_name() -> None:
    names = ["first", "relu", "conv1", "norm", "conv3"]
    other = record(stats_of(1, 30, len(names)), names)
    pane = ActivationsPane(scene())
    texts: list[str] = []

    async def drive(pilot: Any, host: Host) -> None:
        await shown(pane, recorded(30), "m", others=(other,))(pilot, host)
        texts.append(pane.sheet.text)
        await pressed(pilot, "right_square_bracket")
        await settled(pane, pilot)
        texts.append(pane.sheet.text)
        await pressed(pilot, "v")

    play(pane, drive)
    assert "has no layer" not in texts[0]
    assert "has no layer conv2" in texts[1]


def test_without_another_run_that_is_said() -> None:
    pane = ActivationsPane(scene())
    told: list[str] = []

    async def drive(pilot: Any, host: Host) -> None:
        await shown(pane, recorded(20), "m", others=(make_run(20, end="finished"),))(pilot, host)
        await settled(pane, pilot)
        told.extend(message.sentence for message in host.told if isinstance(message, Pane.Said))

    play(pane, drive)
    assert told == ["No other run has recorded its activations yet: train one, and m shows it."]
    assert len(told[0]) <= 78  # the line that asks, at 80 columns
    assert pane.measured()["beside"] == 0


def test_the_sentence_tells_how_it_rises_and_falls() -> None:
    pane = ActivationsPane(scene(layer=3))
    play(pane, shown(pane, recorded(60)))
    said = pane.sentence()
    assert "conv3, layer 3 of 3 of 0001-mnist: at batch" in said
    assert "The near-zero share begins at" in said
    assert "rises to" in said
    assert "falls to" in said
    assert list(pane.command()) == ["show", "0001-mnist"]


# What it costs


def test_nothing_is_read_while_nothing_is_new_or_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activations_reading, "HEAT_BEAT", 0.05)
    reads: list[int] = []
    plain = Activations.follow

    def counting(self: Activations) -> bool:
        reads.append(self.count)
        return plain(self)

    monkeypatch.setattr(Activations, "follow", counting)
    pane, run = ActivationsPane(scene()), recorded(40, total=400)

    async def drive(pilot: Any, host: Host) -> None:
        with alive(run):
            follow(pane, run)
            await settled(pane, pilot)
            so_far = len(reads)
            for _ in range(5):  # nothing new
                follow(pane, run)
                await pilot.pause(0.06)
            assert len(reads) == so_far
            pane.display = False
            go_on(run, 41, 10)
            for _ in range(5):  # nobody sees it
                follow(pane, run)
                await pilot.pause(0.06)
            assert len(reads) == so_far
            assert pane._timer is None
            host.push_screen(Screen())
            pane.display = True
            await pilot.pause(0.2)
            follow(pane, run)
            await pilot.pause(0.2)
            assert len(reads) == so_far  # it lies under another screen
            host.pop_screen()
            await settled(pane, pilot)
            assert len(reads) == so_far + 1  # and is brought up to date when it is back, without being told
            assert pane.feed is not None
            assert pane.feed.count == 50

    play(pane, drive, size=(110, 18))


def test_a_live_run_is_read_at_most_twice_a_second_and_few_cells_change() -> None:
    pane, run = ActivationsPane(scene()), recorded(40, total=400)
    changed: list[int] = []

    async def drive(pilot: Any, host: Host) -> None:
        with alive(run):
            follow(pane, run)
            await settled(pane, pilot)
            feed = pane.feed
            assert feed is not None
            reads, before = feed.reads, pane.sheet
            for i in range(10):
                go_on(run, 41 + i, 1)
                follow(pane, run)
                await pilot.pause(0.1)
            assert feed.reads - reads <= 4
            await settled(pane, pilot)
            changed.append(
                sum(a != b for now, then in zip(pane.sheet.rows, before.rows, strict=True)
                    for a, b in zip(now, then, strict=True))
            )  # fmt: skip

    play(pane, drive)
    assert 0 < changed[0] < 200  # of 1,404: two columns, the bars' ends, the numbers


# The run's own screen


def test_the_run_screen_shows_the_activations_of_a_run_that_recorded_them() -> None:
    run, other = recorded(118), make_run(60, end="finished")
    texts: list[str] = []

    async def go() -> None:
        for each in (run, other):
            host = ScreenHost(lambda each=each: RunScreen(each))
            async with host.run_test(size=(80, 24)) as pilot:
                await pilot.pause(0.5)
                await pilot.press("a")
                await pilot.pause(1.0)
                texts.append(look(host).text)
                await pilot.press("v", "right_square_bracket", "home")
                await pilot.pause(0.3)
                await pilot.press("a")
                await pilot.pause(0.5)
                texts.append(look(host).text)

    asyncio.run(go())
    assert "conv1" in texts[0]
    assert "the run" in texts[0]
    assert "conv1" not in texts[1]
    assert "activations" in texts[1]
    assert "conv1" not in texts[2]
