"""From a sheet's styles to Rich's: what each role looks like in a theme."""

from dataclasses import dataclass
from functools import lru_cache

from rich.color import Color
from rich.style import Style as RichStyle

from fastai_tui.app.tui.sheet import Colour, Paint, Role, Style


@dataclass(frozen=True)
class Palette:
    """A theme's looks by role; a role without one looks like `plain`. Hashable, so that resolved styles are cached."""

    looks: tuple[tuple[Role, Paint], ...]

    def style(self, style: Style) -> RichStyle:
        """Rich's style for a role or a paint; what a paint leaves open is as in `plain`."""
        return _resolved(self, style)


@lru_cache(maxsize=16384)
def _resolved(palette: Palette, style: Style) -> RichStyle:
    looks = dict(palette.looks)
    plain = looks["plain"]
    paint = style if isinstance(style, Paint) else looks.get(style, plain)
    front = plain.front if paint.front is None else paint.front
    back = plain.back if paint.back is None else paint.back
    return RichStyle(
        color=_rich(front),
        bgcolor=_rich(back),
        bold=paint.bold,
        dim=paint.dim,
        underline=paint.underline,
        reverse=paint.reverse,
    )


def _rich(colour: Colour) -> Color:
    if colour is None:
        return Color.default()
    return Color.from_ansi(colour) if isinstance(colour, int) else Color.from_rgb(*colour)
