"""The pane of residual blocks: what it asks of the lab, what it shows of the answers, and what it keeps back."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from fastai_tui.app.tui.panes.networks.residuals import ResidualsPane
from fastai_tui.app.tui.panes.networks.residuals_shown import signed
from fastai_tui.lessons.panes import PANES
from fastai_tui.lessons.schema import Run as Order
from tests.tui import host
from tests.tui.host import Host, scene, settled
from tests.tui.looks import same_as_golden
from tests.tui.signal_labs import BlockLab

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (7, 2), (1, 1)]
ORDER = Order(experiment="cifar10", set={"preset": "quick", "model": "skips"}, data="colour-digits")


def run(id: str = "0007-skips") -> Any:
    return SimpleNamespace(id=id)


def shot(step: int = 500, *, live: bool = False, run: str = "0007-skips") -> Any:
    phase = "running" if live else "finished"
    return SimpleNamespace(run=run, step=step, live=live, ended=not live, phase=phase, experiment="cifar10")


def play(pane: ResidualsPane, *keys: str, fresh: bool = False, size: tuple[int, int] = (40, 18), **given: Any) -> str:
    def shown(pane: ResidualsPane) -> None:
        pane.follow(run(), shot(), ("0007-skips",))

    return host.play(pane, *keys, first=None if fresh else shown, size=size, **given)


def made(lab: Any = None, order: Order = ORDER, **given: Any) -> ResidualsPane:
    return ResidualsPane(scene("residuals", lab=lab or BlockLab(), run=order, **given))


def asked(lab: BlockLab) -> list[tuple[list[int], int, str]]:
    return [(args["off"], args["image"], args.get("run", "")) for _, args in lab.asked]


def test_every_measure_that_is_declared_is_measured_and_no_other() -> None:
    play(pane := made(), "a", "space", "d")
    assert set(pane.measured()) == set(PANES["residuals"].measures)


def test_the_run_s_blocks_are_seen_with_what_they_add() -> None:
    lab = BlockLab()
    text = play(pane := made(lab), "down")
    measured = pane.measured()
    assert (measured["source"], measured["model"], measured["blocks"], measured["block"]) == ("run", "skips", 4, 2)
    assert (measured["passing"], measured["added"], measured["ratio"]) == (20, 3, pytest.approx(0.15))
    assert (measured["smallest"], measured["largest"], measured["accuracy"]) == (4, 1, 0.9)
    assert asked(lab)[-1] == ([], 0, "0007-skips")
    for words in ("0007-skips, skips, 1,000 images", "block 2 of 4, 40×16×16: adds 15%", "all blocks 90.0%"):
        assert words in text
    assert "least: block 4, 2%; most: block 1, 40%" in text
    assert pane.command() == ("show", "0007-skips")


def test_a_block_is_switched_off_and_on_again() -> None:
    lab = BlockLab()
    text = play(pane := made(lab), "down", "space")
    measured = pane.measured()
    assert (measured["off"], measured["tried"], measured["alone"]) == (1, 1, 1)
    assert measured["accuracy_off"] == 0.6
    assert measured["lost"] == pytest.approx(0.3)
    assert (measured["added"], measured["ratio"], measured["smallest"]) == (0, 0, 4)
    assert "accuracy 90.0%, without 2: 60.0%" in text
    assert "2 off" in text
    text = play(pane := made(), "down", "space", "down", "space", "z")
    assert pane.measured()["off"] == 0
    assert pane.measured()["tried"] == 2
    assert "accuracy with all blocks 90.0%" in text
    play(pane := made(), "space", "space")
    assert pane.measured()["off"] == 0
    text = play(pane := made(), *["space", "down"] * 4)
    assert "no block adds anything" in text
    assert "smallest" not in pane.measured()


def test_each_block_alone_is_measured_one_after_the_other() -> None:
    lab = BlockLab()
    text = play(pane := made(lab), "a")
    measured = pane.measured()
    assert (measured["alone"], measured["worst"]) == (4, 2)
    assert measured["worst_lost"] == pytest.approx(0.3)
    assert [off for off, image, _ in asked(lab)][-4:] == [[0], [1], [2], [3]]
    for words in ("60.0%  −30.0", "92.0%   +2.0", "block 2 costs the most: −30.0"):
        assert words in text
    count = len(lab.asked)
    play(again := made(lab, kept=pane.kept()))
    assert again.measured()["worst"] == 2
    assert len(lab.asked) > count


def test_one_image_has_blocks_of_its_own() -> None:
    text = play(pane := made(), "d", "d", size=(60, 34))
    measured = pane.measured()
    assert (measured["image"], measured["images"]) == (2, 2)
    assert (measured["truth"], measured["prediction"]) == ("frog", "dog")
    assert (measured["added"], measured["ratio"]) == (16, 1.6)
    assert "class frog: taken for dog (75%)" in text
    assert "image 2 of 1,000" in text
    text = play(pane := made(), "d", "D", "D")
    assert pane.measured()["image"] == 1
    assert "class dog: answered rightly" in text
    play(pane := made(), "d", "e")
    assert pane.measured()["image"] == 0
    assert "truth" not in pane.measured()
    play(pane := made(show={"image": 99999}))
    assert pane.measured()["image"] == 1000


def test_without_a_run_the_network_is_fresh_and_says_so() -> None:
    lab = BlockLab()
    text = play(pane := made(lab), fresh=True)
    assert pane.measured()["source"] == "fresh"
    assert "a fresh network, preact" in text
    assert lab.asked[0][1]["job"]["settings"]["model"] == "skips"
    lab = BlockLab()
    play(pane := made(lab), "space", "f")
    assert pane.measured()["source"] == "fresh"
    assert asked(lab)[-1][2] == ""
    assert pane.command() == ()
    play(pane := made(lab), "f", "f")
    assert pane.measured()["source"] == "run"


def test_what_a_run_is_now_is_asked_again_when_it_ends_but_not_all_the_time() -> None:
    lab = BlockLab()
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        for step in (10, 20, 30):
            pane._next = 0.0
            pane.follow(run("0008-skips"), shot(step, live=True, run="0008-skips"), ("0007-skips", "0008-skips"))
            await settled(pilot)
        before = len([each for each in asked(lab) if each[2] == "0008-skips"])
        assert before == 1
        pane.follow(run("0008-skips"), shot(40, run="0008-skips"), ("0007-skips", "0008-skips"))
        await settled(pilot)
        assert len([each for each in asked(lab) if each[2] == "0008-skips"]) == 2

    play(pane, drive=drive)


def test_keys_that_come_before_the_lab_s_first_answer_take_effect_when_it_comes() -> None:
    gate = asyncio.Event()

    class SlowLab(BlockLab):
        async def ask(self, request: str, /, *, topic: str = "", **arguments: Any) -> Any:
            await gate.wait()
            return await super().ask(request, topic=topic, **arguments)

    pane = made(SlowLab())

    async def go() -> None:
        async with Host(pane).run_test(size=(40, 18)) as pilot:
            pane.follow(run(), shot(), ())
            await pilot.pause()
            assert "The lab sends images" in pane.sheet.text
            for key in ("down", "space", "v", "end", "space"):
                await pilot.press(key)
            gate.set()
            await settled(pilot)

    asyncio.run(go())
    assert pane.off == {1}  # there is no last block before it is known how many there are
    assert pane.measured()["lost"] == pytest.approx(0.3)
    assert (pane.measured()["block"], pane.measured()["view"]) == (4, "alone")


@pytest.mark.parametrize(
    ("name", "keys", "shown"),
    [
        ("ratio", (), ("40%", "4.00", "most: block 1")),
        ("added", (), ("40%", "4.00")),
        ("largest", (), ("40%", "most: block 1")),
        ("passing", (), ("10.0",)),
        ("accuracy", ("a",), ("90.0%", "60.0%", "−30.0")),
        ("accuracy_off", ("down", "space"), ("60.0%",)),
        ("lost", ("a", "down", "space"), ("60.0%", "−30.0")),
        ("worst", ("a",), ("60.0%", "−30.0", "block 2 costs")),
    ],
)
def test_what_is_to_be_predicted_is_not_shown(name: str, keys: tuple[str, ...], shown: tuple[str, ...]) -> None:
    for size in ((40, 18), (78, 18), (60, 34), (38, 6)):
        text = play(pane := made(hidden=frozenset({name})), *keys, size=size) + pane.sentence()
        for words in shown:
            assert words not in text
        assert "?" in text


def test_a_network_that_has_no_blocks_is_said_and_another_source_is_asked() -> None:
    lab = BlockLab("model=norm has no residual blocks; take model=skips, wide, resnet or preact.")
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        assert "no residual blocks" in pane.sheet.text
        assert pane.sentence().startswith("model=norm has no")
        lab.trouble = ""
        await pilot.press("f")

    play(pane, "down", "a", "d", drive=drive)
    assert pane.measured()["blocks"] == 4
    play(made(order=Order(experiment="cifar10", set={"model": "none"})), fresh=True)


def test_opened_again_it_is_as_it_was() -> None:
    play(pane := made(), "down", "space", "d", "v")
    play(again := made(kept=pane.kept()))
    assert again.measured() == pane.measured()


@pytest.mark.parametrize(
    "kept",
    [
        {"at": "x", "image": -3, "view": 7, "source": 1, "each": "y", "off": 3, "visited": "v", "tried": 1},
        {"at": 10**9, "image": 10**9, "off": [99, -1, "x", 2], "visited": [1, 77], "images": [None], "tried": [4]},
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept)
    play(pane, "v", "up")
    assert 0 <= pane.at < 4
    assert pane.off <= {0, 1, 2, 3}
    assert 0 <= pane.image <= 1000


def test_a_change_of_accuracy_is_said_in_points() -> None:
    assert [signed(x) for x in (0.3, -0.02, 0.0, 0.0004, None)] == ["−30.0", "+2.0", "±0", "±0", ""]


@pytest.mark.parametrize("keys", [(), ("a", "end", "space"), ("d", "v")])
@pytest.mark.parametrize("depth", ["truecolor", "none"])
def test_it_is_drawn_at_every_size(keys: tuple[str, ...], depth: str) -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, *keys, drive=drive, depth=depth, unicode=depth != "none")


@pytest.mark.parametrize("keys", [("a", "down"), ("space", "d")])
@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_it_looks_as_it_did(keys: tuple[str, ...], size: tuple[int, int]) -> None:
    text = play(made(), *keys, size=size)
    same_as_golden(f"panes/residuals-{'image' if 'd' in keys else 'alone'}-{size[0]}x{size[1]}", text)
