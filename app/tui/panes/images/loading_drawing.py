"""Waiting and computing, drawn: a bar for each loader, both on one scale, the numbers, and what was measured before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.text import duration, fit, number, plural
from fastai_tui.app.tui.panes.common import measuring_drawing as parts
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.engine.loading import LOADERS, Loading, Spent

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Sheet

NAME, SHARE = 9, 5  # columns of a loader's name, and of a share
WAITS, COMPUTES = "░", "█"
HEADER = "model     bs  files wait  as long"
SHARES = {"resident": "share_resident", "files": "share"}  # the measurement that is each loader's share of waiting


@dataclass(frozen=True)
class Row:
    """What one network with one batch size has come to: the time of a batch, mean over all that were measured."""

    model: str
    bs: int
    resident: Spent
    files: Spent

    @property
    def ratio(self) -> float:
        """How many times as long an epoch from files takes."""
        return self.files.whole / self.resident.whole if self.resident.whole else 1.0

    def spent(self, loader: str) -> Spent:
        """Of one loader."""
        return self.files if loader == "files" else self.resident


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: what the knobs say, what of it is or has been measured (`now`), and all rows so far."""

    model: str
    bs: int
    images: int
    now: Row | None
    loading: Loading | None
    rows: Sequence[Row]
    busy: bool
    hidden: frozenset[str] = frozenset()
    trouble: str = ""

    @property
    def title(self) -> str:
        where = f", {self.loading.data}" if self.loading else ""
        return f"{self.model}, batches of {self.bs}{where}" if self.model else "no network"

    def share(self, row: Row, loader: str) -> str:
        """Of an epoch that a loader has to be waited for, in words."""
        return "?" if SHARES[loader] in self.hidden else f"{row.spent(loader).share:.0%}"

    def ratio(self, row: Row) -> str:
        """How many times as long, in words."""
        return "?" if "ratio" in self.hidden else number(row.ratio, 3)

    @property
    def veiled(self) -> bool:
        """Would times give away what is to be predicted?"""
        return bool({"ratio", *SHARES.values()} & self.hidden)

    def said(self) -> Iterator[str]:
        """What it comes to."""
        if self.now is None:
            return
        yield f"An epoch from files takes {self.ratio(self.now)} times as long."
        known = self.loading
        if known is not None and not self.veiled:
            files, resident = (
                duration(spent.whole / max(spent.batches, 1) * known.epoch)
                for spent in (self.now.files, self.now.resident)
            )
            yield f"Of all images ({plural(known.epoch, 'batch')}): {files} from files, {resident} resident."


def draw(sheet: Sheet, shown: Shown, pulse: str) -> None:
    """The title, how far it has got, both bars with their numbers, what they come to, and the table."""
    row = parts.head(sheet, shown.title, _stage(shown, pulse), shown.trouble, 5)
    if shown.trouble:
        return
    if shown.now is not None:
        row = _bars(sheet, row + (sheet.height >= parts.ROOMY), shown, shown.now)
    _table(sheet, row + (sheet.height >= parts.ROOMY), shown)


def _stage(shown: Shown, pulse: str) -> str:
    if shown.busy and shown.loading is None:
        return f"{pulse} The network is built, the files are written …"
    if shown.busy and shown.loading is not None:
        return f"{pulse} batch {shown.loading.files.batches} of {shown.loading.of}"
    if shown.now is not None:
        return f"{plural(shown.now.files.batches, 'batch')} measured"
    return (
        f"Space trains on {shown.images:,} images twice: once from files that are opened and decoded each time, once "
        "from memory, and measures what time goes into waiting for data."
    )


def _bars(sheet: Sheet, row: int, shown: Shown, now: Row) -> int:
    """A bar for each loader; returns the row after them and what they come to."""
    wide = max(sheet.width - NAME - SHARE, 1)
    longest = max(now.files.whole, now.resident.whole) or 1.0
    roomy = sheet.height >= parts.ROOMY  # for a line of numbers under each bar
    if roomy:
        sheet.spans(row, NAME, [(f"{COMPUTES} computing  ", "accent"), (f"{WAITS} waiting", "warn")])
        sheet.put(row, sheet.width - SHARE, "waits", "dim")
        row += 1
    for loader in reversed(LOADERS):
        spent = now.spent(loader)
        sheet.put(row, 0, loader, "plain")
        if "ratio" in shown.hidden or SHARES[loader] in shown.hidden:
            sheet.put(row, NAME, "?", "dim")
        else:
            whole = max(round(wide * spent.whole / longest), 1)
            waits = round(whole * spent.share)
            sheet.spans(row, NAME, [(COMPUTES * (whole - waits), "accent"), (WAITS * waits, "warn")])
        sheet.put(row, sheet.width - SHARE, shown.share(now, loader).rjust(SHARE), "strong")
        row += 1
        if roomy:
            sheet.put(row, NAME, fit(_times(shown, spent), sheet.width - NAME), "dim")
            row += 1
    for words in shown.said():
        lines = spoken(sheet, words, sheet.width, 3, "plain")
        if row + roomy + len(lines) > sheet.height:
            sheet.leave_out("what it comes to")
            break
        for line, style in lines:
            sheet.put(row + roomy, 0, line, style)
            row += 1
    return row + roomy


def _times(shown: Shown, spent: Spent) -> str:
    """A batch's milliseconds."""
    if shown.veiled:
        return "a batch takes ? ms"
    computes, waits = (number(1000 * part / max(spent.batches, 1), 2) for part in (spent.computing, spent.waiting))
    return f"{computes} ms computing, {waits} waiting"


def _table(sheet: Sheet, row: int, shown: Shown) -> None:
    """What was measured before, a line for each network and batch size."""
    if any(each is not shown.now for each in shown.rows):
        rows = [
            (
                f"{each.model[:8]:8}{each.bs:4}{shown.share(each, 'files'):>12}{'×' + shown.ratio(each):>9}",
                (each.model, each.bs) == (shown.model, shown.bs),
            )
            for each in shown.rows
        ]
        parts.table(sheet, row, HEADER, rows)


def sentence(shown: Shown) -> str:
    """The picture in words."""
    if shown.trouble:
        return shown.trouble
    now = shown.now
    if now is None:
        return f"{shown.title}: nothing has been measured yet. {_stage(shown, '').strip()}"
    said = " ".join(shown.said())
    return (
        f"{shown.title}: of an epoch from files {shown.share(now, 'files')} is waiting for data, of one from memory "
        f"{shown.share(now, 'resident')}. {said}"
    )
