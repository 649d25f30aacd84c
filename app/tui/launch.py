"""Opening the app: what Textual must find when it is imported, the driver, and a clean way out whatever happens."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastai_tui.app.terminal import Depth, colour_depth, speaks_unicode
from fastai_tui.engine.errors import BadInput

if TYPE_CHECKING:
    from fastai_tui.app.tui.app import LessonsApp
    from fastai_tui.lessons.schema import Chapter

SETTLED = 1.0  # seconds after which the first frame has long been there
TURN = 0.001  # seconds that a thread computes before another gets its turn; Python's 5 ms are long for a key
GRACE = 5.0  # seconds that leaving may take once somebody has asked for it by a signal
_COLOUR_SYSTEMS: dict[Depth, str] = {"truecolor": "truecolor", "256": "256", "16": "standard", "none": "standard"}


def launch(chapter: str = "", step: str = "") -> int:
    """Open the app at a chapter and step (its number or id), or where the learner left off; returns the exit code.
    Raises `BadInput` for a chapter or step that there is not."""
    gc.disable()  # 30 ms of the first 300 go into looking for garbage among what was only just made
    sys.setswitchinterval(TURN)
    depth = _prepare()
    app = _made(chapter, step, depth)
    errors: list[Exception] = []
    _keep_quiet(app, errors)
    asyncio.run(_run(app))
    if errors:
        raise errors[0]
    return app.return_code or 0


def _prepare() -> Depth:
    """The variables that Textual reads when it is imported."""
    depth = colour_depth()
    os.environ.setdefault("TEXTUAL_FPS", "120")  # a key is answered within 8 ms rather than 16
    os.environ.setdefault("ESCDELAY", "50")  # ms: escape alone, or the beginning of an arrow? Textual would take 100
    os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", _COLOUR_SYSTEMS[depth])
    for name in ("COLUMNS", "LINES"):  # the terminal knows better, and says when it changes
        os.environ.pop(name, None)
    return depth


def _made(chapter: str, step: str, depth: Depth) -> LessonsApp:
    from fastai_tui.app.tui.app import LessonsApp
    from fastai_tui.app.tui.driver import CellsDriver

    no_colour = os.environ.get("NO_COLOR")
    app = LessonsApp(depth=depth, unicode=speaks_unicode(), driver_class=CellsDriver)
    if no_colour is not None:  # Textual takes it away; the processes that the app starts should have it
        os.environ["NO_COLOR"] = no_colour
    CellsDriver.wish = app.config.link
    left_off = app.keeper.progress.place
    app.begin_at(*place(app.chapters, left_off.chapter if left_off else "", chapter, step))
    return app


def place(chapters: Sequence[Chapter], left_off: str, chapter: str, step: str) -> tuple[str, str]:
    """The chapter's slug and the step's id that the arguments mean; without a chapter the one where the learner left
    off, or the first. Raises `BadInput` with what there is."""
    if not chapter and not step:
        return "", ""
    wanted = chapter or left_off or next((one.slug for one in chapters), "")
    found = next((one for one in chapters if one.slug == wanted), None)
    if found is None:
        raise BadInput(f"There is no chapter {wanted!r}; there are {', '.join(one.slug for one in chapters)}.")
    ids = [one.id for one in found.steps]
    if step.isdecimal() and 1 <= int(step) <= len(ids):
        step = ids[int(step) - 1]
    if step and step not in ids:
        raise BadInput(f"There is no step {step!r} in {found.slug}; they go from 1 to {len(ids)}: {', '.join(ids)}.")
    return found.slug, step


def _keep_quiet(app: LessonsApp, errors: list[Exception]) -> None:
    """An error ends the app and is told in a sentence afterwards, instead of in pages of local variables."""

    def end(error: Exception) -> None:
        errors.append(error)
        app._return_code = 1
        app._close_messages_no_wait()

    setattr(app, "_handle_exception", end)  # noqa: B010  (an instance's method, which types know nothing of)


async def _run(app: LessonsApp) -> None:
    loop = asyncio.get_running_loop()
    loop.call_later(SETTLED, _settle)

    def leave(number: int, frame: Any) -> None:
        _leave_in_time(app, 128 + number)
        loop.call_soon_threadsafe(lambda: app.exit(return_code=128 + number if number == signal.SIGTERM else 0))

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, leave)
    await app.run_async()


def _settle() -> None:
    """What is there now stays, and need not be looked through again for garbage."""
    gc.freeze()
    gc.enable()


def _leave_in_time(app: LessonsApp, code: int) -> None:
    """See to it that leaving comes to an end, even with thousands of pasted keys to answer before."""
    from fastai_tui.app.tui.driver import CellsDriver

    def end() -> None:
        if isinstance(app._driver, CellsDriver):
            app._driver.hand_back()
        os._exit(code)

    watchdog = threading.Timer(GRACE, end)
    watchdog.daemon = True
    watchdog.start()
