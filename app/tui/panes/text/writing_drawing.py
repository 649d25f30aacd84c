"""A text that a network writes, and the probabilities of its characters, as cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from fastai_tui.app.text import char_width, fit, number, plural
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.common.typed import Typed
from fastai_tui.app.writing import Writing, read_as_unknown, sign
from fastai_tui.engine.manner import Choice, Manner

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet

Letter: TypeAlias = "tuple[str, Role]"
ROWS = 10  # choices that are shown at the most
SMALL = 9  # rows of a pane below which the choices stand on one line
WIDEST = 46  # columns of one list of choices


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: `line` is the prompt while it is typed, `waits` whether the lab has yet to begin."""

    text: Writing
    manner: Manner
    line: Typed | None = None
    hidden: frozenset[str] = frozenset()
    trouble: str = ""
    waits: bool = False

    @property
    def how(self) -> str:
        """`drawn at temperature 0.8 among the 5 likeliest, seed 42`."""
        if self.manner.takes_best:
            return "always the likeliest"
        among = f" among {self.manner.top_k}" if self.manner.top_k else ""
        return f"drawn, T {self.manner.temperature:g}{among}, seed {self.manner.seed}"

    @property
    def who(self) -> str:
        """Whose network it is."""
        if not self.text.run:
            return "the network is loaded …" if not self.trouble else ""
        trained = f" after {plural(self.text.step, 'batch')}" if self.text.step else ", the embedded model"
        return f"{self.text.run}{trained}"

    def told(self, name: str, value: float) -> str:
        """A measurement, unless it is the learner's to predict."""
        return "?" if name in self.hidden else number(value, 3)

    @property
    def figures(self) -> str:
        """What is measured of the text."""
        written = len(self.text.characters)
        if not written:
            return "nothing written yet"
        repeats = "?" if "repeats" in self.hidden else f"{self.text.repeats:.0%}"
        return f"{written} written · {self.told('surprise', self.text.surprise)} nats · {repeats} repeated"


def draw(sheet: Sheet, shown: Shown, pulse: str) -> None:
    """Who writes and how, the text, the choices, what is measured; on a low sheet the text before all else."""
    low = sheet.height < SMALL
    row = 0
    if not low:
        words = f"{pulse} PyTorch starts …" if shown.waits and not shown.text.run else shown.who
        sheet.put(0, 0, fit(words, sheet.width), "dim")
        sheet.put(1, 0, fit(shown.how, sheet.width), "dim")
        row = 2
    else:
        sheet.leave_out("who writes, and how")
    foot = _foot(sheet, shown)
    for i, (line, style) in enumerate(foot):
        sheet.put(sheet.height - len(foot) + i, 0, line, style)
    room = sheet.height - row - len(foot)
    lists = 1 if low else min(ROWS, max(room // 2 - 1, 1)) + 1
    below = sheet.height - len(foot) - lists
    _text(sheet, Area(row, 0, sheet.width, max(below - row, 0)), shown)
    if low:
        _brief(sheet, below, shown)
    else:
        _choices(sheet, Area(below, 0, sheet.width, lists), shown)


def _foot(sheet: Sheet, shown: Shown) -> Sequence[tuple[str, Role]]:
    """What is to be said, on the last lines."""
    if shown.trouble:
        return spoken(sheet, shown.trouble, sheet.width, max(sheet.height // 3, 1), "bad")
    if shown.line is not None:
        return [(fit("type what it begins with; enter: done", sheet.width), "accent")]
    unknown = read_as_unknown(shown.text.unknown)
    said = spoken(sheet, unknown, sheet.width, 2, "warn") if unknown and sheet.height >= SMALL else []
    return [*said, (fit(shown.figures, sheet.width), "plain")]


# The text


def _text(sheet: Sheet, area: Area, shown: Shown) -> None:
    lines = wrapped(letters(shown), area.width)
    if len(lines) > area.height:
        sheet.leave_out("the beginning of the text")
    for i, line in enumerate(lines[max(len(lines) - area.height, 0) :]):
        sheet.spans(area.row + i, area.column, line)


def letters(shown: Shown) -> list[Letter]:
    """The prompt, with the cursor while it is typed, or else with what was written after it, the last one marked."""
    if shown.line is not None:
        return typed_letters(shown.line)
    text = shown.text
    found: list[Letter] = [(c, "warn" if c in text.unknown else "strong") for c in text.prompt]
    found += [(c, "plain") for c in text.text]
    if text.characters:
        last = text.characters[-1].text
        found[-1] = (sign("\n") + "\n" if last == "\n" else last, "mark")
    elif not text.prompt:
        found = [(sign("\n"), "dim")]  # it begins as a line does
    return found


def typed_letters(typed: Typed) -> list[Letter]:
    """A line as it is typed, with the cursor."""
    line: list[Letter] = [(c, "field") for c in typed.text + " "]
    line[typed.at] = (line[typed.at][0], "cursor")
    return line


def wrapped(found: Sequence[Letter], width: int) -> list[list[Letter]]:
    """Letters as lines, broken at line ends, or after the last space that leaves a line half full."""
    lines: list[list[Letter]] = [[]]
    for letter, style in found:
        for c in letter:
            shown = c if char_width(c) > 0 else "" if char_width(c) == 0 else " " if c == "\t" else "?"
            if c == "\n":
                lines.append([])
                continue
            if _wide(lines[-1]) + max(char_width(shown or " "), 0) > max(width, 1):
                lines.append(_carried(lines[-1], width))
            lines[-1].append((shown, style))
    return lines


def _carried(line: list[Letter], width: int) -> list[Letter]:
    """Take the last word off a line that is full, if that leaves enough of it."""
    cut = next((i + 1 for i in range(len(line) - 1, width // 2, -1) if line[i][0] == " "), len(line))
    rest = line[cut:]
    del line[cut:]
    return rest


def _wide(line: Sequence[Letter]) -> int:
    return sum(max(char_width(c[0]), 0) for c, _ in line if c)


# The choices


def _lists(shown: Shown) -> Iterator[tuple[str, Sequence[Choice], str]]:
    """What the last character was chosen from, and what the next one will be: title, choices, the one chosen."""
    if shown.text.characters and shown.line is None:
        last = shown.text.characters[-1]
        yield f"chosen: {sign(last.text)}", last.top, last.text
    yield "next", shown.text.next, ""


def _choices(sheet: Sheet, area: Area, shown: Shown) -> None:
    found = list(_lists(shown))
    beside = area.width >= 34
    if not beside:
        found = found[-1:]
        sheet.leave_out("what the last one was chosen from")
    each = min((area.width + 2) // 2 - 2 if beside else area.width, WIDEST)
    for i, (title, choices, chosen) in enumerate(found):
        column = area.column + (each + 2) * (i + beside * (2 - len(found)))
        _list(sheet, area._replace(column=column, width=each), title, choices, chosen, shown)


def _list(sheet: Sheet, area: Area, title: str, choices: Sequence[Choice], chosen: str, shown: Shown) -> None:
    sheet.put(area.row, area.column, fit(title, area.width), "strong")
    if "likeliest" in shown.hidden and not chosen:
        words = "? (predict it first)" if area.width >= 20 else "? (predict first)"
        sheet.put(area.row + 1, area.column, fit(words, area.width), "dim")
        return
    rows = ranked(choices, chosen, area.height - 1)
    for i, choice in enumerate(rows):
        _bar(sheet, area._replace(row=area.row + 1 + i, height=1), choice, choice.text == chosen, shown.manner)


def ranked(choices: Sequence[Choice], chosen: str, most: int) -> list[Choice]:
    """The likeliest that there is room for, and in any case the chosen one, if it is among them."""
    rows = list(choices[: max(most, 0)])
    extra = next((c for c in choices[len(rows) :] if c.text == chosen), None)
    return [*rows[:-1], extra] if extra is not None and rows else rows


def _bar(sheet: Sheet, area: Area, choice: Choice, marked: bool, manner: Manner) -> None:
    """One character: a mark if it was chosen, its bar, its probability; dim if it can not be chosen."""
    share = choice.p if manner.takes_best else choice.q
    out = choice.q <= 0
    style: Role = "dim" if out else "strong" if marked else "plain"
    sheet.put(area.row, area.column, ("›" if marked else " ") + sign(choice.text), "mark" if marked else style)
    words = f" {'—' if out and not manner.takes_best else f'{share:.3f}'}"
    wide = max(area.width - 3 - len(words), 0)
    sheet.put(area.row, area.column + 3, "█" * round(wide * min(share, 1.0)) or "▏", "dim" if out else "accent")
    sheet.put(area.row, area.column + area.width - len(words), words, style)


def _brief(sheet: Sheet, row: int, shown: Shown) -> None:
    """The likeliest next ones on a line."""
    if "likeliest" in shown.hidden:
        sheet.put(row, 0, "next ?", "dim")
        return
    words = [f"{sign(c.text)} {(c.p if shown.manner.takes_best else c.q):.2f}" for c in shown.text.next]
    line = "next"
    for word in words:
        line = f"{line}  {word}" if len(line) + 2 + len(word) <= sheet.width else line
    sheet.put(row, 0, line, "dim")


# In words


def sentence(shown: Shown) -> str:
    """The picture in words."""
    if shown.trouble:
        return shown.trouble
    if shown.line is not None:
        return f"You are typing what the text begins with: {shown.line.text!r}."
    text = shown.text
    if not text.run:
        return "The lab has not answered yet."
    written = text.text[-200:]
    begins = f"after {text.prompt!r}" if text.prompt else "from the beginning of a line"
    said = (
        f"{shown.who}, writes {begins}, {shown.how}: {written!r}."
        if text.characters
        else f"{shown.who}, begins {begins}."
    )
    chances = ", ".join(f"{_named(c.text)} {c.p:.0%}" for c in text.next[:3])
    likely = "what comes next is yours to predict" if "likeliest" in shown.hidden else f"likeliest next: {chances}"
    return f"{said} {shown.figures.replace(' · ', ', ')}; {likely}. {read_as_unknown(text.unknown)}".strip()


def _named(character: str) -> str:
    return {" ": "a space", "\n": "a line's end"}.get(character, character)
