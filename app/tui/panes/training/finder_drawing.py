"""How the rate finder's pane is drawn: the curve with its suggestions, and the hashes side by side."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app import plots, rate_finding
from fastai_tui.app.rate_finding import MARKS, Finding
from fastai_tui.app.snapshots import setting_in_words
from fastai_tui.app.text import Look, fit, number, rate
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.run_picture import LEAST, bar, spoken
from fastai_tui.app.tui.plotting import Plotter, sparkline
from fastai_tui.app.tui.sheet import Paint
from fastai_tui.engine.suggestions import NAMES, Suggestion
from fastai_tui.engine.sweep import Sweep

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role, Sheet, Style
    from fastai_tui.engine.job import Job

NARROWEST = 20  # columns that the plot needs
WORDY = 60  # columns from which on a suggestion's line says why
NAME, SIGN = 15, 2  # columns of a part's name and of what a comparison comes to
# What a sentence tells, and the measurements that it would give away
HIDING: dict[str, frozenset[str]] = {
    "lowest": frozenset({"best_loss", "best_rate", "loss"}),
    "end": frozenset({"last_rate"}),
    "trace": frozenset({"same", "differ"}),
}
PARTS = {
    "weights": "all that the network learns",
    "buffers": "batch norm's running averages",
    "gradients": "what the last batch asked for",
    "optimiser": "momentum, squares, rates, decay",
    "random numbers": "torch's, numpy's and Python's",
    "the next batch": "its place, its pixels and labels",
    "the rest": "plan, place in training, mode, loss",
}


@dataclass(frozen=True)
class Shown:
    """All that the pane shows: what was found (with which `job` and `sweep`), and how it is looked at."""

    finding: Finding | None
    job: Job | None
    sweep: Sweep
    busy: bool
    sign: str
    cursor: int | None
    marked: str
    restored: bool
    hidden: frozenset[str]
    note: str


def unmarked(hidden: Collection[str]) -> frozenset[str]:
    """The suggestions that are not to be seen."""
    return frozenset(NAMES) if "best_rate" in hidden else frozenset(hidden) & frozenset(NAMES)


def invitation(sweep: Sweep) -> str:
    """What space does."""
    stop = f"It ends early where the smoothed loss is {sweep.stop:g} times its lowest." if sweep.stop else ""
    factor = (sweep.end / sweep.start) ** (1 / sweep.batches)
    return (
        f"space lets the rate rise from {rate(sweep.start)} towards {rate(sweep.end)} in {sweep.batches} batches, by "
        f"×{factor:.3g} a batch, and draws what the loss does. {stop} Then everything is put back."
    )


def curve(sheet: Sheet, shown: Shown, plotter: Plotter) -> None:
    """The curve, what it suggests, and where the cursor is."""
    top, finding = head(sheet, shown), shown.finding
    if finding is None or not finding.rates:
        _waiting(sheet, shown, top)
        return
    notes = _notes(sheet, shown, max((sheet.height - top) // 5, 1) if sheet.height > 8 else 0)
    below = [*_legend(sheet, shown), *notes]
    room = sheet.height - top - 1 - len(below)
    if room >= LEAST and sheet.width >= NARROWEST:
        area = Area(top, 0, sheet.width, room)
        _plot(sheet, area, shown, finding, plotter)
        top = area.below
    else:
        sheet.leave_out("the curve's axes")
        sheet.put(top, 0, sparkline(list(finding.smooth), sheet.width, sheet.sight.unicode), "accent")
        top += 1
    sheet.put(top, 0, fit(_pointed(shown, finding, sheet.width), sheet.width), "accent")
    for i, pieces in enumerate(below[: max(sheet.height - top - 1, 0)]):
        sheet.spans(top + 1 + i, 0, pieces)


def head(sheet: Sheet, shown: Shown, least: int = 4) -> int:
    """What is looked for, and, on a sheet of at `least` so many rows, how far it is; returns the rows taken."""
    finding = shown.finding
    phase, style = _phase(shown)
    settings = shown.job.settings if shown.job else {}
    named = ", ".join(f"{name} {setting_in_words(settings[name])}" for name in ("norm", "bs") if name in settings)
    title = f"Rate finder: {settings.get('model', '')}, {named}" if shown.job else "Rate finder"
    sheet.put(0, 0, fit(title, max(sheet.width - len(phase) - 1, 0)), "strong")
    sheet.put(0, max(sheet.width - len(phase), 0), phase, style)
    if finding is None or sheet.height < least:
        return 1
    if shown.busy:
        words = rate_finding.progress(finding) if sheet.width >= 60 else rate_finding.progress(finding).split(",")[0]
        bar(sheet, 1, 0, sheet.width, len(finding.rates) / finding.sweep.batches, words)
        return 2
    ended = (
        rate_finding.ending(finding, brief=sheet.width < WORDY) if "last_rate" not in shown.hidden else "It ended at ?."
    )
    words = ended or f"Stopped at {rate_finding.progress(finding)}."
    lines = spoken(sheet, words, sheet.width, 2 if sheet.height > 12 else 1, "plain")
    for i, (line, role) in enumerate(lines):
        sheet.put(1 + i, 0, line, role)
    return 1 + len(lines)


def _phase(shown: Shown) -> tuple[str, Role]:
    if shown.busy:
        return "finding", "good"
    if shown.finding is None:
        return "ready", "accent"
    return ("done", "good") if shown.finding.done else ("stopped", "warn")


def _waiting(sheet: Sheet, shown: Shown, top: int) -> None:
    """Before the first batch: what will be done, or that it begins."""
    words = f"{shown.sign} PyTorch starts, data are read." if shown.busy else shown.note or invitation(shown.sweep)
    style: Role = "bad" if shown.note and not shown.busy else "plain"
    room = max(sheet.height - top - 1, 1)
    for i, (line, role) in enumerate(spoken(sheet, words, sheet.width, room, style)):
        sheet.put(top + (1 if sheet.height > 8 else 0) + i, 0, line, role)


def _plot(sheet: Sheet, area: Area, shown: Shown, finding: Finding, plotter: Plotter) -> None:
    gone = unmarked(shown.hidden)

    def make(look: Look, width: int, height: int) -> list[str]:
        return rate_finding.picture(finding, width, height, look, gone)

    data = (len(finding.rates), finding.done)
    plotter.show(sheet, area, make, name="finder", view=(shown.sweep, gone, shown.job and shown.job.seed), data=data)
    if shown.cursor is not None:
        _cursor(sheet, area, finding, finding.rates[shown.cursor])


def _cursor(sheet: Sheet, area: Area, finding: Finding, at: float) -> None:
    """A line down to the axis, where nothing else is drawn."""
    sweep = finding.sweep
    share = math.log(at / sweep.start) / math.log(sweep.end / sweep.start)
    column = plots.column_of(share, 1, area.width, rate_finding.margin(finding, area.height))
    for row in range(area.row + 1, area.below - 2):
        if 0 <= row < sheet.height and 0 <= column < sheet.width:
            character = sheet.rows[row][column][0]
            sheet.put(row, column, "│" if character == " " else character, "accent" if character == " " else "cursor")


def _pointed(shown: Shown, finding: Finding, width: int) -> str:
    """What the curve is at the cursor."""
    point = shown.cursor or 0
    digits = 4 if width >= WORDY else 3
    raw, smooth = (
        "?" if "loss" in shown.hidden else number(v[point], digits) for v in (finding.losses, finding.smooth)
    )
    at = "?" if {"rate", "best_rate"} & shown.hidden else rate(finding.rates[point])
    if width >= WORDY:
        return f"▲ batch {point + 1}: rate {at}, loss {raw}, smoothed {smooth}"
    return f"▲ rate {at}, loss {raw}, smooth {smooth}"


Line = list[tuple[str, "Style"]]


def _legend(sheet: Sheet, shown: Shown) -> list[Line]:
    """The suggestions: a line each where there is room to say why, or else two in a line."""
    finding = shown.finding
    if finding is None or finding.last is None or not finding.done:
        return []
    told = finding.last.suggestions
    if sheet.width >= WORDY and sheet.height >= 14:
        return [[_entry(sheet, shown, one, sheet.width, wordy=True)] for one in told]
    half = sheet.width // 2
    cells = [_entry(sheet, shown, one, half) for one in told]
    return [[cells[i], cells[i + 1]] for i in range(0, len(cells) - 1, 2)]


def _entry(sheet: Sheet, shown: Shown, one: Suggestion, width: int, *, wordy: bool = False) -> tuple[str, Style]:
    name = f"{MARKS[one.name]} {one.name}"
    if one.name in unmarked(shown.hidden):
        words = f"{name} ?"
    elif wordy:
        value, _, why = rate_finding.suggested(one).partition(": ")
        words = f"{name:<9} {value:<8} {why}"
    else:
        words = f"{name} {'none' if one.rate is None else rate(one.rate)}"
    own: Style = "dim" if one.rate is None else _colour(sheet, one.name)
    return fit(words, width), "cursor" if one.name == shown.marked else own


def _colour(sheet: Sheet, name: str) -> Style:
    """The suggestion's own, as on the curve."""
    return "plain" if sheet.sight.depth == "none" else Paint(plots.series_colour(NAMES.index(name) + 1))


def _notes(sheet: Sheet, shown: Shown, most: int) -> list[Line]:
    """What else there is to say: the caution, and that the knobs have moved."""
    caution = shown.finding.last.caution if shown.finding and shown.finding.last and shown.finding.done else ""
    hide = "last_rate" in shown.hidden or "best_rate" in shown.hidden
    words = shown.note or ("" if hide else caution)  # what the knobs say now matters more than the curve's end
    if not most:
        if words:
            sheet.leave_out("a remark")
        return []
    return [[line] for line in spoken(sheet, words, sheet.width, most, "warn")]


# The proof


def proof(sheet: Sheet, shown: Shown, plotter: Plotter) -> None:
    """The hashes of what training goes on with: before and after, side by side, and whether they are equal."""
    top, finding = head(sheet, shown, 9), shown.finding
    if finding is None or finding.last is None:
        _waiting(sheet, shown, top)
        return
    say = spoken(sheet, _verdict(shown, finding), sheet.width, 2 if sheet.height > 8 else 1, _mood(shown, finding))
    room = sheet.height - top - 1 - len(say)
    if room < 1:
        sheet.leave_out("the hashes")
        sheet.put(min(top, max(sheet.height - 1, 0)), 0, *say[0])
        return
    after = "after" if shown.restored else "as left"
    wide = max((sheet.width - NAME - SIGN - 2) // 2, 1)
    sheet.put(top, 0, f"{'SHA-256':<{NAME}}{fit('before', wide)} {fit(after, wide)}", "dim")
    names = list(finding.last.before)
    rows = 2 if room >= 2 * len(names) else 1
    if room < len(names):
        sheet.leave_out(f"{len(names) - room} of the hashes")
    for i, name in enumerate(names[:room]):
        _part(sheet, top + 1 + rows * i, name, wide, shown, finding)
        if rows == 2:
            sheet.put(top + 2 + rows * i, 2, PARTS.get(name, ""), "dim")
    for i, (line, style) in enumerate(say):
        sheet.put(min(top + 1 + rows * min(len(names), room), sheet.height - len(say)) + i, 0, line, style)


def _part(sheet: Sheet, row: int, name: str, wide: int, shown: Shown, finding: Finding) -> None:
    assert finding.last is not None
    before = finding.last.before[name]
    after = (finding.last.after if shown.restored else finding.last.left).get(name, "")
    same = after == before
    sign, style = ("=", "good") if same else ("✗", "bad")
    if not after or {"same", "differ"} & shown.hidden:
        after, sign, style = "…" if not after else "?", "", "dim"
    sheet.put(row, 0, fit(name, NAME), "plain")
    sheet.put(row, NAME, _short(before, wide), "code")
    sheet.put(row, NAME + wide + 1, _short(after, wide), "code" if same else style)  # type: ignore[arg-type]
    sheet.put(row, NAME + 2 * wide + 2, sign, style)  # type: ignore[arg-type]


def _short(digest: str, wide: int) -> str:
    return digest if len(digest) <= wide else fit(digest, wide)


def _verdict(shown: Shown, finding: Finding) -> str:
    if not finding.done:
        return "What is there before is hashed; the rest comes when it is done." if shown.busy else "It was stopped."
    if {"same", "differ"} & shown.hidden:
        return "? (predict it first)"
    differ, parts = finding.differing(restored=shown.restored), len(PARTS)
    if shown.restored:
        return f"all {parts} equal: training goes on as if nothing had been" if not differ else f"{len(differ)} differ"
    return f"without putting back: {len(differ)} of {parts} differ (m: put back)"


def _mood(shown: Shown, finding: Finding) -> Role:
    if not finding.done or {"same", "differ"} & shown.hidden:
        return "dim"
    return "bad" if finding.differing(restored=shown.restored) else "good"
