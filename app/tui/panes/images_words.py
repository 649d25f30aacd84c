"""What the pane of a set's images says: a sentence for its picture, and how far getting CIFAR-10 is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import count, duration, fit
from fastai_tui.app.tui.panes import images_numbers
from fastai_tui.app.tui.panes.run_picture import bar, spoken

if TYPE_CHECKING:
    from fastai_tui.app.getting import Getting
    from fastai_tui.app.tui.panes.images_drawing import Shown
    from fastai_tui.app.tui.sheet import Role, Sheet

MEGA = 1e6
MOST = 8  # lines of a message below the picture


def sentence(shown: Shown | None, trouble: str, getting: Getting | None) -> str:
    """The picture in words, and what becomes of getting the real images."""
    words = trouble or ("PyTorch starts; then the images are read." if shown is None else _of(shown))
    if getting is None:
        return words
    return f"{words} {getting.trouble or f'CIFAR-10 is on its way: {stage(getting)}.'}"


def _of(shown: Shown) -> str:
    facts = shown.facts
    stands = ", which stands in for CIFAR-10," if facts.name == "colour-digits" else ""
    channels = "; ".join(
        f"{name} {images_numbers.mean(shown, c)} and {images_numbers.deviation(shown, c)}"
        for c, name in enumerate(images_numbers.names(shown))
    )
    whole = (
        f"{facts.name}{stands} has {count(facts.train)} training images of {len(facts.classes)} classes; "
        f"means and deviations of its channels: {channels}."
    )
    if shown.picture is None:
        return f"{whole} There is no image of this class."
    pixel = f"at row {shown.at[0]}, column {shown.at[1]}: {images_numbers.formula(shown)}"
    return f"{whole} Image {count(shown.picture.row)}, class {shown.name}, {pixel}."


def stage(getting: Getting) -> str:
    """How far it is."""
    progress = getting.progress
    if progress is None:
        return "its server is asked"
    if getting.unpacks:
        return "it is verified and unpacked"
    return f"{share(getting):.0%}" if progress.total else f"{progress.done / MEGA:.1f} MB"


def share(getting: Getting) -> float:
    """How much of it has arrived, 0 to 1."""
    progress = getting.progress
    return progress.done / progress.total if progress and progress.total else 0.0


def below(sheet: Sheet, getting: Getting | None) -> list[tuple[str, Role]]:
    """Lines below the picture: how far getting it is, or what stood in the way."""
    if getting is None or (getting.ended and not getting.trouble):
        return []
    if getting.ended:
        low = sheet.height < MOST + 2
        words = f"CIFAR-10 was not fetched. {getting.trouble.rpartition('. ')[2]}" if low else getting.trouble
        most = sheet.height if low else min(MOST, sheet.height // 2)
        return spoken(sheet, words, sheet.width, most, "plain" if getting.stopped else "bad")
    return [(_progress(getting, sheet.width), "accent")]


def _progress(getting: Getting, width: int) -> str:
    """The words of the progress bar, as many as there is room for."""
    progress = getting.progress
    if progress is None or getting.unpacks or not progress.total:
        return f"CIFAR-10: {stage(getting)} …"
    left = duration((progress.total - progress.done) / progress.speed, tenths=False) if progress.speed else ""
    parts = [
        f"{share(getting):.0%}",
        f" of {progress.total / MEGA:.0f} MB",
        f", {progress.speed / MEGA:.1f} MB/s",
        f", {left} left" if left else "",
    ]
    words = parts[0]
    for part in parts[1:]:
        if len(words) + len(part) <= width - 12:
            words += part
    return words


def put(sheet: Sheet, page: Sheet, lines: list[tuple[str, Role]], getting: Getting | None) -> None:
    """The page, and below it the lines; while something arrives, a bar."""
    for row, cells in enumerate(page.rows):
        sheet.rows[row] = cells
    for words in page.left_out:
        sheet.leave_out(words)
    arrives = getting is not None and not getting.ended and not getting.unpacks and share(getting) > 0
    for i, (words, style) in enumerate(lines):
        if arrives and getting is not None:
            bar(sheet, page.height + i, 0, sheet.width, share(getting), words)
        else:
            sheet.put(page.height + i, 0, fit(words, sheet.width), style)


def instead(sheet: Sheet, trouble: str, pulse: str) -> None:
    """What there is before there are images."""
    lines = spoken(
        sheet, trouble or f"{pulse} PyTorch starts …", sheet.width, sheet.height, "bad" if trouble else "plain"
    )
    for i, (words, style) in enumerate(lines):
        sheet.put(i, 0, words, style)
