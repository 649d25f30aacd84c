"""Keys by the names that people call them, and what they do now: made from the active bindings, never typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import App
from textual.keys import format_key
from textual.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import Binding
    from textual.dom import DOMNode

_NAMES = {
    "escape": "esc",
    "enter": "enter",
    "space": "space",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "backspace": "backspace",
    "delete": "del",
    "minus": "-",
}
_ARROWS = {"up": "↑", "down": "↓", "left": "←", "right": "→"}
# What textual gives every screen; nobody hops between widgets here, and the terminal itself selects text.
_TEXTUALS = ("app.focus_next", "app.focus_previous", "screen.copy_text", "help_quit")
_LAST = 99  # the rank of a key that nothing ranks
_MOST = 4  # keys of one function that are listed one by one; more are a range, or the first few


@dataclass(frozen=True)
class Group:
    """The keys of one place (a pane, a screen, the app), each with what it does."""

    title: str
    keys: tuple[tuple[str, str], ...]


def key_name(key: str, unicode: bool = True) -> str:
    """`]` for "right_square_bracket", `ctrl+p`, `↑` (or `up` where there is only ASCII)."""
    *modifiers, last = key.split("+")
    if last in _ARROWS:
        name = _ARROWS[last] if unicode else last
    else:
        name = _NAMES.get(last) or (last.capitalize() if last[:1] == "f" and last[1:].isdecimal() else format_key(last))
    return "+".join([*modifiers, name])


def together(keys: Iterable[str], unicode: bool = True) -> str:
    """Several keys that do the same: `arrows`, `0–9`, `+ =`, `d D`."""
    given = list(dict.fromkeys(keys))
    words: list[str] = []
    for name, members in (("arrows", tuple(_ARROWS)), ("0–9" if unicode else "0-9", tuple("0123456789"))):
        if all(member in given for member in members):
            words.append(name)
            given = [key for key in given if key not in members]
    names = [key_name(key, unicode) for key in given]
    return " ".join([*words, *(names if len(names) <= _MOST else [*names[:_MOST], "…" if unicode else "..."])])


def groups(screen: Screen[object]) -> list[Group]:
    """What every key does now, the most local place first."""
    found: dict[str, dict[str, list[str]]] = {}
    for node, key, binding in active(screen):
        words = binding.tooltip or binding.description
        found.setdefault(_place(node), {}).setdefault(words, []).append(key)
    return [
        Group(title, tuple((together(keys, _unicode(screen)), words) for words, keys in functions.items()))
        for title, functions in found.items()
    ]


def matters(screen: Screen[object]) -> list[tuple[str, str]]:
    """The keys that matter now, for the key line: those whose binding asks to be shown, those that move first, then
    those that a pane names in its `FIRST`."""
    found: dict[tuple[str, str], list[str]] = {}
    ranks: dict[tuple[str, str], int] = {}
    for node, key, binding in active(screen):
        if binding.show:
            what = (_place(node), binding.description)
            found.setdefault(what, []).append(key)
            ranks[what] = min(ranks.get(what, _LAST), _rank(node, key))
    order = sorted(found, key=lambda what: ranks[what])
    return [(together(found[what], _unicode(screen)), what[1]) for what in order]


def essential(screen: Screen[object]) -> set[str]:
    """What of it has to be told however narrow the line is: the first that a pane names in its `FIRST`, and the actions
    that the screen names as `essential`."""
    wanted = getattr(screen, "essential", ())
    return {
        binding.description
        for node, key, binding in active(screen)
        if binding.action in wanted or key in getattr(node, "FIRST", ())[:1]
    }


def active(screen: Screen[object]) -> list[tuple[DOMNode, str, Binding]]:
    """(where, key, binding) of every key that would act now, without those that textual brings along, and, while a line
    is typed, those that are characters of it."""
    types = typing(screen)
    return [
        (node, key, binding)
        for key, (node, binding, enabled, _) in screen.active_bindings.items()
        if enabled and binding.description and not binding.system and binding.action not in _TEXTUALS
        if not (types and (key == "space" or (len(key_name(key)) == 1 and key not in _ARROWS)))
    ]


def typing(screen: Screen[object]) -> bool:
    """Is a line being typed in the pane that has the focus?"""
    return bool(getattr(screen.focused, "types", False))


def _place(node: DOMNode) -> str:
    """What a node's keys are listed under: its own `KEYS`, or by what it is."""
    given = getattr(node, "KEYS", "")
    if given:
        return str(given)
    return "Everywhere" if isinstance(node, App) else "This page" if isinstance(node, Screen) else "This pane"


def _rank(node: DOMNode, key: str) -> int:
    """Which comes first in the key line: a pane's arrows, what it names first, its other keys; then all others."""
    if isinstance(node, (Screen, App)):
        return _LAST
    first: tuple[str, ...] = getattr(node, "FIRST", ())
    if key in _ARROWS:
        return 0
    return 1 + first.index(key) if key in first else _LAST - 1


def _unicode(screen: Screen[object]) -> bool:
    sight = getattr(screen.app, "sight", None)
    return True if sight is None else bool(sight.unicode)
