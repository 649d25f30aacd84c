"""The panes that look inside a trained network, played by keys, with the lab's own functions behind them."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from textual.pilot import Pilot

from fastai_tui.app.snapshots import Watcher
from fastai_tui.app.tui.panes.common import inside
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.common.inside import ranked
from fastai_tui.app.tui.panes.networks.learned import LearnedPane
from fastai_tui.app.tui.panes.networks.mistakes import MistakesPane
from fastai_tui.engine.errors import DataMissing
from fastai_tui.engine.interpret import learned, maps, mistakes
from fastai_tui.engine.runs import checkpoints, process
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import drawing
from fastai_tui.lessons.panes import PANES
from tests.runs import new_run
from tests.tui.canvas_text import sights
from tests.tui.host import Host, SilentLab, scene

ANSWERS: dict[str, Any] = {"learned": learned.answer, "maps": maps.answer, "mistakes": mistakes.answer}
KEYS = ["up", "down", "left", "right", "home", "end", "v", "d", "D", "i", "0", "3", "7", "space", "z", "u", "k", "e"]
SIZES = [(40, 18), (78, 18), (80, 34), (120, 54), (38, 6), (20, 3), (5, 1)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with finished runs: 1 the CNN, 2 the linear network, 3 the broken one, 4 ten digits."""
    place = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTAI_TUI_HOME", str(place))
        for model in ("cnn", "linear", "broken"):
            process.main(new_run("mnist-3v7", model=model).path)
        process.main(new_run("mnist", bs="1000").path)
    return place


@pytest.fixture(autouse=True)
def at_home(trained: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(trained))


def each_in_turn(runs: str, sizes: list[tuple[int, int]]) -> list[Any]:
    """Every size and depth with one of the runs; `make acceptance` has all of them."""
    return [
        pytest.param(run, sight, marks=[] if number % len(runs) == runs.index(run) else pytest.mark.acceptance)
        for number, sight in enumerate(sights(sizes))
        for run in runs
    ]


def play(
    make: Callable[..., Pane],
    kind: str,
    run: str,
    scenario: Callable[[Any, Pilot[None]], Any],
    size: tuple[int, int] = (40, 18),
    answers: dict[str, Any] | None = None,
    depth: str = "truecolor",
    **about: Any,
) -> Host:
    """A pane of that kind that follows the run (none for ""), while the scenario presses keys."""
    lab = SilentLab(ANSWERS if answers is None else answers)

    async def whole() -> Host:
        pane = make(scene(kind, lab=lab, **about))
        app = Host(pane, depth=depth)
        async with app.run_test(size=size) as pilot:
            if run:
                follow(pane, run)
            await settled(pilot)
            await scenario(pane, pilot)
        return app

    return asyncio.run(whole())


def follow(pane: Pane, run: str) -> None:
    found = RunStore().find(run)
    pane.follow(found, Watcher(found).snapshot(), (found.id,))


async def settled(pilot: Pilot[None]) -> None:
    """Wait for the lab's answers and what they lead to."""
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


def weights(run: str, name: str, *, first: bool = False) -> torch.Tensor:
    folder = RunStore().find(run).path / "checkpoints"
    found = (checkpoints.first if first else checkpoints.newest)(folder)
    assert found is not None
    tensor: torch.Tensor = found[0]["model"][name]
    return tensor


# What a network has learned


def test_without_a_run_it_says_where_one_is_trained() -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        await press(pilot, "right", "right_square_bracket", "v", "d", "home", "end", "i", "7")
        assert "press b until you are at the step that trains one" in " ".join(pane.sheet.text.split())
        assert pane.sentence().startswith("No network has been trained yet")
        assert pane.command() == ()
        assert "prediction" not in pane.measured()

    play(LearnedPane, "learned", "", scenario)


def test_kernels_and_maps_are_the_run_s_own() -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        now = pane.now()
        assert now is not None
        assert torch.equal(torch.tensor(now.kernels), weights("1", "conv1.weight")[0])
        assert (now.name, now.shape, len(now.maps), len(now.map)) == ("conv1", (4, 1, 3, 3), 4, 14)
        assert pane.sheet.text.startswith("conv1, after 12 batches: 4 kernels 3×3")
        assert "map 14×14" in pane.sheet.text
        assert pane.sheet.left_out == []
        assert pane.command() == ("show", "0001-mnist-3v7")
        assert "layer conv1, channel 1 of 4" in pane.sentence()

    play(LearnedPane, "learned", "1", scenario)


def test_arrows_choose_channels_and_brackets_layers() -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        await press(pilot, "right", "right", "left")
        assert (pane.measured()["channel"], pane.measured()["seen"]) == (2, 3)
        await press(pilot, "end", "right", "down")
        assert pane.measured()["channel"] == 4
        await press(pilot, "home", "left", "up")
        assert pane.measured()["channel"] == 1
        for layer, (channels, side) in enumerate([(8, 7), (16, 4), (32, 2), (2, 1), (2, 1)], start=2):
            await press(pilot, "right_square_bracket")
            now = pane.now()
            assert now is not None
            assert pane.measured()["layer"] == min(layer, 5) == now.layer
            assert (len(now.maps), len(now.map)) == (channels, side)
            assert f"conv{min(layer, 5)}" in pane.sheet.text
        await press(pilot, "left_square_bracket", "down")
        assert pane.measured()["layer"] == 4
        assert pane.measured()["channel"] == 1 + pane.columns

    play(LearnedPane, "learned", "1", scenario)


def test_before_training_the_kernels_were_random_ones() -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        after = pane.now()
        await press(pilot, "v")
        before = pane.now()
        assert after is not None
        assert before is not None
        assert torch.equal(torch.tensor(before.kernels), weights("1", "conv1.weight", first=True)[0])
        assert (before.step, pane.measured()["view"]) == (0, "first")
        assert before.kernels != after.kernels
        assert "before training" in pane.sheet.text
        await press(pilot, "v")
        assert pane.now() == after

    play(LearnedPane, "learned", "1", scenario)


def test_the_kernel_stands_there_as_it_was_and_as_it_is() -> None:
    def kernel(pane: LearnedPane, row: int) -> list[list[Any]]:
        """The colours of three rows of squares between digit and map."""
        return [[pane.sheet.rows[row + i][15 + 2 * j][1] for j in range(3)] for i in range(3)]

    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        top = next(i for i, line in enumerate(pane.sheet.text.splitlines()) if "kernel 1" in line) + 1
        both = kernel(pane, top), kernel(pane, top + 4)
        assert both[0] != both[1]
        words = [line.split()[-1] for line in (pane.sheet.text.splitlines()[row][15:25] for row in (top, top + 4))]
        assert words == ["was", "is"]
        await press(pilot, "v")
        assert (kernel(pane, top), kernel(pane, top + 4)) == both  # v changes the maps, not what was and is

    play(LearnedPane, "learned", "1", scenario)


def test_what_became_of_the_kernels_is_hidden_until_it_was_predicted() -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        await press(pilot, "v", "right")
        now = pane.now()
        assert now is not None
        assert now.step == 0
        assert "before training" in pane.sheet.text
        assert not any(" is" in line for line in pane.sheet.text.splitlines())
        pane.reveal(frozenset())
        await settled(pilot)
        now = pane.now()
        assert now is not None
        assert (now.step, pane.measured()["view"]) == (12, "newest")

    play(LearnedPane, "learned", "1", scenario, hidden=frozenset({"view"}))


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (38, 6), (5, 2)])
def test_a_digit_is_drawn_right_there_and_looked_at_with_every_stroke(size: tuple[int, int]) -> None:
    drawing.path().unlink(missing_ok=True)

    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        await press(pilot, "e")
        blank = pane.now()
        await press(pilot, "space", *["right"] * 8, "down", "down")
        drawn = pane.now()
        assert blank is not None
        assert drawn is not None
        assert blank.likely != drawn.likely
        assert pane.measured()["drawn"] == drawing.inked(pane.picture.rows) > 30
        assert drawing.read() == pane.picture.rows
        expected = maps.answer("1", [list(row) for row in pane.picture.rows])
        assert list(drawn.likely) == expected["probabilities"]
        assert len(pane.sheet.text.split("\n")) == size[1]
        assert pane.channel == 1
        await press(pilot, "e", "right")  # the arrows choose channels again
        assert pane.channel == 2
        assert pane.measured()["picture"] == "drawn"

    play(LearnedPane, "learned", "1", scenario, size)


def test_slices_stay_above_the_outcome() -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        for _ in range(4):
            assert all(set(line) <= set("37█░ .%0123456789") for line in pane.sheet.text.splitlines()[-2:])
            await press(pilot, "right_square_bracket")

    play(LearnedPane, "learned", "1", scenario)


def test_another_digit_makes_other_maps_and_a_drawing_too() -> None:
    pixels = tuple(tuple(200 if column == 14 and 4 < row < 24 else 0 for column in range(28)) for row in range(28))

    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        three = pane.now()
        assert three is not None
        assert three.prediction == "3"
        await press(pilot, "7")
        seven = pane.now()
        assert seven is not None
        assert seven.maps != three.maps
        assert pane.measured()["prediction"] == seven.prediction == "7"
        drawing.keep(pixels)
        await press(pilot, "i")
        assert (pane.measured()["picture"], pane.measured()["drawn"]) == ("drawn", 19)
        drawn = pane.now()
        assert drawn is not None
        expected = maps.answer("1", [list(row) for row in pixels])
        assert [list(map(list, found)) for found in drawn.maps] == expected["layers"][0]["after"]

    play(LearnedPane, "learned", "1", scenario)


def test_a_run_that_goes_on_is_looked_at_again_and_another_run_is_another_network() -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        lab = pane.services.lab
        asked = len(lab.asked)  # type: ignore[attr-defined]
        follow(pane, "1")  # nothing new
        await settled(pilot)
        assert len(lab.asked) == asked  # type: ignore[attr-defined]
        await press(pilot, *["right_square_bracket"] * 4)
        assert pane.measured()["layer"] == 5
        follow(pane, "2")
        await settled(pilot)
        now = pane.now()
        assert now is not None
        assert (now.name, pane.measured()["layer"]) == ("linear2", 2)  # it has but two
        await press(pilot, "left_square_bracket")
        now = pane.now()
        assert now is not None
        assert now.shape == (30, 1, 28, 28)

    play(LearnedPane, "learned", "1", scenario)


def test_a_run_that_trains_is_looked_into_now_and_then_and_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    found = RunStore().find("1")
    shot = replace(Watcher(found).snapshot(), live=True, phase="running")
    clock = [1000.0]
    monkeypatch.setattr(inside, "monotonic", lambda: clock[0])

    async def scenario(pane: MistakesPane, pilot: Pilot[None]) -> None:
        lab = pane.services.lab
        looks = []
        for step, seconds, live in [
            (0, 0, True),
            (3, 0, True),
            (4, 0.2, True),
            (5, 3, True),
            (5, 9, True),
            (6, 0.1, False),
        ]:
            clock[0] += seconds
            now = replace(shot, step=step, live=live, phase="running" if live else "finished")
            pane.follow(found, now, (found.id,))
            await settled(pilot)
            looks.append(len(lab.asked))  # type: ignore[attr-defined]
        assert looks == [0, 1, 1, 2, 2, 3]

    play(MistakesPane, "mistakes", "", scenario)


@pytest.mark.parametrize(("make", "kind"), [(LearnedPane, "learned"), (MistakesPane, "mistakes")])
def test_any_keys_in_any_order(make: Callable[..., Pane], kind: str) -> None:
    chosen = random.Random(1).choices([*KEYS, "right_square_bracket", "left_square_bracket"], k=60)

    async def scenario(pane: Pane, pilot: Pilot[None]) -> None:
        for key in chosen:
            await pilot.press(key)
        await settled(pilot)
        assert set(pane.measured()) <= set(PANES[kind].measures)
        assert pane.sentence().startswith("0001-mnist-3v7")

    play(make, kind, "1", scenario)


def test_a_network_without_classes_is_shown_as_it_is() -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        assert "No classes come out, but a whole grid." in pane.sheet.text
        assert "prediction" not in pane.measured()
        assert "its outputs are no classes" in pane.sentence()

    play(LearnedPane, "learned", "3", scenario)


def test_what_is_to_be_predicted_is_hidden() -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        assert "%" not in pane.sheet.text
        assert "yours to predict" in pane.sentence()
        pane.reveal(frozenset())
        assert "%" in pane.sheet.text

    play(LearnedPane, "learned", "1", scenario, hidden=frozenset({"prediction"}))


def test_trouble_in_the_lab_is_shown() -> None:
    def refuse(**arguments: Any) -> None:
        raise DataMissing("0001-mnist-3v7 has no checkpoint yet: wait until it has begun to train.")

    async def scenario(pane: Pane, pilot: Pilot[None]) -> None:
        assert "has no checkpoint yet" in " ".join(pane.sheet.text.split())

    for make, kind in ((LearnedPane, "learned"), (MistakesPane, "mistakes")):
        play(make, kind, "1", scenario, answers=dict.fromkeys(ANSWERS, refuse))


@pytest.mark.parametrize(("run", "sight"), each_in_turn("124", SIZES))
def test_every_size_and_every_layer_can_be_drawn(run: str, sight: tuple[tuple[int, int], str]) -> None:
    size, depth = sight

    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        for _ in range(5):
            text = pane.sheet.text.split("\n")
            assert len(text) == size[1]
            assert all(len(line) <= size[0] for line in text)
            await press(pilot, "right_square_bracket", "right")

    play(LearnedPane, "learned", run, scenario, size, depth=depth)


def test_ten_digits_show_their_kernels_at_80_by_24() -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        assert pane.sheet.left_out == ["6 of the probabilities", "2 of the channels (the arrows bring them)"]
        await press(pilot, "end")
        assert "8" in pane.sheet.text.splitlines()[1].split()

    play(LearnedPane, "learned", "4", scenario)


# What it gets wrong


def test_mistakes_are_gone_through_by_arrows() -> None:
    expected = mistakes.answer("4")
    first, second = expected["mistakes"][:2]

    async def scenario(pane: MistakesPane, pilot: Pilot[None]) -> None:
        text = pane.sheet.text
        assert pane.measured()["seen"] == 1
        assert text.startswith(f"{expected['wrong']} of 1,000 wrong, {1 - expected['wrong'] / 1000:.1%} right")
        assert f"a {first['truth']}" in text
        assert f"a {first['prediction']}" in text
        assert f"{first['probability']:.1%}" in text
        await press(pilot, "right")
        assert pane.measured() == {
            "seen": 2,
            "view": "one",
            "wrong": expected["wrong"],
            "total": 1000,
            "truth": str(second["truth"]),
            "prediction": str(second["prediction"]),
        }
        assert second["reference"] in pane.sentence()
        await press(pilot, "home", "left")
        assert pane.at == 0
        await press(pilot, "end", "right", "down")
        assert pane.at == min(expected["wrong"], 100) - 1
        assert pane.measured()["seen"] == 3
        assert pane.kept()["at"] == pane.at

    play(MistakesPane, "mistakes", "4", scenario)


def test_all_of_them_and_the_confusion_matrix() -> None:
    expected = mistakes.answer("4")

    async def scenario(pane: MistakesPane, pilot: Pilot[None]) -> None:
        await press(pilot, "v", "down")
        assert pane.at == pane.columns == 3
        one = expected["mistakes"][3]
        assert f"{one['truth']}→{one['prediction']}" in pane.sheet.text
        await press(pilot, "v")
        lines = pane.sheet.text.splitlines()[3:13]
        assert [[int(number) for number in line.split()[1:]] for line in lines] == expected["confusion"]
        await press(pilot, "v")
        assert pane.view == "one"

    play(MistakesPane, "mistakes", "4", scenario)


def test_the_number_of_mistakes_can_be_hidden() -> None:
    async def scenario(pane: MistakesPane, pilot: Pilot[None]) -> None:
        assert pane.sheet.text.startswith("? of 200 wrong")
        assert "yours to predict" in pane.sentence()
        wrong = pane.measured()["wrong"]
        for _ in range(3):
            words = set(pane.sheet.text.replace("/", " ").split())
            assert "?" in words
            assert str(wrong) not in words - {"3", "7"}
            await press(pilot, "v")

    play(MistakesPane, "mistakes", "1", scenario, hidden=frozenset({"wrong"}))


def test_a_network_without_mistakes_is_praised() -> None:
    answer = mistakes.answer("1", most=0) | {"wrong": 0, "confusion": [[100, 0], [0, 100]]}

    async def scenario(pane: MistakesPane, pilot: Pilot[None]) -> None:
        assert "Nothing is wrong" in pane.sheet.text
        assert "there is no mistake to look at" in pane.sentence()
        await press(pilot, "right", "down", "v", "v", "end")
        assert "100" in pane.sheet.text

    play(MistakesPane, "mistakes", "1", scenario, answers={"mistakes": answer})


@pytest.mark.parametrize(("run", "sight"), each_in_turn("14", [*SIZES, (200, 60)]))
def test_mistakes_fit_every_size(run: str, sight: tuple[tuple[int, int], str]) -> None:
    size, depth = sight

    async def scenario(pane: MistakesPane, pilot: Pilot[None]) -> None:
        for _ in range(3):
            assert len(pane.sheet.text.split("\n")) == size[1]
            await press(pilot, "right", "v")

    play(MistakesPane, "mistakes", run, scenario, size, depth=depth)


# Both


@pytest.mark.parametrize(("make", "kind"), [(LearnedPane, "learned"), (MistakesPane, "mistakes")])
def test_what_is_kept_comes_back_and_junk_does_not_hurt(make: Callable[..., Pane], kind: str) -> None:
    kept: dict[str, Any] = {}

    async def first(pane: Pane, pilot: Pilot[None]) -> None:
        await press(pilot, "right", "v", "right")
        assert set(pane.measured()) <= set(PANES[kind].measures)
        kept.update(pane.kept())

    async def again(pane: Pane, pilot: Pilot[None]) -> None:
        assert pane.kept() == kept

    play(make, kind, "1", first)
    play(make, kind, "1", again, kept=kept)
    for junk in (None, "x", -1, 10**9, [[1]], [[None, 2]], {"a": 1}, 0.5, float("nan"), True):

        async def alive(pane: Pane, pilot: Pilot[None]) -> None:
            assert "%" in pane.sheet.text or "wrong" in pane.sheet.text

        play(make, kind, "1", alive, kept=dict.fromkeys(kept, junk))


def test_the_likeliest_classes_come_first_where_not_all_fit() -> None:
    assert ranked([0.1, 0.7, 0.2], 3) == [0, 1, 2]
    assert ranked([0.1, 0.7, 0.2], 2) == [1, 2]
