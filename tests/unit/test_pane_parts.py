"""Drawings that panes share: frames, tables, gauges, shrunken maps."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fastai_tui.app import halfblocks
from fastai_tui.app.tui.layout import Area, Need, arrange
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.panes.convolution import gallery
from fastai_tui.app.tui.sheet import Paint, Sheet, Sight

SIZES = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 80)), min_size=1, max_size=4)
NEEDS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)).map(lambda n: Need(*n)), min_size=1, max_size=3)
MAPS = st.integers(1, 30).flatmap(
    lambda n: st.lists(st.lists(st.integers(-999, 999), min_size=n, max_size=n), min_size=1, max_size=30)
)


@given(st.integers(1, 200), st.integers(1, 60), SIZES, NEEDS)
def test_a_frame_is_on_the_sheet_and_leaves_what_is_needed(
    width: int, height: int, sizes: list[tuple[int, int]], needs: list[Need]
) -> None:
    frame = arrange(width, height, sizes, needs)
    fits = [
        (i, j)
        for i, (rows, columns) in enumerate(sizes)
        for j, need in enumerate(needs)
        if rows + need.below <= height and columns + need.beside <= width
    ]
    if frame is None:
        assert not fits
        return
    need = needs[frame.need]
    assert (frame.size, frame.need) == fits[0]
    assert (frame.picture.height, frame.picture.width) == sizes[frame.size]
    assert frame.beside.width >= need.beside - 1
    assert frame.beside.width + frame.picture.width <= width
    assert frame.below.height >= need.below
    for area in (frame.picture, frame.beside, frame.below):
        assert area.below <= height
        assert area.right <= width


@settings(max_examples=60)
@given(MAPS, st.integers(1, 4))
def test_shrinking_keeps_the_strongest_as_numpy_does(rows: list[list[int]], factor: int) -> None:
    wanted = halfblocks.shrink(np.array(rows), -(-len(rows[0]) // factor), -(-len(rows) // factor), "strongest")
    assume(wanted.shape == (-(-len(rows) // factor), -(-len(rows[0]) // factor)))
    real = max(-(-len(rows[0]) // wanted.shape[1]), -(-len(rows) // wanted.shape[0]), 1)
    assert [list(row) for row in parts.strongest(tuple(map(tuple, rows)), real)] == wanted.tolist()


@given(MAPS, st.integers(0, 29), st.integers(0, 29), st.integers(4, 90), st.integers(2, 40))
def test_an_excerpt_shows_the_numbers_at_their_rows_and_columns(
    rows: list[list[int]], down: int, across: int, width: int, height: int
) -> None:
    at = min(down, len(rows) - 1), min(across, len(rows[0]) - 1)
    assume(width >= parts.HEADING + 5)
    sheet = Sheet(width, height)
    parts.excerpt(sheet, Area(0, 0, width, height), rows, at, halfblocks.signed(999))
    heading, *lines = sheet.text.split("\n")
    columns = [int(word) for word in heading.split()]
    found = {int(line.split()[0]): [int(word) for word in line.split()[1:]] for line in lines if line.strip()}
    assert found == {i: [rows[i][j] for j in columns] for i in found}
    assert at[0] in found
    assert at[1] in columns


@given(st.integers(-2000, 0), st.integers(0, 2000), st.floats(0, 1), st.integers(1, 40))
def test_a_gauge_grows_from_nought_towards_the_value(low: int, high: int, share: float, height: int) -> None:
    assume(low < high)
    value = round(low + (high - low) * share)
    pixels = 2 * height
    bar = parts._bar(pixels, value, low, high)
    lit = [i for i, look in enumerate(bar) if look]
    assert bool(lit) == bool(value)
    if lit:
        assert lit == list(range(lit[0], lit[-1] + 1))
        assert {bar[i] > 0 for i in lit} == {value > 0}
        share_lit = len(lit) / pixels
        assert abs(share_lit - abs(value) / (high - low)) <= 2 / pixels


@given(st.integers(0, 255), st.sampled_from(["truecolor", "256", "16", "none"]))
def test_a_number_on_its_shade_can_be_read(value: int, depth: str) -> None:
    look = parts.tint(halfblocks.grey(), value, Sight(depth=depth))  # type: ignore[arg-type]
    if depth == "none":
        assert look == "plain"
    elif depth == "truecolor":
        assert isinstance(look, Paint)
        assert abs(look.front[0] - look.back[0]) > 100  # type: ignore[index]
    else:
        assert isinstance(look, Paint)
        assert look.front != look.back


@given(st.integers(1, 120), st.integers(1, 60), st.integers(1, 9), st.data())
def test_the_chosen_map_is_always_among_those_drawn(width: int, height: int, count: int, data: st.DataObject) -> None:
    chosen = data.draw(st.integers(0, count - 1))
    maps = [tuple((0,) * 26 for _ in range(26))] * count
    sheet = Sheet(width, height)
    spots = gallery.draw(sheet, Area(0, 0, width, height), maps, ["kernel"] * count, chosen, halfblocks.signed(1))
    assert chosen in [index for _, index in spots]
