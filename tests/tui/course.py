"""The whole app inside a test: no terminal, a lab in this process, and runs that are over as soon as they begin."""

import asyncio
import importlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from textual import events
from textual.keys import _character_to_key

from fastai_tui.app import studying
from fastai_tui.app.tui.app import LessonsApp
from fastai_tui.app.tui.canvas import Canvas
from fastai_tui.engine import events as told
from fastai_tui.engine import lab
from fastai_tui.engine.ablation.study import StudyStore, found
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.home import write_whole
from fastai_tui.engine.runs import client, spec
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.steps import row_type
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.runs.writer import RunWriter
from tests.unit.canned_runs import BEGUN, epoch_of, rows

PER_EPOCH = 71
MOST_OF_A_STUDY = 8  # runs
CHARACTERS = {"space": " ", "enter": "\r", "tab": "\t", "escape": "\x1b", "backspace": "\x7f"}


class NearLab:
    """Answers in this process what the lab process would, except what needs a network that was trained."""

    def __init__(self, stand_ins: dict[str, Callable[..., Any]] | None = None, delay: float = 0.0) -> None:
        self.stand_ins, self.delay, self.busy = stand_ins or {}, delay, 0

    async def ask(self, request: str, *, topic: str = "", **arguments: Any) -> Any:
        self.busy += 1
        try:
            return await self._answer(request, arguments)
        finally:
            self.busy -= 1

    async def _answer(self, request: str, arguments: dict[str, Any]) -> Any:
        await asyncio.sleep(self.delay)
        if request in self.stand_ins:
            return self.stand_ins[request](**arguments)
        module, _, function = lab.REQUESTS[request].partition(":")
        if request in ("learned", "maps", "mistakes"):
            raise RunFailed("There is no network here that was trained.")
        answer = getattr(importlib.import_module(module), function)
        given = msgspec.json.decode(msgspec.json.encode(arguments))
        return msgspec.json.decode(msgspec.json.encode(answer(**given)))

    def warm(self) -> None:
        """There is nothing to start."""

    async def close(self) -> None:
        """There is nothing to end."""


def over_at_once(run: Run) -> Run:
    """Instead of `client.launch`: the run's folder as its process would have left it, its loss a formula."""
    job = run.spec.job
    total, broken = job.epochs * PER_EPOCH, job.settings.get("model") == "broken"
    done = 0 if broken else total
    planned = msgspec.structs.replace(run.spec, created=BEGUN, device="cpu", total_batches=total)
    write_whole(run.path / "run.json", spec.encode(planned))
    writer = RunWriter(run.path, 1, 0)
    writer.emit(
        told.RunStarted(
            time=BEGUN,
            run=run.id,
            experiment=job.experiment,
            settings=job.settings,
            seed=job.seed,
            epochs=job.epochs,
            device="cpu",
            data=told.DataFacts(name="mnist-sample", source="sample", train=900, valid=100),
            parameters=7010,
            batches_per_epoch=PER_EPOCH,
            versions={"python": "3.11.2", "torch": "2.15.0"},
        )
    )
    for number in range(done // PER_EPOCH):
        writer.emit(epoch_of(number, PER_EPOCH))
    made = rows(1, done, total, PER_EPOCH)
    writer.flush(1, {field: made[field] for field in row_type(1).names or ()} if done else {})
    how, words = ("failed", "The shapes do not fit.") if broken else ("finished", "Finished.")
    at = {"time": BEGUN + done * 0.02, "step": done, "epoch": max(job.epochs - 1, 0)}
    writer.last_words(told.RunEnded(**at, reason=how, message=words, seconds=6.1))
    return run


def study_over_at_once(name: str, store: StudyStore, jobs: int = 1) -> None:
    """Instead of `studying.launch`: the first runs of a study as their processes would have left them."""
    study, runs = store.find(name), RunStore()
    there = found(study, runs.runs())
    for member in [m for m in study.members if m.number not in there][:MOST_OF_A_STUDY]:
        run = over_at_once(runs.create(member.job, study.run_name(member), ["test"]))
        write_whole(run.path / "run.json", spec.encode(msgspec.structs.replace(run.spec, created=time.time())))


@pytest.fixture
def canned_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs and studies that lessons start are over at once."""
    monkeypatch.setattr(client, "launch", over_at_once)
    monkeypatch.setattr(client, "resume", lambda run: None)
    monkeypatch.setattr(studying, "launch", study_over_at_once)


def in_colours(monkeypatch: pytest.MonkeyPatch, depth: str) -> None:
    """Have the console reduce colours as it does in a terminal of that depth."""
    monkeypatch.setenv("TERM", "xterm" if depth in ("16", "none") else "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor" if depth == "truecolor" else "")
    for name in ("NO_COLOR", "TERM_PROGRAM", "TMUX", "STY", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)


@asynccontextmanager
async def opened(
    chapter: str = "",
    step: str = "",
    size: tuple[int, int] = (80, 24),
    depth: Any = "truecolor",
    the_lab: Any = None,
    unicode: bool = True,
) -> AsyncIterator[LessonsApp]:
    """The app, open and at rest. What goes wrong in it goes wrong in the test."""
    app = LessonsApp(chapter, step, depth=depth, lab=the_lab or NearLab(), unicode=unicode)
    async with app.run_test(size=size, notifications=True):
        await rest(app)
        yield app


def key_event(key: str) -> events.Key:
    """The event of a key that is given by name or as a character."""
    if len(key) == 1:
        return events.Key(key if key.isalnum() else _character_to_key(key), key)
    return events.Key(key, CHARACTERS.get(key))


async def press(app: LessonsApp, *keys: str) -> None:
    """Press keys one after the other, each when the one before has had its effect."""
    for key in keys:
        post(app, key)
        await rest(app)


def post(app: LessonsApp, key: str) -> None:
    """Press a key, and do not wait."""
    event = key_event(key)
    event.set_sender(app)
    app.post_message(event)


async def flood(app: LessonsApp, keys: Iterable[str], between: int = 20) -> None:
    """Press many keys as fast as they are taken."""
    for number, key in enumerate(keys):
        post(app, key)
        if number % between == between - 1:
            await handled(app)
    await handled(app)


async def handled(app: LessonsApp) -> None:
    """Until every key and message that waits now has been handled, in the app and in all widgets; fails if that never
    comes."""
    await _handled_once(app)
    while (app._keys or app._under_way is not None) and not app._exit:
        await _handled_once(app)


async def _handled_once(app: LessonsApp) -> None:
    left = asyncio.get_running_loop().create_future()
    pumps = [app, *(app.screen.walk_children(with_self=True) if app.screen_stack else [])]
    count = [len(pumps)]

    def one_less() -> None:
        count[0] -= 1
        if not count[0] and not left.done():
            left.set_result(None)

    count[0] -= sum(not pump.call_later(one_less) for pump in pumps)
    if count[0]:
        broken = asyncio.ensure_future(app._exception_event.wait())
        await asyncio.wait([left, broken], timeout=120, return_when=asyncio.FIRST_COMPLETED)
        broken.cancel()
        assert left.done() or app._exception is not None, "it hangs"
    if app._exception is not None:
        raise app._exception


def awaited(app: LessonsApp) -> bool:
    """Does some widget mean to do something in a moment: ask the lab when the cursor has come to rest, draw a plot?"""
    timers = [timer for widget in app.screen.walk_children(Canvas) for timer in widget._timers]
    soon = any(timer._repeat == 0 and timer._task is not None and not timer._task.done() for timer in timers)
    return soon or any(worker.group == "plotting" and not worker.is_finished for worker in app.workers)


async def rest(app: LessonsApp, within: float = 10.0) -> None:
    """Until nothing waits, the lab has answered, and the screen stays as it is."""
    from tests.tui.looks import look

    end, before = time.monotonic() + within, None
    while time.monotonic() < end:
        await handled(app)
        await asyncio.sleep(0.01)
        now = look(app)
        if now == before and not getattr(app.services.lab, "busy", 0) and not awaited(app):
            return
        before = now
    raise AssertionError("it does not come to rest")
