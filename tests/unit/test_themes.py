"""Every theme is legible in every depth of colour, and says nothing by colours that some eyes can not tell apart."""

import pytest
from rich.color import Color
from rich.terminal_theme import TerminalTheme

from fastai_tui.app import halfblocks
from fastai_tui.app.tui import themes
from fastai_tui.app.tui.palette import Palette
from fastai_tui.app.tui.sheet import ROLES, Role
from tests.contrast import RGB, VISIONS, VSCODE_LIGHT, XTERM, XTERM_LIGHT, contrast, distance, seen

COLOURED = [name for name in themes.NAMES if name != "ansi"]
PICTURES = [halfblocks.rgb(ramp, i / 40) for ramp in (halfblocks.GREY, halfblocks.SIGNED) for i in range(41)]


def looks(palette: Palette, role: Role, depth: str, terminal: TerminalTheme) -> tuple[RGB, RGB]:
    """(text, ground) as a terminal shows them; a dimmed text lies half way to its ground."""
    style = palette.style(role)
    front, back = (
        seen(colour, depth, terminal, front=f) for colour, f in ((style.color, True), (style.bgcolor, False))
    )
    if style.reverse:
        front, back = back, front
    if style.dim:
        front = tuple((a + b) // 2 for a, b in zip(front, back, strict=True))  # type: ignore[assignment]
    return front, back


def test_every_role_has_a_look_in_every_theme_at_every_depth() -> None:
    for name in themes.NAMES:
        for depth in ("truecolor", "256", "16", "none"):
            for light in (False, True):
                assert {role for role, _ in themes.theme_named(name, depth, light).palette.looks} == set(ROLES)


@pytest.mark.parametrize("depth", ["truecolor", "256"])
@pytest.mark.parametrize("name", COLOURED)
def test_text_is_legible_on_its_ground(name: str, depth: str) -> None:
    theme = themes.theme_named(name, depth)  # type: ignore[arg-type]
    for role in ROLES:
        front, back = looks(theme.palette, role, depth, XTERM)
        assert contrast(front, back) >= (3 if role == "dim" else 4.5), (role, front, back)


@pytest.mark.parametrize(
    ("name", "terminal", "light"),
    [(name, *where) for name in themes.NAMES for where in ((XTERM, False), (XTERM_LIGHT, True))]
    + [(name, VSCODE_LIGHT, True) for name in ("ansi", "safe")],  # the others have grounds of their own
)
def test_sixteen_colours_are_legible_on_dark_and_light_terminals(
    name: str, terminal: TerminalTheme, light: bool
) -> None:
    theme = themes.theme_named(name, "16", light)
    for role in ROLES:
        front, back = looks(theme.palette, role, "16", terminal)
        assert contrast(front, back) >= (3 if role == "dim" else 4.5), (role, front, back)


@pytest.mark.parametrize("name", themes.NAMES)
def test_adjacent_grounds_do_not_collapse(name: str) -> None:
    """Text, bar, field and cursor have to be told apart; so have text and dimmed text."""
    for depth, terminal, light in (("truecolor", XTERM, False), ("256", XTERM, False), ("16", XTERM, False)):
        palette = themes.theme_named(name, depth, light).palette  # type: ignore[arg-type]
        grounds = {role: looks(palette, role, depth, terminal) for role in ROLES}
        assert distance(grounds["plain"][1], grounds["shade"][1]) > 8, depth
        assert distance(grounds["plain"][1], grounds["cursor"][1]) > 40, depth
        assert distance(grounds["shade"][1], grounds["cursor"][1]) > 15, depth
        field, plain = palette.style("field"), palette.style("plain")
        assert field.underline or distance(grounds["field"][1], grounds["plain"][1]) > 8, depth
        assert plain != palette.style("dim"), depth


@pytest.mark.parametrize("name", COLOURED)
def test_256_colours_look_like_true_ones(name: str) -> None:
    """Rich's reduction may shift a light grey by one step of ten, and nothing further."""
    theme = themes.theme_named(name)
    for role in ROLES:
        for colour in (theme.palette.style(role).color, theme.palette.style(role).bgcolor):
            true, reduced = (seen(colour, depth, XTERM, front=True) for depth in ("truecolor", "256"))
            assert max(abs(a - b) for a, b in zip(true, reduced, strict=True)) <= 10, (role, true, reduced)


def test_without_colours_only_attributes_are_left() -> None:
    for name in themes.NAMES:
        palette = themes.theme_named(name, "none").palette
        for role in ROLES:
            style = palette.style(role)
            assert style.color == style.bgcolor == Color.default(), role
        assert palette.style("cursor").reverse
        assert palette.style("link").underline
        assert palette.style("strong").bold


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("name", themes.NAMES)
def test_the_mark_stands_out_on_every_picture(name: str, vision: str) -> None:
    mark = themes.theme_named(name).mark
    nearest = min(distance(mark, colour, vision) for colour in PICTURES)
    assert nearest >= (25 if name == "safe" else 15)


def test_the_mark_is_none_of_the_sixteen_that_pictures_use() -> None:
    used = {*halfblocks.GREY.sixteen, *halfblocks.SIGNED.sixteen}
    for name in themes.NAMES:
        mark = themes.theme_named(name, "16").mark16
        assert not {mark, mark - 8} & used


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("depth", ["truecolor", "256", "16"])
def test_the_safe_theme_tells_good_from_bad_for_every_eye(depth: str, vision: str) -> None:
    palette = themes.theme_named("safe", depth).palette  # type: ignore[arg-type]
    good, bad = (looks(palette, role, depth, XTERM)[0] for role in ("good", "bad"))  # type: ignore[arg-type]
    assert distance(good, bad, vision) > 25


@pytest.mark.parametrize("name", COLOURED)
def test_the_sixteen_colours_of_plots_are_legible_in_every_theme(name: str) -> None:
    theme = themes.theme_named(name)
    _, ground = looks(theme.palette, "plain", "truecolor", XTERM)
    for number in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15):
        colour = Color.from_ansi(number).get_truecolor(theme.terminal)
        assert contrast(tuple(colour), ground) >= 4.5, number  # type: ignore[arg-type]


def test_what_is_chosen_where_nothing_was_chosen() -> None:
    assert themes.default_for("truecolor", False) == themes.theme_named("nonsense").name == "dark"
    assert themes.default_for("256", True) == themes.theme_named("", "256", True).name == "light"
    assert themes.default_for("16", True) == themes.theme_named("", "none").name == "ansi"


def test_the_key_for_themes_goes_round() -> None:
    name, seen_names = themes.NAMES[0], []
    for _ in themes.NAMES:
        seen_names.append(name)
        name = themes.after(name)
    assert tuple(seen_names) == themes.NAMES
    assert name == themes.NAMES[0]
    assert themes.after("nonsense") == themes.NAMES[0]
