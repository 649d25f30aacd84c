"""Several networks' rate finders in one step: every curve is kept, and all are drawn and measured together."""

from typing import Any

import pytest

from fastai_tui.app.tui.panes.common import beginning
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.training.finder import FinderPane
from fastai_tui.app.tui.plotting import load
from fastai_tui.app.tui.services import Scene, Services
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import schema
from fastai_tui.lessons.panes import PANES
from tests.tui.host import Host
from tests.tui.test_finder_pane import FindingLab, found, play

NAMES = ("linear", "conv", "norm")
KEYS = [*"adefikKlmpuvyz,.[]", "left", "right", "home", "end", "space", "tab"]
SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (1, 1)]


@pytest.fixture(autouse=True, scope="module")
def _plots() -> None:
    load()


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "BEAT", 1e6)


class LadderLab(FindingLab):
    """The networks' curves have different lengths, so that they end at different rates."""

    async def ask(self, request: str, /, *, topic: str = "", **arguments: Any) -> Any:
        if request == "find_rate":
            model = arguments["job"].settings["model"]
            self.points = {"linear": 93, "conv": 100, "norm": 97}[model]
        return await super().ask(request, topic=topic, **arguments)


def step(knob: bool = True) -> schema.Step:
    return schema.Step(
        id="a-step",
        title="A step",
        pane="finder",
        prose="",
        run=schema.Run(experiment="cifar10", data="colour-digits", set={"preset": "quick", "model": "linear"}),
        knobs=(schema.Knob(setting="model", choices=NAMES),) if knob else (),
    )


def made(services: Services | None = None, hidden: set[str] | None = None, **knobs: Any) -> FinderPane:
    services = services or Services(LadderLab(), RunStore())
    return FinderPane(Scene("a", step(), services, {"model": "linear"} | knobs, {}, frozenset(hidden or ())))


class Turning(Host):
    """Turns the knob as a chapter's screen does."""

    def on_pane_turn(self, message: Pane.Turn) -> None:
        self.pane.knobs[message.knob] = message.value
        self.pane.turned(message.knob, message.value)


@pytest.fixture(autouse=True)
def _turning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.tui.test_finder_pane.Host", Turning)


async def find_all(pilot: Any, pane: Any) -> None:
    for _ in NAMES:
        await found(pilot, pane)
        await pilot.press("k")
        await pilot.pause()


def test_k_goes_from_network_to_network_and_every_curve_stays() -> None:
    pane = made()

    async def drive(pilot: Any, host: Host) -> None:
        await found(pilot, pane)
        assert (pane.measured()["rung"], pane.measured()["rungs"], pane.measured()["early"]) == ("linear", 1, 1)
        await pilot.press("k")
        await pilot.pause()
        assert (pane.rung, pane.measured()["done"], pane.measured()["rungs"]) == ("conv", 0, 1)
        await found(pilot, pane)
        assert (pane.measured()["points"], pane.measured()["stopped"], pane.measured()["rungs"]) == (100, 0, 2)
        await pilot.press("K")
        await pilot.pause()
        assert (pane.rung, pane.measured()["points"], pane.measured()["done"]) == ("linear", 93, 1)

    play(pane, drive)
    assert {name for name, _ in pane.rungs.known("linear")} == {"linear", "conv"}
    again = made(pane.services, model="conv")
    assert (again.measured()["points"], again.measured()["rungs"]) == (100, 2)


def test_all_of_them_on_one_plot_with_what_each_comes_to() -> None:
    pane = made()

    async def drive(pilot: Any, host: Host) -> None:
        await find_all(pilot, pane)
        await pilot.press("v")
        pane.plotter._kept.clear()

    text = play(pane, drive)
    measured = pane.measured()
    assert (measured["view"], measured["rungs"], measured["early"]) == ("rungs", 3, 2)
    curves = {name: one.finding for name, one in pane.rungs.curves.items()}
    valleys = {name: next(s.rate for s in one.suggestions if s.name == "valley") for name, one in curves.items()}
    assert measured["fastest"] == max(valleys, key=lambda name: valleys[name] or 0)
    assert measured["farthest"] == "conv"
    assert curves["conv"].rates[-1] > curves["norm"].rates[-1] > curves["linear"].rates[-1]
    lines = [line for line in text.splitlines() if line.startswith("── ")]
    assert [line.split()[1] for line in lines] == list(NAMES)
    assert "stopped at" in lines[0]
    assert "went to" in lines[1]
    assert "smoothed loss over the rate" in text
    assert all(name in pane.sentence() for name in NAMES)


def test_another_network_stops_what_is_being_found() -> None:
    lab = LadderLab(at_once=20, hangs_at=60)
    pane = made(Services(lab, RunStore()))

    async def drive(pilot: Any, host: Host) -> None:
        await pilot.press("space")
        await pilot.pause(0.3)
        assert pane.busy
        await pilot.press("k")
        await pilot.pause(0.05)
        assert not pane.busy

    play(pane, drive)
    assert (pane.finding, pane.rungs.curves) == (None, {})
    assert lab.asked[-1][0] == "leave_rate"


def test_z_forgets_one_of_them() -> None:
    pane = made()

    async def drive(pilot: Any, host: Host) -> None:
        await find_all(pilot, pane)
        await pilot.press("z")

    play(pane, drive)
    assert set(pane.rungs.curves) == {"conv", "norm"}
    assert set(pane.services.memory[pane.place]) == {"conv", "norm"}


def test_what_is_to_be_predicted_is_not_told() -> None:
    pane = made(hidden={"last_rate", "valley"})

    async def drive(pilot: Any, host: Host) -> None:
        await find_all(pilot, pane)
        await pilot.press("v")

    text = play(pane, drive)
    lines = [line for line in text.splitlines() if line.startswith("── ")]
    assert all("valley ?" in line and line.rstrip().endswith("?") for line in lines)


def test_without_the_knob_there_is_one_curve_and_no_rungs() -> None:
    pane = FinderPane(Scene("a", step(knob=False), Services(LadderLab(), RunStore()), {}, {}, frozenset()))

    async def drive(pilot: Any, host: Host) -> None:
        await found(pilot, pane)
        await pilot.press("k", "v")

    play(pane, drive)
    assert pane.view == "proof"
    assert not {"rung", "rungs", "early", "fastest", "farthest"} & set(pane.measured())


@pytest.mark.parametrize("size", SIZES)
def test_any_key_at_any_size(size: tuple[int, int]) -> None:
    async def drive(pilot: Any, host: Host) -> None:
        await find_all(pilot, pane)
        await pilot.press("v")
        for key in KEYS:
            await pilot.press(key)
        await pilot.pause()
        assert set(pane.measured()) <= set(PANES["finder"].measures)
        pane.view = "rungs"

    for depth in ("truecolor", "none"):
        pane = made()
        text = play(pane, drive, size=size, depth=depth, unicode=depth != "none")
        assert all(len(line) <= size[0] for line in text.splitlines())
