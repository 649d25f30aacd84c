"""Every page at every size, as text; and every cell of it legible in every theme at every depth of colour."""

from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.app import App

from fastai_tui.app.tui import themes
from tests.contrast import VSCODE_LIGHT, XTERM, XTERM_LIGHT, contrast, seen
from tests.tui.looks import look, same_as_golden
from tests.tui.pages import KEYS, SCREENS, page
from tests.tui.screens import ScreenHost

SIZES = [(80, 24), (120, 40), (40, 12)]
ANY_SIZES = [(80, 24), (200, 60), (40, 12), (20, 6), (3, 2), (1, 1)]
TERMINALS: dict[str, tuple[Any, object, bool]] = {  # how many colours, which ones, and whether its ground is light
    "truecolor": ("truecolor", XTERM, False),
    "256": ("256", XTERM, False),
    "16": ("16", XTERM, False),
    "16-light": ("16", XTERM_LIGHT, True),
    "16-pale": ("16", VSCODE_LIGHT, True),
    "none": ("none", XTERM, False),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
async def test_what_a_page_shows(name: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAI_TUI_HOME", "/home/learner/fastai-tui")
    monkeypatch.setattr("fastai_tui.engine.versions.versions", lambda: {"python": "3.12.0", "torch": "2.15.0"})
    monkeypatch.setattr(Path, "home", lambda: Path("/home/learner"))
    app = ScreenHost(lambda: page(name))
    async with app.run_test(size=size) as pilot:
        await pilot.press(*KEYS.get(name, []))
        await pilot.pause()
        same_as_golden(f"pages/{name}-{size[0]}x{size[1]}", look(app).text)


@pytest.mark.parametrize("size", ANY_SIZES, ids=str)
@pytest.mark.parametrize("every", [2, pytest.param(1, marks=pytest.mark.acceptance)], ids=["half", "all"])
async def test_no_size_and_no_key_breaks_a_page(size: tuple[int, int], every: int) -> None:
    """`make test` has half of the pages at each size, and each page at half of the sizes."""
    named = ["down", "up", "pagedown", "pageup", "home", "end", "right", "left", "space", "enter", "backspace", "tab"]
    keys = [*named, *"ynpgb12", "escape"]
    app = ScreenHost(lambda: page("help"), unicode=size[0] != 40)
    async with app.run_test(size=size) as pilot:
        for name in list(SCREENS)[ANY_SIZES.index(size) % every :: every]:
            app.push_screen(page(name))
            await pilot.pause()
            for press in (keys, keys[::-1]):
                for key in press:
                    app.post_message(events.Key(key, key if len(key) == 1 else None))
                await pilot.pause()
                await pilot.resize_terminal(60, 15)
            await pilot.resize_terminal(*size)
        assert app.is_running


@pytest.mark.parametrize("where", TERMINALS)
@pytest.mark.parametrize("name", themes.NAMES)
@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.acceptance)], ids=["third", "all"])
async def test_every_character_is_legible(name: str, where: str, every: int) -> None:
    """`make test` has a third of the pages in each theme in each terminal: all of them in every theme and in every
    terminal, but not in all pairs; `make acceptance` has these."""
    depth, terminal, light = TERMINALS[where]
    turn = themes.NAMES.index(name) + list(TERMINALS).index(where)
    if terminal is VSCODE_LIGHT:
        if name not in ("ansi", "safe"):
            return  # they bring grounds of their own out of a palette that has no light one
        every = 1  # for there are two
    app = ScreenHost(lambda: page("help"), theme=name, depth=depth, light=light)
    async with app.run_test(size=(80, 24)) as pilot:
        for screen in list(SCREENS)[turn % every :: every]:
            app.push_screen(page(screen))
            await pilot.pause()
            await pilot.press(*KEYS.get(screen, []))
            await pilot.pause()
            for character, front, back in cells(app, depth, terminal):
                assert contrast(front, back) >= 2.95, (screen, character, front, back)


def cells(app: App[None], depth: str, terminal: object) -> list[tuple[str, tuple[int, int, int], tuple[int, int, int]]]:
    """Every character that says something, in the colours of its text and its ground, as a terminal shows them."""
    found = []
    for strip in app.screen._compositor.render_strips(app.size):
        segments = list(strip)
        for each in app.get_line_filters():
            segments = each.apply(segments, app.screen.styles.background)
        for segment in segments:
            style = segment.style
            front = seen(style.color if style else None, depth, terminal, front=True)  # type: ignore[arg-type]
            back = seen(style.bgcolor if style else None, depth, terminal, front=False)  # type: ignore[arg-type]
            if style and style.reverse:
                front, back = back, front
            if style and style.dim:
                front = tuple((a + b) // 2 for a, b in zip(front, back, strict=True))  # type: ignore[assignment]
            found += [(c, front, back) for c in set(segment.text) - set(" ▀░█")]
    return found
