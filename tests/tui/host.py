"""An app around one pane or one screen, for tests: what it tells its parent is kept in `told`."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from textual.app import App, ComposeResult

from fastai_tui.app.tui import themes
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.services import Scene, Services
from fastai_tui.app.tui.sheet import Sheet, Sight
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons.schema import Run, Step
from tests.player import PATIENCE


class SilentLab:
    """A lab that gives the answers it was made with, and has trouble with everything else."""

    def __init__(self, answers: Mapping[str, Any] | None = None) -> None:
        self.answers, self.asked = answers or {}, list[tuple[str, dict[str, Any]]]()

    async def ask(self, request: str, /, *, topic: str = "", **arguments: Any) -> Any:
        self.asked.append((request, arguments))
        if request not in self.answers:
            raise RunFailed("There is no lab here.")
        answer = self.answers[request]
        return answer(**arguments) if callable(answer) else answer


class Host(App[None]):
    """Shows one pane over the whole terminal."""

    CSS = "Canvas { width: 100%; height: 100%; }"

    def __init__(self, pane: Pane, *, theme: str = "dark", depth: Any = "truecolor", unicode: bool = True) -> None:
        super().__init__()
        self.theme_worn = themes.theme_named(theme, depth)
        self.sight: Sight = self.theme_worn.sight(depth, unicode)
        self.palette = self.theme_worn.palette
        self.pane = pane
        self.told: list[Any] = []
        self.last_key = 0.0

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_pane_changed(self, message: Pane.Changed) -> None:
        self.told.append(message)

    on_pane_said = on_pane_train = on_pane_steer = on_pane_turn = on_pane_changed  # type: ignore[assignment]


def scene(
    kind: str,
    *,
    show: Mapping[str, Any] | None = None,
    run: Run | None = None,
    knobs: Mapping[str, Any] | None = None,
    kept: Mapping[str, Any] | None = None,
    hidden: frozenset[str] = frozenset(),
    lab: Any = None,
    runs: RunStore | None = None,
) -> Scene:
    """Where a pane of that kind would stand."""
    step = Step(id="a-step", title="A step", pane=kind, prose="Prose.", show=dict(show or {}), run=run)
    services = Services(lab or SilentLab(), runs or RunStore())
    return Scene("a-chapter", step, services, dict(knobs or {}), dict(kept or {}), hidden)


def drawn(pane: Pane) -> Sheet:
    """What a mounted pane shows now."""
    return pane.sheet


def play(
    pane: Pane,
    *keys: str,
    first: Callable[[Any], object] | None = None,
    drive: Callable[[Any], Awaitable[None]] | None = None,
    size: tuple[int, int] = (78, 18),
    **look: Any,
) -> str:
    """Show the pane, do with it what comes `first`, press the keys, do what `drive` does, and return its text at the
    end."""

    async def run() -> str:
        async with Host(pane, **look).run_test(size=size) as pilot:
            if first is not None:
                first(pane)
            await pressed(pilot, *keys)
            if drive is not None:
                await drive(pilot)
                await settled(pilot)
            if plotter := getattr(pane, "plotter", None):
                plotter._kept.clear()  # its beat would have it wait
            pane.redraw()
            return pane.sheet.text

    return asyncio.run(run())


def driven(
    pane: Pane, drive: Callable[[Any, Host], Awaitable[None]], size: tuple[int, int] = (78, 18), **look: Any
) -> str:
    """Show a pane of runs, do with it and its app what `drive` does, and return its text at the end."""
    return play(pane, drive=lambda pilot: drive(pilot, pilot.app), size=size, **look)


async def nothing(pilot: Any, host: Host) -> None:
    """Just look."""


async def settled(pilot: Any) -> None:
    """Until nothing is asked of the lab any more."""
    end = time.monotonic() + PATIENCE
    await pilot.pause()
    while not all(worker.is_finished for worker in pilot.app.workers):
        assert time.monotonic() < end, "it does not come to rest"
        await pilot.pause(0.005)


async def pressed(pilot: Any, *keys: str) -> None:
    """Once it has settled, press keys one after the other, each when the one before has had its effect."""
    await settled(pilot)
    for key in keys:
        await pilot.press(key)
        await settled(pilot)
