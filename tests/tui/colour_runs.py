"""Runs on coloured digits, and panes that look inside them, played by keys with the lab's own functions behind."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from textual.pilot import Pilot

from fastai_tui.app.snapshots import Watcher
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.engine.data.store import images
from fastai_tui.engine.interpret import learned, maps, mistakes
from fastai_tui.engine.runs import checkpoints, process
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import schema
from tests.runs import new_run
from tests.tui.host import Host, SilentLab, scene
from tests.tui.test_learned_panes import settled

DATA = "colour-digits"
ANSWERS: dict[str, Any] = {"learned": learned.answer, "maps": maps.answer, "mistakes": mistakes.answer}
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
KEYS = [*"vdDi037zukeyp", "up", "down", "left", "right", "home", "end", "space", "escape"]
SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (5, 1)]
MODELS = ("conv", "linear")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with finished runs: 1 the convolutional network, 2 the linear one."""
    place = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTAI_TUI_HOME", str(place))
        for model in MODELS:
            size = {} if model == "linear" else {"width": "0.25"}
            process.main(new_run("cifar10", data=DATA, model=model, preset="quick", bs="1000", **size).path)
    return place


@pytest.fixture(autouse=True)
def at_home(trained: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(trained))


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
    asked = schema.Run(experiment="cifar10", data=DATA, set={"preset": "quick"})

    async def whole() -> Host:
        pane = make(scene(kind, run=asked, lab=SilentLab(answers or ANSWERS), **about))
        app = Host(pane, depth=depth, unicode=depth != "none")
        async with app.run_test(size=size) as pilot:
            if run:
                found = RunStore().find(run)
                pane.follow(found, Watcher(found).snapshot(), (found.id,))
            await settled(pilot)
            await scenario(pane, pilot)
        return app

    return asyncio.run(whole())


def weights(run: str, *, first: bool = False) -> dict[str, torch.Tensor]:
    folder = RunStore().find(run).path / "checkpoints"
    found = (checkpoints.first if first else checkpoints.newest)(folder)
    assert found is not None
    model: dict[str, torch.Tensor] = found[0]["model"]
    return model


def by_class(image: int) -> tuple[np.ndarray, int]:
    """The validation image of that number, counted class by class, straight from the data."""
    found = images(DATA)
    rows = np.flatnonzero(found.valid_labels == image % 10)
    return found.valid_images[rows[image // 10]], image % 10
