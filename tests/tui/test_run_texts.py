"""What a network has written on the way, as a view of its run."""

from dataclasses import replace

import pytest

from fastai_tui.app.snapshots import Written
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import run_texts
from fastai_tui.app.tui.panes.common.run_picture import TEXTS, VIEWS, views_of
from fastai_tui.app.tui.sheet import Sheet
from tests.unit.canned_runs import snapshot

TEXT = [Written(step, "if ", f"text\n{step} " + "word " * 30) for step in (0, 40, 80, 120, 160)]


def drawn(width: int, height: int, hidden: frozenset[str] = frozenset()) -> str:
    """The view of a run with five texts."""
    sheet = Sheet(width, height)
    run_texts.draw(sheet, Area(0, 0, width, height), replace(snapshot(160), samples=tuple(TEXT)), hidden)
    return sheet.text


@pytest.mark.parametrize(
    ("most", "steps"),
    [(9, [0, 40, 80, 120, 160]), (5, [0, 40, 80, 120, 160]), (3, [0, 80, 160]), (2, [0, 160]), (1, [160])],
)
def test_texts_are_spread_from_the_first_to_the_last(most: int, steps: list[int]) -> None:
    assert [text.step for text in run_texts.spread(TEXT, most)] == steps
    assert run_texts.spread((), most) == []


def test_each_says_when_it_was_written_and_what_the_loss_was() -> None:
    text = drawn(40, 20)
    assert text.splitlines()[0] == "before the first batch"
    assert (text.count("batches"), text.count(", loss ")) == (4, 4)
    assert ", loss" not in drawn(40, 20, frozenset({"loss"}))


@pytest.mark.parametrize("size", [(40, 18), (38, 6), (100, 54), (12, 3), (3, 1), (1, 1)])
def test_it_stays_in_its_room(size: tuple[int, int]) -> None:
    lines = drawn(*size).splitlines()
    assert len(lines) <= size[1]
    assert max(map(len, lines), default=0) <= size[0]
    assert size[1] < 4 or any(line.startswith("after 160"[: size[0]]) for line in lines)


def test_only_who_writes_has_the_view() -> None:
    shot = snapshot(160)
    assert views_of(None) == views_of(replace(shot, samples=())) == VIEWS
    assert views_of(replace(shot, samples=tuple(TEXT))) == (*VIEWS, TEXTS)
