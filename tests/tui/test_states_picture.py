"""How the pane of states and gates looks: at any size, after any keys, in a chapter."""

import random
from pathlib import Path
from typing import Any

import pytest

from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common.letters import one_cell
from fastai_tui.app.tui.panes.text.cell import CellPane
from fastai_tui.app.tui.panes.text.states import StatesPane
from fastai_tui.app.tui.panes.text.states_drawing import page, tiles
from fastai_tui.lessons import loader
from tests.tui.course import NearLab, opened, press
from tests.tui.host import SilentLab, play, scene
from tests.tui.looks import same_as_golden
from tests.tui.reading import ReadingLab, any_keys_in_any_order, canned, drawn_at_every_size

pytestmark = pytest.mark.usefixtures("still")

TEXT = "The cat. It sat."


def made(lab: Any = None, show: dict[str, Any] | None = None, **given: Any) -> StatesPane:
    return StatesPane(scene("states", lab=lab or ReadingLab(), show={"text": TEXT, **(show or {})}, **given))


@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
@pytest.mark.parametrize("text", ["a", "é☃ 猫\tx" * 30])
def test_it_is_drawn_at_every_size(depth: str, text: str) -> None:
    pane = made(SilentLab({"states": canned}), show={"text": text})
    drawn_at_every_size(pane, "right", "v", depth=depth)


@pytest.mark.parametrize("seed", range(2))
def test_any_keys_in_any_order(seed: int) -> None:
    any_keys_in_any_order(made, made(), random.Random(seed))


def test_the_window_keeps_the_cursor_off_its_edges_and_stays_in_the_text() -> None:
    for length in (1, 5, 40, 200):
        for room in (1, 4, 35, 300):
            for at in range(length):
                first = page(at, length, room)
                assert 0 <= first <= at < first + room
                assert first + min(room, length) <= length


def test_maps_beside_each_other_do_not_overlap() -> None:
    assert tiles(Area(2, 0, 60, 27), 6) == []
    assert tiles(Area(2, 0, 40, 13), 1) == []
    for many in (4, 6):
        places = tiles(Area(2, 0, 100, 48), many)
        cells = {(r, c) for a in places for r in range(a.row, a.below) for c in range(a.column, a.right)}
        assert len(places) == many
        assert len(cells) == sum(a.width * a.height for a in places)
        assert all(a.below <= 50 and a.right <= 100 for a in places)


def test_every_character_takes_one_cell() -> None:
    assert [one_cell(c) for c in "a é☃\n猫\u0301"] == ["a", " ", "é", "☃", "⏎", "?", "?"]
    assert one_cell(" ", seen=True) == "␣"


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_it_looks_as_it_did(size: tuple[int, int]) -> None:
    pane = made(SilentLab({"states": canned}), show={"text": "The quick é, a fox.", "view": "update"})
    text = play(pane, "right", "right", "down", size=size, depth="none")
    same_as_golden(f"panes/states-{size[0]}x{size[1]}", text)


CHAPTER = """+++
schema = 1
number = 1
slug = "inside"
title = "Inside"
about = "A network that reads."
needs = []
+++

A network that reads.

## Look {#look}

```toml step
pane = "states"
show = { text = "the cat", view = "forget" }
hints = ["Press the right arrow."]

[[goal]]
id = "space"
say = "Go to the space."
when = "letter is space and view is forget"
```

Look.

## Work {#work}

```toml step
pane = "cell"
show = { text = "the cat", unit = 3, model = "rnn" }
hints = ["Press space."]

[[goal]]
id = "out"
say = "Work it out."
when = "stage == 4"
```

Work.
"""


async def test_in_a_chapter_the_keys_of_screen_and_app_are_typed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "01-inside.md").write_text(CHAPTER)
    monkeypatch.setattr(loader, "folder", lambda: tmp_path)
    async with opened("inside", "look", the_lab=NearLab()) as app:
        pane = app.screen.query_one(StatesPane)
        await press(app, "e", *" qnbch?", "enter")
        assert app.screen.query_one(StatesPane) is pane
        assert pane.text == "the cat qnbch?"
        await press(app, "e", "escape", "home", "right", "right", "right")
        assert pane.measured()["letter"] == "space"
        assert pane.measured()["kind"] == "lstm"
        await press(app, "n")
        cell = app.screen.query_one(CellPane)
        assert (cell.unit, cell.stage) == (3, 0)
        await press(app, "space", "space", "space", "space")
        assert cell.measured()["done"] == 1
        await press(app, "b", "n")
        again = app.screen.query_one(CellPane)
        assert again is not cell
        assert again.measured() == cell.measured()
