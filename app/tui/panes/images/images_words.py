"""What the pane of a set's images says: a sentence for its picture, and what there is before there are any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastai_tui.app.text import count
from fastai_tui.app.tui.panes.common.fetching_drawing import on_its_way
from fastai_tui.app.tui.panes.common.run_picture import spoken
from fastai_tui.app.tui.panes.images import images_numbers

if TYPE_CHECKING:
    from fastai_tui.app.getting import Getting
    from fastai_tui.app.tui.panes.images.images_drawing import Shown
    from fastai_tui.app.tui.sheet import Sheet


def sentence(shown: Shown | None, trouble: str, getting: Getting | None) -> str:
    """The picture in words, and what becomes of getting the real images."""
    words = trouble or ("PyTorch starts; then the images are read." if shown is None else _of(shown))
    return f"{words} {on_its_way(getting, 'CIFAR-10')}".strip()


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


def instead(sheet: Sheet, trouble: str, pulse: str) -> None:
    """What there is before there are images."""
    lines = spoken(
        sheet, trouble or f"{pulse} PyTorch starts …", sheet.width, sheet.height, "bad" if trouble else "plain"
    )
    for i, (words, style) in enumerate(lines):
        sheet.put(i, 0, words, style)
