"""A text coloured by how much it surprises a network, and what was expected at the cursor, as cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.halfblocks import Scale, amount
from fastai_tui.app.text import fit, number
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import text_rows, typed_drawing
from fastai_tui.app.tui.panes.common.letters import spelt
from fastai_tui.app.tui.panes.common.text_rows import Shaded
from fastai_tui.app.tui.panes.text import foreseeing_drawing
from fastai_tui.app.tui.panes.text.foreseeing_drawing import PREDICT, SMALL, Foreseeing
from fastai_tui.app.writing import read_as_unknown, sign
from fastai_tui.engine.expectations import Foreseen, Guess, Surprise, surprising

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.sheet import Role, Sheet

WIDE = 60  # columns from which the most surprising characters stand beside what was expected
WIDEST = 60  # columns of what was expected
ENOUGH, SOME, LEAST = 10, 6, 3  # rows for what was expected: LEAST however long the text is
TALL = 24  # rows from which the means are bars


@dataclass(frozen=True)
class Shown(Foreseeing[Surprise]):
    """What is to be seen of the surprise."""

    @property
    def here(self) -> Foreseen | None:
        """The character at the cursor; none after the text."""
        return self.found.characters[self.at] if self.found and self.at < len(self.found.characters) else None

    @property
    def coloured(self) -> bool:
        """May the surprises be seen?"""
        return not {"nats", "worst"} & self.hidden

    @property
    def told(self) -> bool:
        """May be seen what was expected? It tells the surprise, too."""
        return not {"nats", "rank", "likeliest", "guess"} & self.hidden

    def number(self, name: str, value: float, digits: int = 3) -> str:
        """A measurement, unless it is the learner's to predict."""
        return "?" if name in self.hidden else number(value, digits)


def draw(sheet: Sheet, shown: Shown, pulse: str) -> None:
    """The text first; whose network, what was expected and what it comes to as far as there is room."""
    if shown.line is not None:
        typed_drawing.draw(sheet, shown.line, typed_drawing.ANY)
        return
    found = shown.found
    if found is None:
        foreseeing_drawing.nothing(sheet, shown, pulse)
        return
    small = sheet.height < SMALL
    if not small:
        sheet.put(0, 0, fit(foreseeing_drawing.who(found.source, found.network, found.step), sheet.width), "dim")
    top = 0 if small else 1
    notes = foreseeing_drawing.notes(sheet, shown.trouble, found.unknown)
    means = [] if small and sheet.height < 4 else _means(shown, found, sheet)
    below = foreseeing_drawing.foot(sheet, [*means, *notes])
    room = Area(top, 0, sheet.width, max(below - top, 0))
    if small:
        _low(sheet, room, shown, found)
    else:
        _high(sheet, room, shown, found)


def scale(found: Surprise) -> Scale:
    """From nothing to as much as it costs whoever knows nothing; what costs more is drawn as that."""
    return amount(found.ignorance)


def _low(sheet: Sheet, area: Area, shown: Shown, found: Surprise) -> None:
    """A line for the place, one for the likeliest, the rest for the text."""
    lines = min(2, max(area.height - 1, 0))
    _text(sheet, area._replace(height=area.height - lines), shown, found)
    if lines == 2:
        sheet.put(area.below - 2, 0, fit(_place(shown, found, area.width), area.width), "strong")
    if lines:
        sheet.put(area.below - 1, 0, _brief(shown, found, area.width), "plain")


def _high(sheet: Sheet, area: Area, shown: Shown, found: Surprise) -> None:
    """The text with its scale, and below it what was expected, likeliest first."""
    lines = len(text_rows.folded(shown.text, area.width))
    choices = found.expected(shown.at).top
    room = area.height - 2
    taken = _text(sheet, area._replace(height=room - kept_back(room, lines, len(choices))), shown, found)
    _scale(sheet, area.row + taken, found, shown)
    beside = area.width >= WIDE and bool(found.characters)
    wide = min((area.width - 2) // 2, WIDEST) if beside else min(area.width, WIDEST)
    lists = Area(area.row + taken + 1, 0, wide, min(room - taken, len(choices)) + 1)
    sheet.put(lists.row, 0, fit(_place(shown, found, wide), wide), "strong")
    _choices(sheet, lists._replace(row=lists.row + 1, height=lists.height - 1), shown, choices)
    if beside:
        _worst(sheet, lists._replace(column=wide + 2, width=area.width - wide - 2), shown)


def kept_back(rows: int, lines: int, choices: int) -> int:
    """How many rows the text (`lines` long) leaves to what was expected: enough for all, while the text can have a row
    of bars; else some; but a few in any case."""
    for kept in (choices, min(choices, ENOUGH), min(choices, SOME)):
        if 2 * lines <= rows - kept:
            return kept
    return max(min(LEAST, rows - 1), 0)


def _text(sheet: Sheet, area: Area, shown: Shown, found: Surprise) -> int:
    values = [character.nats for character in found.characters] if shown.coloured else []
    styles = foreseeing_drawing.unknown_ones(shown.text, found.unknown) if not shown.coloured else {}
    return text_rows.draw(sheet, area, Shaded(shown.text, values, scale(found), shown.at, styles))


def _scale(sheet: Sheet, row: int, found: Surprise, shown: Shown) -> None:
    if not shown.coloured:
        sheet.put(row, 0, f"surprise: {PREDICT}"[: sheet.width], "dim")
        return
    high = f"{number(found.ignorance, 2)} nats and more"
    sheet.legend(row, 0, scale(found), "0", high if sheet.width >= 30 else number(found.ignorance, 2))


def _place(shown: Shown, found: Surprise, width: int) -> str:
    """The place, what came there, what it cost; as much of it as has room."""
    here, expected = shown.here, found.expected(shown.at)
    entropy = f"entropy {shown.number('entropy', expected.entropy)}"
    if here is None:
        return f"what comes next? {entropy}"
    rank = "?" if "rank" in shown.hidden else str(here.rank)
    said = f"{sign(shown.text[shown.at])} came: {shown.number('nats', here.nats)} nats"
    longer = [f"{said}, rank {rank}, {entropy}", f"{said}, rank {rank}"]
    return next((words for words in longer if len(words) <= width), said)


def _choices(sheet: Sheet, area: Area, shown: Shown, choices: Sequence[Guess]) -> None:
    """A bar for each of the likeliest; what came is marked, and shown last where it was none of them."""
    if not shown.told:
        sheet.put(area.row, area.column, fit(PREDICT, area.width), "dim")
        return
    here = shown.here
    rows = listed(choices, here, area.height)
    largest = max((p for _, p in rows), default=1.0)
    for i, (character, p) in enumerate(rows):
        _choice(sheet, area._replace(row=area.row + i, height=1), character, p, largest, here)


def listed(choices: Sequence[Guess], here: Foreseen | None, most: int) -> list[tuple[str, float]]:
    """The likeliest characters that there is room for, and in any case the one that came."""
    rows = [(guess.text, guess.p) for guess in choices[: max(most, 0)]]
    if here is not None and rows and all(character != here.text for character, _ in rows):
        rows[-1] = (here.text, math.exp(-here.nats))
    return rows


def _choice(sheet: Sheet, area: Area, character: str, p: float, largest: float, here: Foreseen | None) -> None:
    came = here is not None and character == here.text
    sheet.put(area.row, area.column, ("›" if came else " ") + sign(character), "mark" if came else "plain")
    words = f" {p:.3f}" if p >= 0.0005 or not p else f" {p:.0e}"
    wide = max(area.width - 3 - len(words), 0)
    sheet.put(area.row, area.column + 3, "█" * round(wide * p / max(largest, 1e-9)) or "▏", "accent")
    sheet.put(area.row, area.column + area.width - len(words), words, "strong" if came else "plain")


def _worst(sheet: Sheet, area: Area, shown: Shown) -> None:
    """The most surprising characters with what stands before them."""
    found = shown.found
    sheet.put(area.row, area.column, fit("most surprising", area.width), "strong")
    if found is None or not shown.coloured:
        sheet.put(area.row + 1, area.column, fit(PREDICT, area.width), "dim")
        return
    for i, place in enumerate(surprising(found)[: area.height - 1]):
        nats = number(found.characters[place].nats, 3)
        row, column = area.row + 1 + i, area.column
        context = foreseeing_drawing.before(shown.text, place, max(area.width - 12, 0))
        column = sheet.put(row, column, f"{nats:>5}  ", "strong" if place == shown.at else "plain")
        column = sheet.put(row, column, context, "dim")
        sheet.put(row, column, sign(shown.text[place]), "mark" if place == shown.at else "accent")


def _brief(shown: Shown, found: Surprise, width: int) -> str:
    """The likeliest on a line."""
    if not shown.told:
        return fit(f"expected {PREDICT}", width)
    line = "expected"
    for character, p in listed(found.expected(shown.at).top, None, 9):
        word = f"  {sign(character)} {p:.2f}"
        line += word if len(line) + len(word) <= width else ""
    return line


def _means(shown: Shown, found: Surprise, sheet: Sheet) -> list[tuple[str, Role]]:
    """The mean, beside that of another network, and of whoever knows nothing."""
    rows = [("this network", shown.number("mean", found.mean), found.mean)]
    if shown.other is not None:
        other = shown.other
        rows.append((f"{other.source}, {other.network}", shown.number("mean", other.mean), other.mean))
    rows.append(("knowing nothing", number(found.ignorance, 3), found.ignorance))
    if not found.characters:
        return [(fit("there is no text: e types one", sheet.width), "dim")]
    if sheet.height < TALL:
        other_words = f" · {rows[1][0].partition(',')[0]} {rows[1][1]}" if len(rows) > 2 else ""
        mean, nothing = f"mean {rows[0][1]} nats{other_words}", f" · knowing nothing {rows[-1][1]}"
        said = (mean + nothing, mean, f"mean {rows[0][1]} nats")
        return [(fit(next((words for words in said if len(words) <= sheet.width), said[-1]), sheet.width), "plain")]
    longest = max(len(name) for name, _, _ in rows)
    wide = max(min(sheet.width, 100) - longest - 8, 0)
    bars = [
        (name, told, "" if told == "?" else "█" * round(wide * mean / found.ignorance)) for name, told, mean in rows
    ]
    lines: list[tuple[str, Role]] = [("nats for each character, on average", "strong")]
    return lines + [
        (fit(f"{name:<{longest}} {told:>5} {bar[:wide]}", sheet.width), "plain") for name, told, bar in bars
    ]


# In words


def sentence(shown: Shown) -> str:
    """The picture in words."""
    found = shown.found
    if found is None or shown.instead:
        return shown.instead
    who = foreseeing_drawing.who(found.source, found.network, found.step)
    mean = f"{shown.number('mean', found.mean)} nats a character, where knowing nothing is {found.ignorance:.2f}"
    said = [f"{who}, reads {shown.text!r}: {mean}." if found.characters else f"{who}, has no text to read."]
    if shown.coloured and found.characters:
        worst = [f"{spelt(shown.text[i])} at {i + 1} ({found.characters[i].nats:.1f})" for i in _three(found)]
        said.append(f"The most surprising: {', '.join(worst)}.")
    said.append(_place_in_words(shown, found))
    if shown.other is not None:
        said.append(f"{shown.other.source} has {shown.number('mean', shown.other.mean)} nats.")
    return " ".join([*said, read_as_unknown(found.unknown)]).strip()


def _three(found: Surprise) -> Sequence[int]:
    return surprising(found)[:3]


def _place_in_words(shown: Shown, found: Surprise) -> str:
    here, expected = shown.here, found.expected(shown.at)
    chances = ", ".join(f"{spelt(guess.text)} {guess.p:.0%}" for guess in expected.top[:3])
    likely = f"expected: {chances}" if shown.told else "what was expected is yours to predict"
    if here is None:
        return f"The cursor is after the text; {likely}."
    came = spelt(shown.text[shown.at])
    rank = "?" if "rank" in shown.hidden else here.rank
    return f"At {shown.at + 1} came {came}, {shown.number('nats', here.nats)} nats, rank {rank}; {likely}."
