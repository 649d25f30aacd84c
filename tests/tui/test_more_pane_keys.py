"""Any key, at any time, at any size, without a lab: none of these panes breaks, and none needs numpy to begin."""

import asyncio
import random
from typing import Any

import pytest

from fastai_tui.app.tui.panes import pane_class
from fastai_tui.lessons.panes import PANES
from tests.tui.host import Host, SilentLab, scene
from tests.tui.test_pane_keys import KEYS, SIZES
from tests.unit.test_architecture import modules_after

KINDS = ["batch", "geometry", "matrix", "receptive-field", "colour"]
VALUES: list[Any] = [-1, 0, 1, 2, 3, 5, 7, 28, 31, 64, 1000]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.acceptance) for seed in (1, 2))])
def test_any_keys_and_knobs_in_any_order(kind: str, seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        pane = pane_class(kind)(scene(kind, lab=SilentLab()))
        app = Host(pane, depth=chance.choice(["truecolor", "256", "16", "none"]))
        async with app.run_test(size=(40, 18)) as pilot:
            for _ in range(6):
                for key in chance.choices([key for key in KEYS if key != "q"], k=80):
                    app.simulate_key(key)  # a Pilot's press waits 40 ms for the app to come to rest
                await pilot.pause()
                await pilot.resize_terminal(*chance.choice(SIZES))
                for knob in PANES[kind].knobs:
                    pane.knobs[knob] = chance.choice(VALUES)
                    pane.turned(knob, pane.knobs[knob])
                assert pane.sentence()
                again = pane_class(kind)(scene(kind, kept=pane.kept(), knobs=pane.knobs))
                assert again.kept() == pane.kept()
            assert pane.is_mounted

    asyncio.run(run())


@pytest.mark.parametrize("kind", KINDS)
def test_it_measures_what_was_declared(kind: str) -> None:
    measured = pane_class(kind)(scene(kind)).measured()
    assert set(measured) == set(PANES[kind].measures)
    kinds = {int: "number", float: "number", tuple: "place", str: "word"}
    assert {name: kinds[type(value)] for name, value in measured.items()} == PANES[kind].measures


def test_a_first_frame_needs_no_numpy() -> None:
    shown = f"for kind in {KINDS}: print(sheet_of(kind, (40, 18)).text)"
    loaded = modules_after(f"from tests.tui.canvas_text import sheet_of\n{shown}")
    assert "textual" in loaded
    assert not {"numpy", "PIL", "plotext", "torch"} & loaded
