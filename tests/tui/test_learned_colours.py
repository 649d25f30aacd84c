"""The pane of learned kernels in colour, and what it has in common with that of mistakes."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from textual.pilot import Pilot
from torch.nn import functional as F

from fastai_tui.app.snapshots import Watcher
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.networks import learned_images
from fastai_tui.app.tui.panes.networks.learned import LearnedPane
from fastai_tui.app.tui.panes.networks.mistakes import MistakesPane
from fastai_tui.engine.data.store import images
from fastai_tui.engine.interpret import learned, maps
from fastai_tui.engine.interpret import trained as loading
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import schema
from fastai_tui.lessons.experiments import order
from fastai_tui.lessons.panes import PANES
from tests.tui.colour_runs import ANSWERS, DATA, KEYS, SIZES, at_home, by_class, play, trained, weights
from tests.tui.host import Host, SilentLab, scene
from tests.tui.test_learned_panes import press, settled

__all__ = ["at_home", "trained"]


# The lab


@pytest.mark.parametrize("image", [0, 7, 13, 999])
def test_maps_of_a_validation_image_are_a_plain_convolution_s(image: int) -> None:
    pixels, label = by_class(image)
    train = torch.tensor(images(DATA).train_images).double() / 255
    mean, std = train.mean((0, 2, 3)), train.std((0, 2, 3), correction=0)
    told = maps.answer("1", image=image, layer=1)
    assert (told["image"], told["images"], told["kinds"], told["truth"]) == (image, 1000, 10, label)
    assert told["picture"] == pixels.tolist()
    xb = ((torch.tensor(pixels).double() / 255 - mean[:, None, None]) / std[:, None, None])[None].float()
    model = weights("1")
    expected = F.conv2d(xb, model["layers.0.weight"], model["layers.0.bias"], stride=2)[0]
    assert torch.allclose(torch.tensor(told["layers"][0]["after"]), expected, atol=1e-4)
    assert all(layer["after"] == [] for layer in told["layers"][1:])
    assert sum(told["probabilities"]) == pytest.approx(1, abs=1e-5)


def test_images_go_round() -> None:
    assert maps.answer("1", image=1003)["image"] == 3


def test_layers_stand_in_one_order_however_a_block_calls_them(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = loading.learner(order("cifar10", {"model": "resnet", "width": "0.25"}, data=DATA, device="cpu"))
    found = loading.Trained(RunStore().find("1"), 0, blocks)
    for module in (learned, maps):
        monkeypatch.setattr(module, "load", lambda run, when: found)
    kernels, passed = learned.answer("1"), maps.answer("1", image=2)
    assert any("short" in layer["name"] for layer in passed["layers"])
    assert [layer["name"] for layer in passed["layers"]] == [layer["name"] for layer in kernels["layers"]]
    for layer, described in zip(passed["layers"], kernels["layers"], strict=True):
        assert layer["channels"] == len(layer["after"]) == described["shape"][0]


# The pane


def test_the_first_layer_s_kernels_are_in_colour() -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        now = pane.now()
        assert now is not None
        kernels = weights("1")["layers.0.weight"]
        assert torch.equal(torch.tensor(now.coloured), kernels)
        largest = kernels.abs().max()
        shades = torch.tensor(learned_images.coloured(now.kernels, now.weights))
        assert torch.equal(shades, (128 + 127 / largest.double() * kernels[0].double()).round().long())
        assert pane.measured() | {"side": 3, "label": 0, "truth": "0", "image": 0, "channel": 1} == pane.measured()
        assert pane.measured()["prediction"] in "0123456789"
        assert "layer layers.0, channel 1 of 5: 3 kernels of 3×3" in pane.sentence()
        assert pane.command() == ("show", "0001-cifar10")
        await press(pilot, "v")
        before = pane.now()
        assert before is not None
        assert torch.equal(torch.tensor(before.coloured), weights("1", first=True)["layers.0.weight"])
        assert "before training" in " ".join(pane.sentence().split())

    play(LearnedPane, "learned", "1", scenario)


def test_the_linear_network_s_kernels_are_whole_pictures() -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        now = pane.now()
        assert now is not None
        assert (now.shape, pane.measured()["side"]) == ((40, 3, 32, 32), 32)
        whole = weights("2")["layers.0.weight"].reshape(40, 3, 32, 32)
        assert torch.allclose(torch.tensor(now.coloured), whole, atol=1e-5)
        await press(pilot, "end")
        assert "40" in pane.sheet.text.split()

    play(LearnedPane, "learned", "2", scenario)


def test_pictures_are_the_run_s_own_class_by_class() -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        seen = []
        for key in ("d", "D", "D", "p", "7", "7", "3", "i", "e", "y"):
            await press(pilot, key)
            seen.append(pane.measured()["image"])
            pixels, label = by_class(pane.image)
            assert pane.picture.channels == tuple(tuple(map(tuple, rows)) for rows in pixels.tolist())
            assert pane.measured()["label"] == label
        assert seen == [5, 4, 3, 4, 7, 17, 3, 3, 3, 3]
        assert not pane.drawing
        await press(pilot, "right_square_bracket", "d")
        assert (pane.measured()["layer"], pane.measured()["image"]) == (2, 4)
        assert pane.kept()["image"] == 4

    play(LearnedPane, "learned", "1", scenario, show={"image": 4})


def test_what_the_network_takes_it_for_is_hidden() -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        assert "%" not in pane.sheet.text
        assert "takes it for is yours to predict" in pane.sentence()
        pane.reveal(frozenset())
        assert "%" in pane.sheet.text

    play(LearnedPane, "learned", "1", scenario, hidden=frozenset({"prediction"}))


@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
def test_every_size_and_every_layer_can_be_drawn(depth: str) -> None:
    async def scenario(pane: LearnedPane, pilot: Pilot[None]) -> None:
        for _ in range(3):
            lines = pane.sheet.text.split("\n")
            assert len(lines) == pane.size.height
            assert all(len(line) <= pane.size.width for line in lines)
            await press(pilot, "right_square_bracket", "right")

    for size in SIZES if depth == "truecolor" else [(40, 18), (38, 6)]:
        for run in "12":
            play(LearnedPane, "learned", run, scenario, size, depth=depth)


# Both


@pytest.mark.parametrize(("make", "kind"), [(LearnedPane, "learned"), (MistakesPane, "mistakes")])
@pytest.mark.parametrize("size", [(40, 18), (20, 3), (1, 1)])
def test_any_keys_in_any_order_and_junk_that_was_kept(
    make: Callable[..., Pane], kind: str, size: tuple[int, int]
) -> None:
    chosen = random.Random(1).choices([*KEYS, "right_square_bracket", "left_square_bracket"], k=40)

    async def scenario(pane: Pane, pilot: Pilot[None]) -> None:
        for key in chosen:
            await pilot.press(key)
        for _ in range(4):  # one answer leads to the next question
            await settled(pilot)
        assert set(pane.measured()) <= set(PANES[kind].measures)
        assert pane.sentence().startswith("0001-cifar10")

    names = ("image", "layer", "channel", "view", "seen", "at", "picture")
    for junk in (None, -1, 10**9, [[1]], float("nan")):
        if junk is None or size == (40, 18):
            play(make, kind, "1", scenario, size, kept=dict.fromkeys(names, junk) if junk is not None else {})


@pytest.mark.parametrize(("make", "kind"), [(LearnedPane, "learned"), (MistakesPane, "mistakes")])
def test_without_a_run_or_a_lab_it_says_so(make: Callable[..., Pane], kind: str) -> None:
    async def without(pane: Pane, pilot: Pilot[None]) -> None:
        await press(pilot, "d", "3", "right", "v", "p")
        assert pane.sentence().startswith("No network has been trained yet")

    async def lost(pane: Pane, pilot: Pilot[None]) -> None:
        assert "There is no lab here" in " ".join(pane.sheet.text.split())

    play(make, kind, "", without)
    play(make, kind, "1", lost, answers={"nothing": None})


@pytest.mark.parametrize(("make", "kind"), [(LearnedPane, "learned"), (MistakesPane, "mistakes")])
def test_keys_pressed_before_the_first_answer_take_effect_when_it_comes(make: Callable[..., Any], kind: str) -> None:
    async def whole() -> None:
        told = asyncio.Event()

        class SlowLab(SilentLab):
            async def ask(self, request: str, /, *, topic: str = "", **arguments: Any) -> Any:
                await told.wait()
                return await super().ask(request, topic=topic, **arguments)

        asked = schema.Run(experiment="cifar10", data=DATA, set={"preset": "quick"})
        pane = make(scene(kind, run=asked, lab=SlowLab(ANSWERS)))
        app = Host(pane)
        async with app.run_test(size=(78, 18)) as pilot:
            found = RunStore().find("1")
            pane.follow(found, Watcher(found).snapshot(), (found.id,))
            await pilot.press("right", "right", *(["d"] if kind == "learned" else []))
            told.set()
            await settled(pilot)
            if kind == "learned":
                assert (pane.measured()["channel"], pane.measured()["image"], pane.picture.label) == (3, 1, "1")
            else:
                assert (pane.at, pane.measured()["seen"]) == (2, 1)

    asyncio.run(whole())
