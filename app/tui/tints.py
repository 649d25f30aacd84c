"""The true colours of the themes, every one of them among xterm's 256 and unharmed by Rich's way of reducing colours:
a grey, or a colour of the 6×6×6 cube that is saturated enough not to become one (15 % in HLS)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastai_tui.app.halfblocks import RGB

# The two cube colours that stay furthest (CIELAB, over normal, protan-, deuteran- and tritanopic vision, Machado 2009)
# from everything on the grey and on the blue and orange ramps: 29 for violet, 20 for lime, 6 for the usual light green.
VIOLET: RGB = (135, 0, 255)
LIME: RGB = (135, 255, 0)
BLACK: RGB = (0, 0, 0)
WHITE: RGB = (255, 255, 255)


@dataclass(frozen=True)
class Tints:
    """The true colours of a theme: three grounds (`ground` for text, `shade` for bars, `field` for what is typed into)
    and what stands on them."""

    ground: RGB
    shade: RGB
    field: RGB
    text: RGB
    dim: RGB
    strong: RGB
    emphasis: RGB
    code: RGB
    link: RGB
    good: RGB
    bad: RGB
    warn: RGB
    cursor: RGB
    key: RGB
    mark: RGB
    light: bool = False


def _grey(level: int) -> RGB:
    return level, level, level


DARK = Tints(
    ground=_grey(28),
    shade=_grey(58),
    field=_grey(78),
    text=_grey(218),
    dim=_grey(148),
    strong=WHITE,
    emphasis=(255, 215, 135),
    code=(135, 215, 215),
    link=(135, 215, 255),
    good=(135, 215, 95),
    bad=(255, 135, 135),
    warn=(255, 215, 95),
    cursor=(95, 215, 255),
    key=(255, 215, 95),
    mark=LIME,
)
LIGHT = Tints(
    ground=WHITE,
    shade=_grey(228),
    field=_grey(208),
    text=_grey(18),
    dim=_grey(98),
    strong=BLACK,
    emphasis=(135, 0, 135),
    code=(0, 95, 95),
    link=(0, 95, 175),
    good=(0, 95, 0),
    bad=(175, 0, 0),
    warn=(135, 95, 0),
    cursor=(0, 95, 175),
    key=(135, 0, 95),
    mark=LIME,
    light=True,
)
SAFE = replace(  # after Okabe and Ito: sky blue against orange, yellow and purple beside them
    DARK,
    emphasis=(215, 175, 215),
    code=(255, 255, 135),
    link=(135, 215, 255),
    good=(95, 175, 255),
    bad=(255, 175, 0),
    warn=(255, 255, 95),
    cursor=(255, 255, 95),
    mark=VIOLET,
)
CONTRAST = replace(
    DARK,
    ground=BLACK,
    text=WHITE,
    dim=_grey(178),
    emphasis=(255, 255, 95),
    code=(95, 255, 255),
    link=(135, 255, 255),
    good=(95, 255, 95),
    bad=(255, 175, 175),
    warn=(255, 255, 95),
    cursor=(255, 255, 0),
)
TINTS: dict[str, Tints] = {"dark": DARK, "light": LIGHT, "safe": SAFE, "high-contrast": CONTRAST}
