"""The pane of layer groups on a pretrained network: a hundred layers, three groups, and a run of its head alone."""

from functools import partial
from typing import Any

import pytest

from fastai_tui.app.tui.panes.common.layers import short
from fastai_tui.app.tui.panes.training import groups_drawing as drawing
from fastai_tui.app.tui.panes.training.groups import GroupsPane
from fastai_tui.lessons.schema import Knob, Run
from tests.tui import host
from tests.tui.host import SilentLab, scene, settled
from tests.tui.test_groups_pane import with_knobs

SIZES = [(40, 18), (78, 18), (60, 34), (38, 6), (20, 3), (1, 1)]
RUN = Run(
    experiment="dogscats", epochs=1, data="colour-digits", set={"preset": "unfrozen", "cycles": 1, "cycle_mult": 1}
)
LATE, LAYERS = 30, 52  # convolutions, each with a norm
HEAD = [("head.layers.0", "BatchNorm1d", 5120), ("head.layers.2", "Linear", 1_311_232),
        ("head.layers.4", "BatchNorm1d", 1024), ("head.layers.6", "Linear", 1026)]  # fmt: skip
NAMES = [f"trunk.features.{i // 3}.conv.{i % 3}.{part}" for i in range(LAYERS) for part in (0, 1)]


def summary(job: Any) -> dict[str, Any]:
    """Three groups, of which as many are frozen as the job says."""
    frozen = job.settings["freeze"]
    told = [(name, ("Conv2d", "BatchNorm2d")[i % 2], 100 + i, int(i >= 2 * LATE)) for i, name in enumerate(NAMES)]
    layers = [
        {"name": name, "type": kind, "parameters": many, "group": group, "keeps_statistics": group < frozen}
        for name, kind, many, group in [*told, *((*layer, 2) for layer in HEAD)]
    ]
    return {"groups": 3, "frozen": frozen, "layers": layers, "settings": dict(job.settings)}


def moved_head(run: str) -> dict[str, Any]:
    """What a run has moved to which the head was all there is."""
    layers = [
        {"name": name, "type": kind, "group": 2, "frozen": False, "change": 0.1, "keeps_statistics": False,
         "statistics_change": None}
        for name, kind, _ in HEAD
    ]  # fmt: skip
    return {"run": run, "step": 90, "freeze": 2, "layers": layers}


play = partial(host.play, size=(40, 18))


def made(freeze: int = 2, **given: Any) -> GroupsPane:
    where = scene("groups", lab=SilentLab({"summary": summary}), run=RUN, knobs={"freeze": freeze}, **given)
    return GroupsPane(with_knobs(where, (Knob(setting="freeze"),)))


def test_three_groups_of_a_hundred_layers() -> None:
    play(pane := made())
    measured = pane.measured()
    assert (measured["groups"], measured["frozen"]) == (3, 2)
    assert measured["trainable"] == sum(many for _, _, many in HEAD) == 1_318_402
    assert measured["parameters"] == 1_318_402 + sum(range(100, 100 + 2 * LAYERS))
    assert "60 layers, trunk.features.0.conv.0.0 to trunk.features.9.conv.2.1" in pane.sentence()
    assert len(pane.sentence()) < 700


@pytest.mark.parametrize("size", [(40, 18), (60, 34), (100, 50)])
def test_wherever_the_cursor_is_its_groups_heading_is_to_be_seen(size: tuple[int, int]) -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        for number in (0, 5, 30, 59, 60, 61, 80, 103, 104, 107):
            pane.at = number
            pane.redraw()
            await pilot.pause()
            lines = pane.sheet.text.splitlines()
            here = next(i for i, line in enumerate(lines) if short(pane.now().layers[number].name, 8) in line)  # type: ignore[union-attr]
            group = 1 if number < 60 else 2 if number < 104 else 3
            assert any(line.startswith(f"group {group}: ") for line in lines[:here]), (number, lines)

    play(pane, drive=drive, size=size)


def test_brackets_go_from_group_to_group() -> None:
    text = play(pane := made(), "right_square_bracket")
    assert (pane.measured()["layer"], pane.measured()["group"]) == (61, 2)
    assert "group 2: frozen (44 layers)" in text
    play(pane := made(), "right_square_bracket", "right_square_bracket", "right_square_bracket")
    assert (pane.measured()["layer"], pane.measured()["group"]) == (105, 3)


def test_what_was_not_there_in_a_run_of_the_head_was_frozen() -> None:
    pane = made(0)

    async def drive(pilot: Any) -> None:
        pane.moved = moved_head("1-dogscats")
        pane.view = "moved"
        pane.changed()
        await settled(pilot)

    text = play(pane, "end", drive=drive)
    measured = pane.measured()
    assert (measured["were_frozen"], measured["frozen"], measured["moved"]) == (2, 0, 0.1)
    assert "moved_frozen" not in measured
    assert "head.6" in text


def test_names_are_told_apart_where_there_is_little_room() -> None:
    found = [short(name, 8) for name in [*NAMES, *(name for name, _, _ in HEAD)]]
    assert max(map(len, found)) <= 8
    assert len(set(found)) == len(found)
    assert short("trunk.layer3.0.downsample.1", 8) == "l3.0.d.1"
    assert short("trunk.layer3.0.conv1", 8) == "l3.0.c1"
    assert short("trunk.layer3.0.conv1", 99) == "trunk.layer3.0.conv1"
    assert (short("layers.3.conv"), short("conv1"), short("blocks.2.0.norm1")) == (
        "3.conv",
        "conv1",
        "blocks.2.0.norm1",
    )
    assert drawing.NAME - 2 == 8


@pytest.mark.parametrize("depth", ["truecolor", "none"])
@pytest.mark.parametrize("keys", [(), ("end",), ("right_square_bracket", "up"), ("v", "f", "a", "z", "m")])
def test_it_is_drawn_at_every_size(keys: tuple[str, ...], depth: str) -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, *keys, drive=drive, depth=depth)
