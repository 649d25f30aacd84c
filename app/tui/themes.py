"""The themes: for each, textual's own theme, our palette of roles, and the mark that is laid over pictures.

Every true colour here is one of xterm's 256 and survives Rich's way of reducing colours, so that a terminal without
COLORTERM shows nearly the same (tests/unit/test_themes.py measures the contrasts). With 16 colours and fewer a theme
is made of the terminal's own palette and of attributes: a reversed colour stands on the terminal's own ground, whatever
that is, which no pair of palette numbers can promise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rich.terminal_theme import TerminalTheme
from textual.theme import BUILTIN_THEMES, Theme

from fastai_tui.app.halfblocks import RGB
from fastai_tui.app.tui.palette import Palette
from fastai_tui.app.tui.sheet import Paint, Role, Sight
from fastai_tui.app.tui.tints import BLACK, DARK, LIGHT, LIME, TINTS, VIOLET, WHITE, Tints

if TYPE_CHECKING:
    from textual.app import App

    from fastai_tui.app.terminal import Depth

# What each theme is good for, in the order in which ctrl+t offers them
ABOUT: dict[str, str] = {
    "dark": "light text on dark grey",
    "light": "dark text on white",
    "ansi": "the 16 colours of your terminal, on its own background",
    "safe": "for every kind of colour vision: no red and green",
    "high-contrast": "white on black, every colour at its brightest",
}
NAMES = tuple(ABOUT)


@dataclass(frozen=True)
class LessonTheme:
    """A theme at one depth of colour. `terminal` is what the 16 colours of plots are shown as in it."""

    name: str
    about: str
    textual: Theme
    palette: Palette
    mark: RGB
    mark16: int
    light: bool
    terminal: TerminalTheme

    def sight(self, depth: Depth, unicode: bool = True) -> Sight:
        """What panes need to know to draw in this theme."""
        return Sight(depth=depth, unicode=unicode, mark=self.mark, mark16=self.mark16, light=self.light)


def default_for(depth: Depth, light: bool) -> str:
    """The name of the theme to begin with: the terminal's own colours where there are only those."""
    if depth in ("16", "none"):
        return "ansi"
    return "light" if light else "dark"


def after(name: str) -> str:
    """The theme that follows, round and round."""
    return NAMES[(NAMES.index(name) + 1) % len(NAMES)] if name in NAMES else NAMES[0]


@lru_cache(maxsize=32)
def theme_named(name: str, depth: Depth = "truecolor", light: bool = False) -> LessonTheme:
    """The theme as it looks at a depth of colour; an unknown name is that of `default_for`.

    `light` says whether the terminal's own ground is light, which matters where a theme leaves it as it is.
    """
    name = name if name in NAMES else default_for(depth, light)
    if depth in ("truecolor", "256") and name != "ansi":
        return _coloured(name, TINTS[name])
    return _plain(name) if depth == "none" else _sixteen(name, light)


def wear(app: App[Any], theme: LessonTheme) -> None:
    """Make a running app look like it."""
    app.register_theme(theme.textual)
    app.ansi_theme_dark = app.ansi_theme_light = theme.terminal
    app.theme = theme.textual.name


def _coloured(name: str, tints: Tints) -> LessonTheme:
    on_mark = WHITE if tints.mark == VIOLET else BLACK
    looks: dict[Role, Paint] = {
        "plain": Paint(tints.text, tints.ground),
        "dim": Paint(tints.dim),
        "strong": Paint(tints.strong, bold=True),
        "emphasis": Paint(tints.emphasis),
        "code": Paint(tints.code),
        "link": Paint(tints.link, underline=True),
        "title": Paint(tints.strong, bold=True),
        "accent": Paint(tints.link),
        "good": Paint(tints.good),
        "bad": Paint(tints.bad, bold=True),
        "warn": Paint(tints.warn),
        "cursor": Paint(WHITE if tints.light else BLACK, tints.cursor, bold=True),
        "mark": Paint(on_mark, tints.mark, bold=True),
        "shade": Paint(tints.strong, tints.shade),
        "head": Paint(tints.strong, tints.shade, bold=True),
        "key": Paint(tints.key, tints.shade, bold=True),
        "field": Paint(tints.strong, tints.field),
    }
    mark16 = 13 if tints.mark == VIOLET else 10
    palette = Palette(tuple(looks.items()))
    return LessonTheme(
        name, ABOUT[name], _textual(name, tints), palette, tints.mark, mark16, tints.light, _terminal(tints)
    )


def _textual(name: str, tints: Tints) -> Theme:
    """Textual's own widgets (fields, the palette of commands) in the same colours, none of them blended: a blend would
    not lie on the 256."""
    text, dim, strong = _hex(tints.text), _hex(tints.dim), _hex(tints.strong)
    ground, shade, field = _hex(tints.ground), _hex(tints.shade), _hex(tints.field)
    cursor, on_cursor = _hex(tints.cursor), _hex(WHITE if tints.light else BLACK)
    return Theme(
        name=f"fastai-{name}",
        primary=cursor,
        secondary=_hex(tints.link),
        accent=_hex(tints.warn),
        warning=_hex(tints.warn),
        error=_hex(tints.bad),
        success=_hex(tints.good),
        foreground=text,
        background=ground,
        surface=shade,
        panel=shade,
        boost=shade,
        dark=not tints.light,
        variables={
            "text": strong,
            "text-muted": dim,
            "text-disabled": dim,
            "foreground-muted": dim,
            "foreground-disabled": dim,
            "block-cursor-foreground": on_cursor,
            "block-cursor-background": cursor,
            "block-cursor-blurred-foreground": on_cursor,  # the palette's list is chosen from without the focus
            "block-cursor-blurred-background": cursor,
            "block-cursor-blurred-text-style": "bold",
            "block-hover-background": field,
            "border": cursor,
            "border-blurred": dim,
            "surface-active": field,
            "scrollbar": dim,
            "scrollbar-hover": text,
            "scrollbar-active": text,
            "scrollbar-background": shade,
            "input-cursor-background": strong,
            "input-cursor-foreground": ground,
            "input-selection-background": cursor,
            "input-selection-foreground": on_cursor,
            "screen-selection-background": cursor,
            "screen-selection-foreground": on_cursor,
        },
    )


def _terminal(tints: Tints) -> TerminalTheme:
    """What the 16 colours become: black and white are the theme's grounds and texts, the hues its own."""
    hues = [tints.bad, tints.good, tints.warn, tints.link, tints.emphasis, tints.code]
    return TerminalTheme(tints.ground, tints.text, [tints.ground, *hues, tints.text], [tints.dim, *hues, tints.strong])


def _sixteen(name: str, light: bool) -> LessonTheme:
    """In the terminal's own colours. Green, yellow and cyan vanish on white and blue on black, so each ground has its
    own hues."""
    light = {"light": True, "dark": False, "high-contrast": False}.get(name, light)
    plain = {"dark": Paint(7, 0), "light": Paint(0, 15), "high-contrast": Paint(15, 0)}.get(name, Paint())
    blue, accent, warn = (4, 4, 5) if light else (14, 14, 11)
    good, bad = (4, 5) if name == "safe" and light else (14, 11) if name == "safe" else (4, 1) if light else (10, 9)
    dim = Paint(7) if name == "high-contrast" else Paint(8) if light else Paint(dim=True)  # 8 is Solarized's ground
    looks = _attributes() | {
        "plain": plain,
        "dim": dim,
        "emphasis": Paint(warn),
        "code": Paint(accent),
        "link": Paint(blue, underline=True),
        "accent": Paint(accent),
        "good": Paint(good),
        "bad": Paint(bad, bold=True),
        "warn": Paint(warn),
        "cursor": Paint(blue if light else 11, bold=True, reverse=True),
        "mark": Paint(5 if light else 13 if name == "safe" else 10, bold=True, reverse=True),
        "key": Paint(warn, bold=True, reverse=True),
    }
    mark, mark16 = (VIOLET, 13) if name == "safe" else (LIME, 10)
    textual = _native(f"fastai-{name}-16-{'light' if light else 'dark'}", light, plain)
    terminal = _terminal(LIGHT if light else DARK)
    return LessonTheme(name, ABOUT[name], textual, Palette(tuple(looks.items())), mark, mark16, light, terminal)


def _plain(name: str) -> LessonTheme:
    """Without any colour: bold, underlined, reversed."""
    textual = _native(f"fastai-{name}-none", False, Paint())
    palette = Palette(tuple(_attributes().items()))
    return LessonTheme(name, ABOUT[name], textual, palette, LIME, 10, False, _terminal(DARK))


def _attributes() -> dict[Role, Paint]:
    return {
        "plain": Paint(),
        "dim": Paint(),
        "strong": Paint(bold=True),
        "emphasis": Paint(underline=True),
        "code": Paint(bold=True),
        "link": Paint(underline=True),
        "title": Paint(bold=True),
        "accent": Paint(bold=True),
        "good": Paint(bold=True),
        "bad": Paint(bold=True),
        "warn": Paint(bold=True),
        "cursor": Paint(bold=True, reverse=True),
        "mark": Paint(bold=True, reverse=True),
        "shade": Paint(reverse=True),
        "head": Paint(bold=True, reverse=True),
        "key": Paint(bold=True, reverse=True),
        "field": Paint(underline=True),
    }


def _native(name: str, light: bool, plain: Paint) -> Theme:
    """Textual's theme of the terminal's own colours, on the ground that `plain` says."""
    front, back = (_ansi(colour) for colour in (plain.front, plain.back))
    base = BUILTIN_THEMES["ansi-light" if light else "ansi-dark"]
    cursor, on_cursor = ("ansi_blue", "ansi_bright_white") if light else ("ansi_bright_yellow", "ansi_black")
    chosen = "bold reverse" if name.endswith("-none") else "bold"
    variables = {
        "block-cursor-foreground": on_cursor,
        "block-cursor-background": cursor,
        "block-cursor-text-style": chosen,
        "block-cursor-blurred-foreground": on_cursor,
        "block-cursor-blurred-background": cursor,
        "block-cursor-blurred-text-style": chosen,
        "input-cursor-background": back,
        "input-cursor-foreground": front,
        "input-cursor-text-style": "reverse" if name.endswith("-none") else "none",
        "text-muted": front,
        "foreground-muted": front,
        "border": cursor,
        "border-blurred": front,
    }
    return replace(
        base, name=name, foreground=front, background=back, variables=base.variables | variables, dark=not light
    )


def _ansi(colour: object) -> str:
    return {0: "ansi_black", 7: "ansi_white", 15: "ansi_bright_white"}.get(colour, "ansi_default")  # type: ignore[call-overload]


def _hex(colour: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
