"""Keys that are pressed before the lab has answered for the first time do what they would have done after it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from fastai_tui.app.tui.panes.common.early import MOST, EarlyPane
from tests.tui import test_cell_pane, test_states_pane, test_streams_pane, test_surprise_pane
from tests.tui.host import Host, SilentLab, play, scene, settled

pytestmark = pytest.mark.usefixtures("still", "networks")

Make = Callable[..., Any]
MADE: dict[str, Make] = {
    "states": test_states_pane.made,
    "cell": test_cell_pane.made,
    "surprise": test_surprise_pane.made,
    "streams": test_streams_pane.made,
    "windows": lambda lab=None: test_streams_pane.made(lab, show={"view": "windows"}),
}


class LateLab:
    """Has its answers from another one, but gives none until it is told to."""

    def __init__(self, lab: Any) -> None:
        self.lab, self.may = lab, asyncio.Event()

    async def ask(self, request: str, /, **arguments: Any) -> Any:
        await self.may.wait()
        return await self.lab.ask(request, **arguments)


def early(pane: EarlyPane, lab: LateLab, *keys: str, size: tuple[int, int] = (78, 18)) -> str:
    """The pane's text when keys were pressed at once and the lab has answered then."""

    async def run() -> str:
        async with Host(pane).run_test(size=size) as pilot:
            for key in keys:
                await pilot.press(key)
            await pilot.pause()
            assert pane.waiting
            assert pane.early
            lab.may.set()
            await settled(pilot)
            assert not pane.early
            return pane.sheet.text

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("states", ("v", "v", "down", "m", "V")),
        ("states", ("right", "down", "down", "up")),
        ("cell", ("space", "space", "u", "space")),
        ("cell", ("down", "down", "f", "space")),
        ("surprise", ("f", "f")),
        ("streams", ("right", "right", "down", "left")),
        ("windows", ("left", "down", "home")),
    ],
)
def test_they_take_effect_when_the_answer_comes(kind: str, keys: tuple[str, ...]) -> None:
    usual = MADE[kind]()
    text = play(usual, *keys)
    assert usual.measured() != MADE[kind]().measured()
    lab = LateLab(usual.services.lab)
    late = MADE[kind](lab)
    assert early(late, lab, *keys) == text
    assert late.measured() == usual.measured()


def test_what_can_not_be_done_is_left_and_the_rest_is_done() -> None:
    lab = LateLab(MADE["states"]().services.lab)
    pane = MADE["states"](lab)
    early(pane, lab, "right_square_bracket", "v")
    assert (pane.measured()["layer"], pane.measured()["views"]) == (1, 2)


def test_what_needs_room_finds_out_first_whether_there_is() -> None:
    lab = LateLab(MADE["states"]().services.lab)
    pane = MADE["states"](lab)
    early(pane, lab, "a", size=(100, 54))
    assert pane.kept()["together"] == 0


def test_no_more_are_kept_than_anybody_means() -> None:
    lab = LateLab(MADE["states"]().services.lab)
    pane = MADE["states"](lab)
    early(pane, lab, *["down"] * (MOST + 5))
    assert pane.units.index(pane.unit) == MOST


def test_where_there_is_no_lab_none_are_kept() -> None:
    lab = LateLab(SilentLab())
    pane = MADE["states"](lab)
    assert "There is no lab here." in early(pane, lab, "v", "down")


async def test_while_a_line_is_typed_they_wait_for_its_end() -> None:
    lab = LateLab(MADE["states"]().services.lab)
    pane = MADE["states"](lab)
    async with Host(pane).run_test(size=(78, 18)) as pilot:
        await pilot.press("v", "e")
        lab.may.set()
        await settled(pilot)
        assert pane.line is not None
        assert pane.measured()["views"] == 1
        await pilot.press("enter")
        await settled(pilot)
        assert pane.measured()["views"] == 2


def test_a_pane_says_itself_what_it_waits_for() -> None:
    with pytest.raises(NotImplementedError):
        _ = EarlyPane(scene("states")).waiting
