"""The pane of batch norm, played by keys: every number it shows is PyTorch's own."""

import asyncio
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from textual.pilot import Pilot
from torch import nn

from fastai_tui.app.tui.panes import pane_class
from fastai_tui.app.tui.panes.networks import batchnorm_drawing as drawing
from fastai_tui.app.tui.panes.networks.batchnorm import ENOUGH, BatchNormPane
from fastai_tui.engine.interpret import batch_norm
from fastai_tui.lessons.panes import PANES
from fastai_tui.lessons.schema import Run
from tests.tui.canvas_text import SIZES, sights
from tests.tui.host import Host, SilentLab, scene
from tests.tui.lab_answers import ANSWERS
from tests.tui.test_learned_panes import press, settled
from tests.tui.test_pane_keys import KEYS

RUN = Run(experiment="mnist", set={"norm": "none", "bs": 64}, data="mnist-sample")
Scenario = Callable[[BatchNormPane, Pilot[None]], Any]


def real(job: Any, **asked: Any) -> dict[str, Any]:
    """The lab's own answer."""
    import msgspec

    return batch_norm.answer(job=msgspec.to_builtins(job), **asked)


def play(
    scenario: Scenario, size: tuple[int, int] = (40, 18), asks: Any = real, depth: str = "truecolor", **where: Any
) -> Host:
    async def whole() -> Host:
        lab = SilentLab({"batch_norm": asks} if asks else {})
        pane = BatchNormPane(scene("batchnorm", lab=lab, run=RUN, **where))
        app = Host(pane, depth=depth)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            await scenario(pane, pilot)
        return app

    return asyncio.run(whole())


def batches(count: int) -> list[torch.Tensor]:
    """What the first norm would get of the first batches."""
    import msgspec

    from fastai_tui.lessons.experiments import order

    job = order("mnist", RUN.set, data="mnist-sample")
    learn, _ = batch_norm.network_of(msgspec.to_builtins(job), "")
    return [batch_norm.normalised(learn.model, xb)[0].numbers for xb in batch_norm._batches(learn, 0, count)]


def figures(line: str) -> list[float]:
    return [float(word.replace("−", "-")) for word in re.findall(r"−?\d+\.\d+", line)]


def test_training_and_evaluation_are_torch_s_own() -> None:
    raw, norm = batches(3), nn.BatchNorm2d(8)
    wanted = {"train": [norm(batch) for batch in raw][-1], "eval": norm.eval()(raw[-1])}
    norm_mean, norm_var = norm.running_mean, norm.running_var
    assert norm_mean is not None
    assert norm_var is not None

    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        await press(pilot, "space", "space", "space", "k")
        assert pane.measured()["batches"] == pane.measured()["passed"] == 3
        for mode, key in (("train", ""), ("eval", "m")):
            await press(pilot, *([key] if key else []))
            now = pane.now()
            assert now is not None
            assert pane.measured()["mode"] == mode
            for i, (x, place) in enumerate(zip(now.channel.numbers, now.channel.where, strict=True)):
                image, row, column = place
                out = wanted[mode][image, 1, row, column].item()
                assert now.norm.stages(x)[-1] == pytest.approx(out, abs=2e-4)
                shown = figures(pane.sheet.text.split("\n")[3 + i])
                assert shown == pytest.approx(now.norm.stages(x), abs=6e-4)
            assert pane.measured()["out_mean"] == pytest.approx(wanted[mode][:, 1].mean().item(), abs=2e-4)
        assert now.averages[-1].mean == pytest.approx(norm_mean[1].item(), abs=1e-5)
        assert now.averages[-1].variance == pytest.approx(norm_var[1].item(), abs=1e-4)
        assert f"the running mean {norm_mean[1].item():.3f}, σ² {norm_var[1].item():.3f}" in pane.sheet.text

    play(scenario)


def test_the_cursor_shows_its_arithmetic() -> None:
    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        await press(pilot, "down", "down")
        now = pane.now()
        assert now is not None
        x, centred, divided, _ = now.norm.stages(now.channel.numbers[2])
        image, row, column = now.channel.where[2]
        mean, variance = f"{now.norm.mean:.3f}", f"{now.norm.variance:.3f}"
        told = [
            f"raw: {x:.3f} is at row {row}, column {column} of image {image + 1}",
            f"minus the mean: {x:.3f} − {mean} = {centred:.3f}",
            f"divided by √(σ²+ε): {centred:.3f} / √({variance} + 1e-05) = {divided:.3f}",
            f"times γ plus β: {divided:.3f} · 1 + 0 = {divided:.3f}",
        ]
        for stage, sentence in enumerate(told):
            assert sentence in " ".join(pane.sheet.text.split())
            assert f"({x:.3f} − {mean}) / √({variance} + 1e-05) · 1 + 0" in " ".join(pane.sheet.text.split())
            assert pane.measured()["stage"] == pane.measured()["stages"] == stage + 1
            await press(pilot, "right")
        await press(pilot, "left", "end", "home")
        assert (pane.stage, pane.at) == (2, 0)

    play(scenario)


def test_gamma_and_beta_undo_it_at_once() -> None:
    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        asked = len(pane.services.lab.asked)  # type: ignore[attr-defined]
        now = pane.now()
        assert now is not None
        assert pane.measured()["undone"] == 0
        for knob, value in (("gamma", now.channel.batch.deviation), ("beta", now.channel.batch.mean)):
            pane.knobs[knob] = value
            pane.turned(knob, value)
        assert pane.measured()["undone"] == 1
        assert pane.measured()["out_mean"] == pytest.approx(pane.measured()["raw_mean"])
        assert pane.measured()["out_std"] == pytest.approx(pane.measured()["raw_std"], rel=1e-4)
        assert len(pane.services.lab.asked) == asked  # type: ignore[attr-defined]

    play(scenario)


def test_a_shift_does_nothing_in_training_and_much_in_evaluation() -> None:
    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        await press(pilot, *["space"] * 10)
        before = dict(pane.measured())
        pane.knobs["shift"] = 2.0
        pane.turned("shift", 2.0)
        assert pane.measured()["raw_mean"] == pytest.approx(float(before["raw_mean"]) + 2)  # type: ignore[arg-type]
        assert pane.measured()["out_mean"] == pytest.approx(0, abs=1e-9)
        assert "2 added to every" in pane.sheet.text or pane.size.width < 60
        await press(pilot, "m")
        now = pane.now()
        assert now is not None
        assert float(pane.measured()["out_mean"]) > 1.5  # type: ignore[arg-type]
        gap = float(pane.measured()["gap"])  # type: ignore[arg-type]
        assert gap == pytest.approx(abs(now.averages[-1].mean - now.channel.batch.mean))
        await press(pilot, "space", "space")  # evaluation moves no average
        assert (pane.measured()["batches"], pane.measured()["passed"]) == (10, 12)
        await press(pilot, "m", *["space"] * 30)  # training follows the shift
        assert float(pane.measured()["gap"]) < gap / 10  # type: ignore[arg-type]

    play(scenario, size=(78, 18))


def test_layers_channels_and_views() -> None:
    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        await press(pilot, "space", "space")
        for layer, (name, channels) in enumerate([("relu2", 16), ("relu3", 32), ("relu4", 64), ("conv5", 10)], 2):
            await press(pilot, "right_square_bracket")
            now = pane.now()
            assert now is not None
            assert (now.channel.layer, now.channel.channels, len(now.fed)) == (name, channels, 2)
            assert pane.sheet.text.startswith(f"{name}, channel 1/{channels}, batch 2")
            assert (pane.measured()["layer"], pane.measured()["visited"]) == (layer, layer)
        assert not pane.check_action("layer", (1,))
        await press(pilot, "k", "k", "K", "left_square_bracket")
        assert (pane.measured()["channel"], pane.measured()["layer"]) == (2, 4)
        await press(pilot, "v")
        assert "log of counts" in pane.sheet.text
        await press(pilot, "v")
        assert "Running mean: 0.9 ·" in pane.sheet.text
        await press(pilot, "v", "z")
        assert (pane.measured()["view"], pane.measured()["batches"], pane.measured()["mode"]) == ("numbers", 0, "train")

    play(scenario)


def test_sixty_batches_are_enough() -> None:
    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        for _ in range(ENOUGH + 3):
            pane.action_feed()
        await settled(pilot)
        now = pane.now()
        assert now is not None
        assert (pane.measured()["batches"], len(now.fed)) == (ENOUGH, ENOUGH)
        assert float(pane.measured()["gap"]) < 0.05  # type: ignore[arg-type]

    play(scenario, asks=ANSWERS["batch_norm"])


@pytest.mark.parametrize(("secret", "gone"), [("mean", "mean 0.000"), ("std", "deviation 1.000")])
def test_what_is_to_be_predicted_is_not_shown(secret: str, gone: str) -> None:
    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        await press(pilot, "right", "right", "v")
        assert gone not in pane.sheet.text
        assert "? (predict it first)" in pane.sheet.text
        assert gone not in pane.sentence().split("Running")[0]
        await press(pilot, "v", "v")
        means = next(line.split() for line in pane.sheet.text.split("\n") if line.startswith("mean"))
        assert means[2:] == ["?"] * 3
        pane.reveal(frozenset())
        assert "?" not in pane.sheet.text

    play(scenario, hidden=frozenset({secret}))


def test_evaluation_moves_nothing_and_says_so() -> None:
    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        await press(pilot, "v", "v", "space", "space")
        assert "Running mean: 0.9 ·" in pane.sheet.text
        assert "of image" not in pane.sheet.text  # all rows are the averages', none a single number's
        before = pane.now()
        assert before is not None
        assert pane.measured()["evaluated"] == 0
        await press(pilot, "m", "space")
        after = pane.now()
        assert after is not None
        assert after.averages == before.averages
        assert pane.measured()["evaluated"] == 1
        words = " ".join(pane.sheet.text.split())
        assert f"Evaluation moves nothing: the running mean stays {after.averages[-1].mean:.3f}." in words

    play(scenario)


def test_the_averages_are_hidden_with_the_gap() -> None:
    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        await press(pilot, "space", "space", "m", "right")
        now = pane.now()
        assert now is not None
        words = f"{now.averages[-1].mean:.3f}"
        for view in drawing.ORDER:
            assert words not in pane.sheet.text.split("raw")[0], view
            assert "?" in pane.sheet.text
            await press(pilot, "v")
        assert words not in pane.sentence()

    play(scenario, hidden=frozenset({"gap"}))


@pytest.mark.parametrize(("size", "depth"), sights([*SIZES, (20, 3), (5, 1), (1, 1)]))
def test_it_fits_every_size(size: tuple[int, int], depth: str) -> None:
    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        await press(pilot, "space", "space", "right", "down")
        seen = []
        for _ in drawing.ORDER:
            seen.append(pane.sheet.text)
            await press(pilot, "v")
        if size[0] >= 38:
            assert all("relu1, channel 1/8, batch 2" in text and "training" in text for text in seen)
        if size[1] >= 18:
            assert any("raw" in text and "dev." in text for text in seen)
            assert any("log of counts" in text for text in seen)
            assert any("Running mean: 0.9" in text for text in seen)
            shown = len(drawing.panels(size[0], size[1] - 5, "numbers"))
            assert sum("press v" in what for what in pane.sheet.left_out) == len(drawing.ORDER) - shown

    play(scenario, size=size, depth=depth, asks=ANSWERS["batch_norm"])


def test_without_a_lab_it_says_so() -> None:
    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        await press(pilot, "right", "space", "m", "k", "v", "right_square_bracket", "z")
        assert "There is no lab here." in pane.sheet.text
        found = pane.measured()
        assert (found["stages"], found["passed"], found["mode"]) == (1, 0, "train")  # nothing was there to look at
        assert pane.sentence() == "There is no lab here."
        assert "mean" not in pane.measured()

    play(scenario, asks=None)


def test_it_keeps_where_it_was() -> None:
    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        pane.knobs["shift"] = 1.5
        await press(pilot, "space", "space", "m", "space", "k", "right", "down", "v", "right_square_bracket")
        kept = pane.kept()
        again = BatchNormPane(scene("batchnorm", run=RUN, kept=kept))
        assert again.kept() == kept
        assert again.fed == [(0, 1.5), (1, 1.5)]
        assert pane.command()[:2] == ["summary", "mnist"]

    play(scenario, asks=ANSWERS["batch_norm"])
    damaged = {"layer": "x", "channel": [], "at": -4, "fed": ["a", 1], "visited": {"a": 1}, "stage": 99, "passed": 1e9}
    pane = BatchNormPane(scene("batchnorm", run=RUN, kept=damaged))
    assert (pane.depth, pane.number, pane.at, pane.fed, pane.stage) == (1, 1, 0, [], 3)


def test_it_measures_what_is_declared() -> None:
    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        kinds = {int: "number", float: "number", str: "word"}
        assert {name: kinds[type(value)] for name, value in pane.measured().items()} == PANES["batchnorm"].measures

    play(scenario, asks=ANSWERS["batch_norm"])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("lab", [True, False])
def test_any_keys_in_any_order(seed: int, lab: bool) -> None:
    async def scenario(pane: BatchNormPane, pilot: Pilot[None]) -> None:
        chance = random.Random(seed)
        for _ in range(5):
            for key in chance.choices([key for key in KEYS if key != "q"], k=100):
                pilot.app.simulate_key(key)
            await pilot.pause()
            await pilot.resize_terminal(*chance.choice([(40, 18), (60, 34), (38, 6), (1, 1), (160, 50)]))
            for knob in PANES["batchnorm"].knobs:
                pane.knobs[knob] = chance.choice([-3.0, 0.0, 1e-5, 1.0, 7.5])
                pane.turned(knob, pane.knobs[knob])
            assert pane.sentence()
            again = pane_class("batchnorm")(scene("batchnorm", run=RUN, kept=pane.kept()))
            assert again.kept() == pane.kept()
        assert pane.is_mounted

    play(scenario, asks=ANSWERS["batch_norm"] if lab else None)
