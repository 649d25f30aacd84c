"""Python in our roles, for whoever shows code."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.sheet import Style

Pieces: TypeAlias = "list[tuple[str, Style]]"

# From the language's parts to our roles: the most particular first, as Pygments names its tokens
_ROLES: tuple[tuple[str, Style], ...] = (
    ("Token.Literal.String.Doc", "dim"),
    ("Token.Comment", "dim"),
    ("Token.Keyword", "accent"),
    ("Token.Operator.Word", "accent"),
    ("Token.Literal.String", "good"),
    ("Token.Literal.Number", "emphasis"),
    ("Token.Name.Function", "strong"),
    ("Token.Name.Class", "strong"),
    ("Token.Name.Decorator", "emphasis"),
    ("Token.Name.Builtin", "code"),
)


def coloured(code: str) -> list[Pieces]:
    """Python in our roles, line by line."""
    from pygments.lexers.python import PythonLexer

    lines: list[Pieces] = [[]]
    for token, words in PythonLexer(stripnl=False, ensurenl=False).get_tokens(code):
        name = str(token)
        style: Style = next((role for kind, role in _ROLES if name.startswith(kind)), "plain")
        for i, part in enumerate(words.split("\n")):
            if i:
                lines.append([])
            if part:
                lines[-1].append((part, style))
    return lines


def cut(pieces: Sequence[tuple[str, Style]], room: int, hang: int = 0) -> list[Pieces]:
    """A line in parts of at most `room` cells (code is ASCII but for words in comments), broken at spaces or else after
    an opening bracket, where that leaves no large hole; what is gone on with stands `hang` cells further in."""
    cells: Pieces = [(character, style) for words, style in pieces for character in words]
    parts: list[Pieces] = []
    while len(cells) > room:
        near = range(room - 1, room // 2 - 1, -1)
        end = next((i + 1 for breaks in (" ", "([{") for i in near if cells[i][0] in breaks), room)
        parts.append(cells[:end])
        hung: Pieces = [(" ", "plain")] * min(hang, room // 2 - 1)
        cells = hung + cells[end:]
    return [*parts, cells]


def tightened(line: Pieces) -> Pieces:
    """A line with half of its indentation, for where there is little room."""
    cells: Pieces = [(character, style) for words, style in line for character in words]
    indent = next((i for i, (character, _) in enumerate(cells) if character != " "), 0)
    return cells[indent // 2 :]
