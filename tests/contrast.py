"""What colours look like to people: contrast by WCAG 2.1, distances in CIELAB, and colour-blind eyes."""

import numpy as np
from rich.color import Color, ColorSystem
from rich.terminal_theme import TerminalTheme

RGB = tuple[int, int, int]
SYSTEMS = {
    "truecolor": ColorSystem.TRUECOLOR,
    "256": ColorSystem.EIGHT_BIT,
    "16": ColorSystem.STANDARD,
    "none": ColorSystem.STANDARD,
}
# xterm's own table (XTerm-col.ad)
_XTERM: list[RGB] = [
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
    (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
    (255, 255, 255),
]  # fmt: skip
# Visual Studio Code's light terminal: a ground of white whose "white" is dark, and pale bright colours
_PALE: list[RGB] = [
    (0, 0, 0), (205, 49, 49), (0, 188, 0), (148, 152, 0), (4, 81, 165), (188, 5, 188), (5, 152, 188), (85, 85, 85),
    (102, 102, 102), (205, 49, 49), (20, 206, 20), (181, 186, 0), (4, 81, 165), (188, 5, 188), (5, 152, 188),
    (165, 165, 165),
]  # fmt: skip
XTERM = TerminalTheme((0, 0, 0), (229, 229, 229), _XTERM[:8], _XTERM[8:])
XTERM_LIGHT = TerminalTheme((255, 255, 255), (0, 0, 0), _XTERM[:8], _XTERM[8:])
VSCODE_LIGHT = TerminalTheme((255, 255, 255), (51, 51, 51), _PALE[:8], _PALE[8:])

# Machado, Oliveira, Fernandes 2009, at full severity, on linear RGB
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def seen(colour: Color | None, depth: str, terminal: TerminalTheme, *, front: bool) -> RGB:
    """What a terminal of that depth and palette shows for a Rich colour."""
    colour = (colour or Color.default()).downgrade(SYSTEMS[depth])
    red, green, blue = colour.get_truecolor(terminal, foreground=front)
    return red, green, blue


def _linear(colour: RGB) -> np.ndarray:
    part = np.asarray(colour) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def contrast(one: RGB, other: RGB) -> float:
    """WCAG's ratio, 1 to 21."""
    lums = sorted(float(_linear(c) @ np.array([0.2126, 0.7152, 0.0722])) for c in (one, other))
    return (lums[1] + 0.05) / (lums[0] + 0.05)


def _lab(linear: np.ndarray) -> np.ndarray:
    matrix = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    )
    xyz = matrix @ linear / np.array([0.95047, 1, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one: RGB, other: RGB, vision: str = "normal") -> float:
    """CIELAB's ΔE*ab between two colours, for eyes of a kind; 2.3 is just noticeable."""
    labs = [_lab(np.clip(VISIONS[vision] @ _linear(colour), 0, 1)) for colour in (one, other)]
    return float(np.linalg.norm(labs[0] - labs[1]))


def lightness(colour: RGB, vision: str = "normal") -> float:
    """CIELAB's L*, 0 to 100, for eyes of a kind."""
    return float(_lab(np.clip(VISIONS[vision] @ _linear(colour), 0, 1))[0])
