"""Two poolings of one grid, drawn: the cells that the window at the cursor takes, all windows along an axis, and what
they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from fastai_tui.app import halfblocks
from fastai_tui.app.text import fit
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.images.pooling_shown import KINDS, Kind, Shown
from fastai_tui.engine.pooling import Window

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet

Form = Literal["numbers", "squares", "half"]
Forms: TypeAlias = "list[tuple[Kind, Form]]"
FORMS: dict[Form, int] = {"numbers": 4, "squares": 2, "half": 1}  # columns of a cell
GAP, WORDS = 2, 12  # columns between two drawings; of words beside one
WIDE = 70  # columns from which what is said of the cursor fits on one line
GREY = halfblocks.grey()


def extent(form: Form, side: int) -> tuple[int, int]:
    """(columns, rows) of a grid in a form."""
    return FORMS[form] * side, -(-side // 2) if form == "half" else side


def form_for(side: int, width: int, height: int) -> Form | None:
    """The largest form in which a grid fits."""
    found = ((form, extent(form, side)) for form in FORMS)
    return next((form for form, (wide, high) in found if wide <= width and high <= height), None)


def single(width: int, height: int, size: int) -> bool:
    """Is there no room for two grids side by side?"""
    return _half_form(width, height, size) is None


def _half_form(width: int, height: int, size: int) -> Form | None:
    """The form in which a grid fits into half of the width, over what is said of the cursor."""
    return form_for(size, (width - GAP) // 2, height - 4 - (width < WIDE))


def draw(sheet: Sheet, shown: Shown) -> None:
    """The verdict, both grids with their windows and what they give, the cursor's numbers; or as much as fits."""
    style: Role = "good" if shown.pooling.agree and not shown.secret("ordinary") else "strong"
    sheet.put(0, 0, fit(shown.verdict, sheet.width), style)
    if not single(sheet.width, sheet.height, shown.pooling.size):
        _both(sheet, shown)
    elif (form := form_for(shown.pooling.size, sheet.width - WORDS, sheet.height - 3)) is not None:
        _one(sheet, shown, form)
    else:
        _without(sheet, shown)


def _both(sheet: Sheet, shown: Shown) -> None:
    """The grid twice, side by side; outputs to the right of both, or below each."""
    size = shown.pooling.size
    form = _half_form(sheet.width, sheet.height, size)
    assert form is not None
    wide, high = extent(form, size)
    for i, kind in enumerate(KINDS):
        column = i * (wide + GAP)
        sheet.put(1, column, _heading(shown, kind, wide + GAP - 1), "title")
        _ruler(sheet, 2, column, shown, kind, FORMS[form])
        _grid(sheet, 3, column, form, shown.grid, shown.marks(kind))
    foot = sheet.height - 1 - (sheet.width < WIDE)
    beside = Area(1, 2 * (wide + GAP), sheet.width - 2 * (wide + GAP), foot - 1)
    below = Area(3 + high, 0, wide, foot - 3 - high)
    row = below.row
    right = _output_forms(shown, beside.width, beside.height // 2 - 1)
    under = _output_forms(shown, wide, below.height - 1)
    if _size(right) > _size(under) or (right and _size(right) == _size(under)):
        _stacked(sheet, shown, beside, right)
    elif under:
        row += _beneath(sheet, shown, below, under)
    else:
        sheet.leave_out("the outputs")
    at = min(row + 1, foot)
    _cursor(sheet, at, shown)
    row = at + sheet.height - foot + 1
    _notes(sheet, Area(row, 0, sheet.width if under else 2 * wide + GAP, sheet.height - row), shown)


def _heading(shown: Shown, kind: Kind, width: int) -> str:
    """A kind, its numbers, and what it gives, as far as there is room."""
    short = shown.name(kind).replace("kernel", "k").replace("stride", "s")
    given = shown.side(kind)
    wordings = (f"{shown.name(kind)} → {given}", f"{short} → {given}", short, kind)
    return next((words for words in wordings if len(words) <= width), kind[:width])


def _one(sheet: Sheet, shown: Shown, form: Form) -> None:
    """One grid with both rulers over it, and words beside."""
    wide, high = extent(form, shown.pooling.size)
    for i, kind in enumerate(KINDS, 1):
        _ruler(sheet, i, 0, shown, kind, FORMS[form])
        sheet.put(i, wide + 1, f"{kind}"[: sheet.width - wide - 1], "mark" if kind == shown.which else "dim")
    _grid(sheet, 3, 0, form, shown.grid, shown.marks(shown.which))
    row = 4
    for kind in KINDS:
        rows, columns, value = shown.taken(kind)
        words = (f"{kind[:8]}", shown.side(kind), f"rows {rows}", f"cols {columns}", f"max {value}")
        for line in words:
            sheet.put(row, wide + 1, line[: sheet.width - wide - 1], "title" if line == words[0] else "plain")
            row += 1
        row += 1
    _notes(sheet, Area(3 + high, 0, sheet.width, sheet.height - 3 - high), shown)
    sheet.leave_out("the outputs")


def _without(sheet: Sheet, shown: Shown) -> None:
    """No grid: the rulers, if there is room, and the cursor's numbers."""
    size, row = shown.pooling.size, 1
    if size + 2 <= sheet.width and sheet.height >= 5:
        for i, kind in enumerate(KINDS, 1):
            _ruler(sheet, i, 0, shown, kind, 1)
            sheet.put(i, size + 1, kind[: sheet.width - size - 1], "dim")
        row = 3
    _cursor(sheet, row, shown)
    _notes(sheet, Area(row + 2, 0, sheet.width, sheet.height - row - 2), shown)
    sheet.leave_out("the grid")


def _ruler(sheet: Sheet, row: int, column: int, shown: Shown, kind: Kind, wide: int) -> None:
    """All windows along an axis, the cursor's marked; cells of two windows are crossed, cells of none dotted."""
    windows, here = shown.windows(kind), shown.at[1]
    if shown.secret(kind):
        sheet.put(row, column, "?", "dim")
        return
    ends = "└┘│" if sheet.sight.unicode else "[]|"
    owners = [[i for i, window in enumerate(windows) if cell in range(*window)] for cell in range(shown.pooling.size)]
    for cell, found in enumerate(owners):
        style: Role = "mark" if here in found else "warn" if len(found) > 1 else "plain" if found else "dim"
        sheet.put(row, column + cell * wide, _piece(cell, [windows[i] for i in found], wide, ends), style)


def _piece(cell: int, windows: list[Window], wide: int, ends: str) -> str:
    """A cell of a ruler; `ends` are the signs of a window's beginning, its end, and of one that is both."""
    if len(windows) != 1:
        return ("×" if windows else "·") * wide
    first, last = cell == windows[0][0], cell == windows[0][1] - 1
    if wide == 1:
        return ends[2] if first and last else ends[0] if first else ends[1] if last else "─"
    return (ends[0] if first else "─") + "─" * (wide - 2) + (ends[1] if last else "─")


def _grid(
    sheet: Sheet,
    row: int,
    column: int,
    form: Form,
    grid: Sequence[Sequence[int]],
    marks: dict[tuple[int, int], float],
) -> None:
    if form != "numbers":
        (sheet.picture if form == "half" else sheet.squares)(row, column, grid, GREY, marks)
        return
    parts.block(sheet, row, column, grid, GREY, FORMS[form])
    for i, j in marks:
        sheet.paint(row + i, column + j * FORMS[form], FORMS[form], "cursor")


def _stacked(sheet: Sheet, shown: Shown, area: Area, forms: Forms) -> None:
    """What both give, one below the other with a heading each."""
    row = area.row
    for kind, form in forms:
        sheet.put(row, area.column, kind[: area.width], "dim")
        _output(sheet, row + 1, area.column, form, shown, kind)
        high = 1 + extent(form, max(len(shown.values[kind]), 1))[1]
        row += high + (2 * high < area.height)


def _beneath(sheet: Sheet, shown: Shown, area: Area, forms: Forms) -> int:
    """What each gives under its grid; returns the rows taken."""
    for i, (kind, form) in enumerate(forms):
        _output(sheet, area.row + 1, i * (area.width + GAP), form, shown, kind)
    return 1 + max(extent(form, max(len(shown.values[kind]), 1))[1] for kind, form in forms)


def _output_forms(shown: Shown, width: int, height: int) -> Forms:
    """Both kinds with the largest form in which what it gives fits; none where one of them does not."""
    found = [(kind, form_for(max(len(shown.values[kind]), 1), width, height)) for kind in KINDS]
    fitting = [(kind, form) for kind, form in found if form is not None]
    return fitting if len(fitting) == len(found) and height > 0 else []


def _size(forms: Forms) -> int:
    """How large the smaller one is drawn; 0 for none."""
    return min((FORMS[form] for _, form in forms), default=0)


def _output(sheet: Sheet, row: int, column: int, form: Form, shown: Shown, kind: Kind) -> None:
    values = shown.values[kind]
    if shown.veiled(kind) or not values:
        sheet.put(row, column, "?" if values else "none", "dim")
    else:
        _grid(sheet, row, column, form, values, {shown.at: 1.0} if max(shown.at) < len(values) else {})


def _cursor(sheet: Sheet, row: int, shown: Shown) -> None:
    """What each takes at the cursor, a line for each, or both on one."""
    column = 0
    for i, kind in enumerate(KINDS):
        words, value = shown.said(kind, short=sheet.width >= WIDE)
        if len(words) + 3 > sheet.width:
            words, value = shown.said(kind, short=True)
        spot = (row, column) if sheet.width >= WIDE else (row + i, 0)
        column = 4 + sheet.spans(*spot, [(words, "plain"), (value, "strong")])


def _notes(sheet: Sheet, area: Area, shown: Shown) -> None:
    """As many notes as there is room for, none of them cut."""
    row = area.row
    for note in shown.notes:
        lines = spoken(sheet, note, area.width, 9, "plain")
        if row + len(lines) > area.below:
            break
        for line, style in lines:
            sheet.put(row, area.column, line, style)
            row += 1
