"""The pane of layer groups, played by keys, around a run of the engine's own."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from fastai_tui.app.snapshots import Watcher
from fastai_tui.app.tui.panes import pane_class
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.networks.batchnorm import BatchNormPane
from fastai_tui.app.tui.panes.training import groups_drawing as drawing
from fastai_tui.app.tui.panes.training.groups import GroupsPane
from fastai_tui.engine.interpret import batch_norm, moved, summary
from fastai_tui.engine.runs import process
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons.panes import PANES, RUN_MEASURES
from fastai_tui.lessons.schema import Knob, Run, Step
from tests.runs import new_run
from tests.tui.canvas_text import SIZES, sights
from tests.tui.host import Host, SilentLab, scene
from tests.tui.test_learned_panes import press, settled
from tests.tui.test_pane_keys import KEYS

SET: dict[str, Any] = {"bs": 1000, "freeze": 1, "lr": [0.001, 0.01, 0.06]}
RUN = Run(experiment="mnist", set=SET, data="mnist-sample", epochs=1)
Scenario = Callable[[Any, Pilot[None]], Any]


def plain(answer: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(answer))


ANSWERS: dict[str, Any] = {
    "summary": lambda job: plain(summary.answer(msgspec.to_builtins(job))),
    "moved": lambda run: plain(moved.answer(run)),
    "batch_norm": lambda job, **asked: plain(batch_norm.answer(job=msgspec.to_builtins(job), **asked)),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a finished run, of which the first group was frozen."""
    place = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTAI_TUI_HOME", str(place))
        process.main(new_run("mnist", bs="1000", freeze="1", lr="0.001/0.01/0.06").path)
    return place


@pytest.fixture(autouse=True)
def at_home(trained: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(trained))


def play(
    scenario: Scenario,
    run: str = "1",
    size: tuple[int, int] = (40, 18),
    answers: dict[str, Any] | None = None,
    make: Callable[..., Pane] = GroupsPane,
    depth: str = "truecolor",
    knobs: dict[str, Any] | None = None,
    **about: Any,
) -> Host:
    async def whole() -> Host:
        where = scene("groups", lab=SilentLab(ANSWERS if answers is None else answers), run=RUN, knobs=knobs, **about)
        turning = tuple(Knob(setting=name) for name in ("freeze", "bn_freeze", "lr"))
        pane = make(with_knobs(where, turning))
        app = Host(pane, depth=depth)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            if run:
                found = RunStore().find(run)
                pane.follow(found, Watcher(found).snapshot(), (found.id,))
            await settled(pilot)
            await scenario(pane, pilot)
        return app

    return asyncio.run(whole())


def with_knobs(where: Any, knobs: tuple[Knob, ...]) -> Any:
    """The scene with a step that has these knobs."""
    from dataclasses import replace

    step: Step = msgspec.structs.replace(where.step, knobs=knobs)
    return replace(where, step=step)


def turn(pane: Pane, knob: str, value: Any) -> None:
    pane.knobs[knob] = value
    pane.turned(knob, value)


def test_the_groups_are_the_network_s() -> None:
    """Three groups; the parameters by counting: (1·5·5 + 1)·8 + 2·8 in the first, and so on."""
    counts = [26 * 8 + 16, (8 * 9 + 1) * 16 + 32 + (16 * 9 + 1) * 32 + 64 + (32 * 9 + 1) * 64 + 128, 577 * 10 + 20]

    async def scenario(pane: GroupsPane, pilot: Pilot[None]) -> None:
        now = pane.now()
        assert now is not None
        assert [group.parameters for group in now.groups] == counts
        assert [[layer.name for layer in group.layers] for group in now.groups] == [
            ["conv1", "norm1"], ["conv2", "norm2", "conv3", "norm3", "conv4", "norm4"], ["conv5", "norm5"],
        ]  # fmt: skip
        text = pane.sheet.text
        assert "group 1: frozen" in text
        assert "group 2: rate 0.01, decay 0.01" in text
        assert "group 3: rate 0.06, decay 0.01" in text
        assert f"{sum(counts[1:]):,} of {sum(counts):,} parameters are trained" in text
        assert text.count("stays") == 2
        assert text.count("stats fixed") == 1
        assert pane.measured()["trainable"] == sum(counts[1:])
        assert pane.measured()["rates"] == "0.001/0.01/0.06"
        assert (pane.measured()["frozen"], pane.measured()["bn"]) == (1, "mixed")
        assert "moved" not in pane.measured()
        assert pane.command()[:2] == ["train", "mnist"]
        assert "freeze=1" in pane.command()

    play(scenario, run="", knobs={"freeze": 1, "bn_freeze": "off", "lr": [0.001, 0.01, 0.06]})


def test_knobs_freeze_and_unfreeze() -> None:
    async def scenario(pane: GroupsPane, pilot: Pilot[None]) -> None:
        for frozen, bn, word in ((0, "off", "moving"), (2, "off", "mixed"), (0, "on", "fixed"), (2, "on", "fixed")):
            turn(pane, "freeze", frozen)
            turn(pane, "bn_freeze", bn)
            await settled(pilot)
            assert (pane.measured()["frozen"], pane.measured()["bn"]) == (frozen, word)
            assert pane.sheet.text.count(": frozen") == frozen
        turn(pane, "lr", 0.03)
        await settled(pilot)
        assert pane.measured()["rates"] == "0.03/0.03/0.03"
        turn(pane, "lr", [0.1, 0.2])
        await settled(pilot)
        assert "one per layer group" in " ".join(pane.sheet.text.split())
        assert pane.sentence() == pane.trouble != ""

    play(scenario, run="", knobs={"freeze": 0, "bn_freeze": "off", "lr": 0.06})


def test_after_a_run_what_was_frozen_has_not_moved() -> None:
    async def scenario(pane: GroupsPane, pilot: Pilot[None]) -> None:
        found = {layer["name"]: layer for layer in moved.answer("1")["layers"]}
        measured = pane.measured()
        shot = pane.ours
        assert shot is not None
        accuracy = dict(shot.table[-1].metrics)["accuracy"]
        assert f"finished, accuracy {accuracy:.3f}" in pane.sheet.text
        pane.reveal(frozenset({"accuracy"}))
        assert f"{accuracy:.3f}" not in f"{pane.sheet.text}{pane.sentence()}"
        assert measured["view"] == "moved"
        assert measured["moved_frozen"] == measured["statistics"] == 0
        assert measured["moved"] == measured["moved_free"] == max(layer["change"] for layer in found.values())
        lines = pane.sheet.text.split("\n")
        for name in ("conv1", "norm1"):
            assert [line.split()[1:] for line in lines if line.startswith(f" {name}")] == [["0"] * (1 + (name > "n"))]
        shown = next(line.split() for line in lines if line.startswith(" conv3"))
        assert shown[1] == f"{found['conv3']['change']:.4f}"
        assert "Not a bit of its weights is different" in " ".join(pane.sheet.text.split())
        assert any("how they are trained" in what for what in pane.sheet.left_out)
        await press(pilot, "down", "down")
        assert f"its weights moved by {found['conv2']['change']:.1%}" in " ".join(pane.sheet.text.split())
        await press(pilot, "v")
        assert "group 2: rate 0.01" in pane.sheet.text

    play(scenario)


def test_the_groups_that_a_run_has_frozen_are_counted_whatever_the_knobs_say_now() -> None:
    async def scenario(pane: GroupsPane, pilot: Pilot[None]) -> None:
        assert pane.measured()["were_frozen"] == 1
        turn(pane, "freeze", 2)
        await settled(pilot)
        assert (pane.measured()["frozen"], pane.measured()["were_frozen"]) == (2, 1)

    play(scenario, knobs={"freeze": 1})


def test_keys_freeze_up_to_the_chosen_layer_and_unfreeze_all() -> None:
    def turns(host: Host) -> list[tuple[str, Any]]:
        return [(one.knob, one.value) for one in host.told if isinstance(one, Pane.Turn)]

    async def scenario(pane: GroupsPane, pilot: Pilot[None]) -> None:
        await press(pilot, "f", "down", "down", "f", "a", "end", "f")

    host = play(scenario, run="", knobs={"freeze": 0})
    assert turns(host) == [("freeze", 1), ("freeze", 2), ("freeze", 0)]
    assert any("last group has to learn" in getattr(one, "sentence", "") for one in host.told)


def test_another_choice_is_told_beside_the_run() -> None:
    async def scenario(pane: GroupsPane, pilot: Pilot[None]) -> None:
        assert "this run is kept" not in pane.sheet.text
        turn(pane, "freeze", 2)
        await settled(pilot)
        assert pane.measured()["view"] == "layers"
        assert "space trains with freeze=2; this run is kept." in pane.sheet.text

    play(scenario, size=(60, 34), knobs={"freeze": 1})


def test_arrows_choose_layers_and_brackets_groups() -> None:
    async def scenario(pane: GroupsPane, pilot: Pilot[None]) -> None:
        for group in (2, 3, 3):
            await press(pilot, "right_square_bracket")
            assert pane.measured()["group"] == group
        await press(pilot, "down", "down", "down")
        assert (pane.measured()["layer"], pane.measured()["visited"]) == (10, 4)
        await press(pilot, "home")
        assert "conv1 is in group 1, which is frozen" in pane.sentence()
        assert "norm5" in pane.sheet.text  # all of the table is there
        await press(pilot, "end", "left_square_bracket", "up")
        assert pane.measured()["layer"] == 2
        assert "normalises with them in training too" in pane.sentence()

    play(scenario)


@pytest.mark.parametrize(("size", "depth"), sights([*SIZES, (20, 3), (5, 1), (1, 1)]))
def test_it_fits_every_size(size: tuple[int, int], depth: str) -> None:
    async def scenario(pane: GroupsPane, pilot: Pilot[None]) -> None:
        await press(pilot, "v", "end", "v", "up")
        text, wide = pane.sheet.text, size[0] >= 38
        if wide:
            assert "conv5" in text
            assert "are tra" in text
        if size[0] >= drawing.BESIDE or (wide and size[1] >= 34):
            assert "training" in text
            assert "moved" in text
            assert not any("press v" in what for what in pane.sheet.left_out)
        elif wide:
            assert any("press v" in what for what in pane.sheet.left_out)

    play(scenario, size=size, depth=depth)


def test_what_is_to_be_predicted_is_not_shown() -> None:
    async def scenario(pane: GroupsPane, pilot: Pilot[None]) -> None:
        text = " ".join(pane.sheet.text.split())
        assert "█" not in text
        assert "Not a bit" not in f"{text}{pane.sentence()}"
        assert "is yours to predict" in text
        assert "? of ? parameters are trained" in text
        pane.reveal(frozenset())
        assert "█" in pane.sheet.text

    play(scenario, hidden=frozenset({"moved_frozen", "trainable", "parameters"}))


def test_without_a_lab_it_says_so() -> None:
    async def scenario(pane: GroupsPane, pilot: Pilot[None]) -> None:
        await press(pilot, "down", "v", "right_square_bracket", "end")
        assert "There is no lab here." in pane.sheet.text
        assert pane.sentence() == "There is no lab here."
        assert pane.measured() == {"visited": 0}

    play(scenario, run="", answers={})


def test_it_measures_what_is_declared_and_keeps_where_it_was() -> None:
    async def scenario(pane: GroupsPane, pilot: Pilot[None]) -> None:
        kinds = {int: "number", float: "number", str: "word"}
        own = {name: kind for name, kind in PANES["groups"].measures.items() if name not in RUN_MEASURES}
        assert {name: kinds[type(value)] for name, value in pane.measured().items()} == own
        await press(pilot, "down", "down", "v")
        again = GroupsPane(scene("groups", run=RUN, kept=pane.kept()))
        assert again.kept() == pane.kept()

    play(scenario)
    damaged = GroupsPane(scene("groups", run=RUN, kept={"layer": "x", "visited": 7, "view": 3}))
    assert (damaged.at, damaged.visited, damaged.view) == (0, set(), "layers")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("run", ["1", ""])
def test_any_keys_in_any_order(seed: int, run: str) -> None:
    async def scenario(pane: GroupsPane, pilot: Pilot[None]) -> None:
        chance = random.Random(seed)
        for _ in range(5):
            for key in chance.choices([key for key in KEYS if key != "q"], k=100):
                pilot.app.simulate_key(key)
            await pilot.pause()
            await pilot.resize_terminal(*chance.choice([(40, 18), (60, 34), (38, 6), (1, 1), (160, 50)]))
            turn(pane, "freeze", chance.choice([0, 1, 2]))
            await settled(pilot)
            assert pane.sentence()
            again = pane_class("groups")(scene("groups", run=RUN, kept=pane.kept()))
            assert again.kept() == pane.kept()
        assert pane.is_mounted

    play(scenario, run=run, knobs={"freeze": 0})


def test_batch_norm_of_the_run_s_own_network() -> None:
    """The pane of batch norm takes the run's weights, gamma, beta and running averages with f."""

    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        await press(pilot, "f", "k", "right_square_bracket")
        now = pane.now()
        assert now is not None
        state = batch_norm.load("1").learn.model.state_dict()
        assert (now.norm.gamma, now.norm.beta) == (state["norm2.weight"][1].item(), state["norm2.bias"][1].item())
        assert now.averages[0].mean == state["norm2.running_mean"][1].item()
        assert pane.measured()["source"] == "run"
        assert "as learned" in pane.sheet.text
        turn(pane, "gamma", 3.0)
        now = pane.now()
        assert now is not None
        assert now.norm.gamma == 3.0
        await press(pilot, "z")
        now = pane.now()
        assert now is not None
        assert now.learned
        await press(pilot, "f")
        assert pane.measured()["source"] == "fresh"

    play(scenario, make=BatchNormPane, size=(78, 18), knobs={"gamma": 1.0, "beta": 0.0})
