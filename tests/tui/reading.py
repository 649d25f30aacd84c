"""Panes that have a text read, in a test: a lab that answers in this process, and networks for every kind of cell."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
import torch

from fastai_tui.app.tui.panes.reading import ReadingPane
from fastai_tui.engine import lab
from fastai_tui.engine.errors import DataMissing
from fastai_tui.engine.interpret import recurrent
from fastai_tui.engine.interpret.text_model import TextModel, text_model
from fastai_tui.engine.recurrence import STEPS, VIEWS, Layer, View
from fastai_tui.lessons.experiments.char_lm import NETWORKS
from tests.tui.host import Host
from tests.tui.lab_answers import wave

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


def play(
    pane: ReadingPane,
    drive: Callable[[Any], Awaitable[None]] | None = None,
    size: tuple[int, int] = (78, 18),
    **look: Any,
) -> str:
    """The pane's text at the end."""

    async def run() -> str:
        async with Host(pane, **look).run_test(size=size) as pilot:
            await settled(pilot)
            if drive is not None:
                await drive(pilot)
            await settled(pilot)
            return pane.sheet.text

    return asyncio.run(run())


async def settled(pilot: Any) -> None:
    for _ in range(4):
        await pilot.pause()


def pressing(*keys: str) -> Callable[[Any], Awaitable[None]]:
    async def drive(pilot: Any) -> None:
        for key in keys:
            await pilot.press(key)
            await pilot.pause()

    return drive


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
