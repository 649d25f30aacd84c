"""A photo that the lab has sent, in an area of a sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastai_tui.app.tui.layout import Area
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.photo_facts import OnePhoto


def draw(sheet: Sheet, area: Area, photo: OnePhoto) -> None:
    """The photo, as large as there is room, in the middle from left to right."""
    import numpy as np

    from fastai_tui.app import photo_picture

    wide, high = photo.shown
    columns, rows = photo_picture.size(wide, high, area.width, area.height)
    pixels = np.frombuffer(photo.pixels, np.uint8).reshape(high, wide, 3)
    scaled = photo_picture.scaled(pixels, columns, rows)
    drawn = photo_picture.cells(scaled, sheet.sight.depth, unicode=sheet.sight.unicode)
    sheet.photo(area.row, area.column + (area.width - columns) // 2, drawn)
