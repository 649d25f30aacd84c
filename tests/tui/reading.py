"""Panes that have a text read, in a test: a lab that answers in this process, and networks for every kind of cell."""

import asyncio
import importlib
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import torch
from textual import events

from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.engine import lab
from fastai_tui.engine.errors import DataMissing
from fastai_tui.engine.interpret import recurrent
from fastai_tui.engine.interpret.text_model import TextModel, text_model
from fastai_tui.engine.recurrence import STEPS, VIEWS, Layer, View
from fastai_tui.lessons.experiments.char_lm import NETWORKS
from tests.tui.host import Host, play, pressed, settled
from tests.tui.lab_answers import wave
from tests.tui.test_pane_keys import KEYS

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (7, 9), (1, 1)]
WINDOWS = {"three": 3, "loop": 8, "concat": 8, "rnn": 8, "seq": 8}


class ReadingLab:
    """The lab's own answers, as they come through its pipe; or `trouble`."""

    def __init__(self, trouble: str = "") -> None:
        self.trouble, self.asked = trouble, list[tuple[str, dict[str, Any]]]()

    async def ask(self, request: str, /, *, topic: str = "", **arguments: Any) -> Any:
        self.asked.append((request, arguments))
        if self.trouble:
            raise DataMissing(self.trouble)
        module, _, function = lab.REQUESTS[request].partition(":")
        answer = getattr(importlib.import_module(module), function)(**arguments)
        return msgspec.json.decode(msgspec.json.encode(answer))


def drawn_at_every_size(pane: Pane, *keys: str, depth: str) -> None:
    """Press the keys at every size: it is drawn in just that size, and no line is longer."""

    async def drive(pilot: Any) -> None:
        for size in SIZES:
            await pilot.resize_terminal(*size)
            for _ in range(20):
                await pilot.pause()
                if (pane.sheet.width, pane.sheet.height) == size:
                    break
            await pressed(pilot, *keys)
            assert all(len(line) <= size[0] for line in pane.sheet.text.splitlines())
            assert (pane.sheet.width, pane.sheet.height) == size

    play(pane, drive=drive, depth=depth, unicode=depth != "none")


def any_keys_in_any_order(made: Callable[..., Pane], pane: Pane, chance: random.Random) -> None:
    """Press keys faster than they are answered, at changing sizes: it has words, and what it keeps opens it again."""

    async def run() -> None:
        app = Host(pane, depth=chance.choice(["truecolor", "256", "16", "none"]))
        async with app.run_test(size=(40, 18)) as pilot:
            for _ in range(6):
                for key in chance.choices(KEYS, k=60):
                    app.post_message(events.Key(key, key if len(key) == 1 else None))
                await settled(pilot)
                await pilot.resize_terminal(*chance.choice(SIZES))
                assert pane.sentence()
                assert pane.command()
                assert made(kept=pane.kept()).kept() == pane.kept()

    asyncio.run(run())


def network_instead(monkeypatch: pytest.MonkeyPatch, name: str, layers: int = 1) -> TextModel:
    """Have every source be a small network of that model, with the embedded text's vocabulary."""
    vocabulary = text_model("pydocs").vocabulary
    torch.manual_seed(7)
    more = {"layers": layers, "dropout": 0.0} if name in ("stateful", "gru", "lstm") else {}
    network = NETWORKS[name](len(vocabulary), 16, 6, **more).eval()
    model = TextModel(f"a-{name}", 24, network, vocabulary, WINDOWS.get(name, 0))
    monkeypatch.setattr(recurrent, "text_model", lambda source: model)
    return model


def canned(source: str, text: str, layer: int = 1) -> Any:
    """What the lab would say of a GRU of 20 units, by formula."""

    def view(number: int, gate: bool) -> View:
        values = [[(wave(number, u, t) + gate) / (1 + gate) for t in range(len(text))] for u in range(20)]
        data = b"".join(round(v * STEPS).to_bytes(2, "little", signed=True) for row in values for v in row)
        return View(1.0, data, [sum(abs(row[t]) for row in values) / 20 for t in range(len(text))])

    views = {name: view(i, name in ("reset", "update")) for i, name in enumerate(VIEWS["gru"])}
    found = Layer(
        source=source, step=0, kind="gru", layer=1, layers=2, units=20, told=20, length=len(text), begins=[0],
        unknown="é" if "é" in text else "", order=list(range(0, 20, 2)) + list(range(1, 20, 2)), views=views,
    )  # fmt: skip
    return msgspec.json.decode(msgspec.json.encode(found))
