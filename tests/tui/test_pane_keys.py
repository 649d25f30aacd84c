"""Any key, at any time, at any size: no pane of this chapter breaks."""

import asyncio
import random

import pytest
from textual import events

from fastai_tui.app.tui.panes import pane_class
from tests.tui.host import Host, scene

KEYS = [
    *"abcdefghijklmnopqrstuvwxyzADEFIJKLMPUVYZ0123456789", "left", "right", "up", "down", "home", "end", "space",
    "backspace", "delete", "comma", "full_stop", "less_than_sign", "greater_than_sign", "left_square_bracket",
    "right_square_bracket", "enter", "escape", "tab", "pageup", "pagedown", "f1", "f12", "insert",
]  # fmt: skip
SIZES = [(40, 18), (60, 34), (38, 6), (1, 1), (160, 50)]


@pytest.mark.parametrize("kind", ["pixels", "window", "map", "kernels"])
@pytest.mark.parametrize("seed", range(3))
def test_any_keys_in_any_order(kind: str, seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        pane = pane_class(kind)(scene(kind, knobs={"speed": 500.0}))
        app = Host(pane, depth=chance.choice(["truecolor", "256", "16", "none"]))
        async with app.run_test(size=(40, 18)) as pilot:
            kept = [pane.kept()]
            for _ in range(6):
                for key in chance.choices(KEYS, k=100):
                    app.post_message(events.Key(key, key if len(key) == 1 else None))
                await pilot.pause()
                kept.append(pane.kept())
                await pilot.resize_terminal(*chance.choice(SIZES))
                assert pane.sentence()
                assert pane.command()
                again = pane_class(kind)(scene(kind, kept=pane.kept()))
                assert again.kept() == pane.kept()
            assert pane.is_mounted
            assert kept[0] != kept[1]

    asyncio.run(run())
