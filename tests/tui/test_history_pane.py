"""The pane of the uncut history: it shows what was measured, and measures no more than it is asked for."""

from functools import partial
from typing import Any

import msgspec
import pytest

from fastai_tui.app.tui.panes.text.history import HistoryPane
from fastai_tui.app.tui.panes.text.history_drawing import MOST
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.history_costs import Cost, Costs, History
from fastai_tui.lessons.panes import PANES
from tests.tui import host
from tests.tui.host import SilentLab, scene, settled
from tests.tui.looks import same_as_golden

pytestmark = pytest.mark.usefixtures("plots")

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (1, 1)]


class MeasuringLab(SilentLab):
    """Every batch adds 100,000 bytes and 2 ms to the uncut side; `at_once` batches are measured for a request."""

    def __init__(self, at_once: int = 5, full: int = 10_000, trouble: str = "") -> None:
        super().__init__({"history": self.history})
        self.at_once, self.full, self.trouble, self.done = at_once, full, trouble, 0

    def history(self, batches: int, bptt: int, hidden: int, data: str) -> Any:
        if self.trouble:
            raise RunFailed(self.trouble)
        self.done = min(max(self.done, min(batches, self.done + self.at_once)), self.full)
        cut = Cost(bptt, 200_000, 0.001)
        points = [
            Costs(Cost(bptt * i, 100_000 + 100_000 * i, 0.002 * i), cut, 0.1 * (i > 1)) for i in range(1, self.done + 1)
        ]
        full = self.done == self.full and batches >= self.done
        return msgspec.to_builtins(History(points[:batches], full, data, 16, 1000))


play = partial(host.play, size=(40, 18))


def made(lab: Any = None, **given: Any) -> HistoryPane:
    return HistoryPane(scene("history", lab=lab or MeasuringLab(), **given))


def test_every_measure_that_is_declared_is_measured_and_no_other() -> None:
    for keys in ((), ("space", "space")):
        play(pane := made(), *keys)
        assert set(pane.measured()) == set(PANES["history"].measures)


def test_nothing_is_measured_before_the_first_batch() -> None:
    lab = MeasuringLab()
    text = play(pane := made(lab))
    assert "Space reads the first" in text
    assert lab.done == 0
    assert pane.measured() == {"batches": 0, "deep": 0, "memory": 1, "seconds": 1, "differs": 0, "done": 0}


def test_space_reads_one_more_batch_and_shows_what_it_cost() -> None:
    text = play(pane := made(), "space", "space", "space", size=(60, 34))
    measured = pane.measured()
    assert measured["batches"] == 3
    assert measured["deep"] == 24
    assert measured["memory"] == pytest.approx(2)
    assert measured["seconds"] == pytest.approx(6)
    for words in ("batch 3 of 32", "391 kB", "195 kB", "6.00 ms", "×3.00", "×2.00", "×6.00", "10% of the gradient"):
        assert words in text
    assert "8,000 layers, 95.5 MB" in text  # 1,000 batches: 8 more layers and 100,000 more bytes each


def test_f_measures_all_of_them_piece_by_piece() -> None:
    lab = MeasuringLab()
    play(pane := made(lab), "f")
    assert (pane.measured()["batches"], pane.measured()["done"]) == (MOST, 1)
    assert len(lab.asked) >= MOST // 5
    play(pane := made(), "f", "space", "u", "u")
    assert (pane.measured()["batches"], pane.measured()["done"]) == (MOST - 2, 0)
    play(pane := made(), "f", "z")
    assert pane.measured()["batches"] == 0


def test_it_stops_where_memory_would_run_short() -> None:
    pane = made(MeasuringLab(full=7))
    play(pane, "f", "space")
    assert (pane.measured()["batches"], pane.measured()["done"]) == (7, 1)
    assert "memory" in pane.ended()
    play(pane := made(MeasuringLab(full=7)), "f", "u", "u", "space")
    assert pane.measured()["batches"] == 6


def test_another_network_is_measured_anew_for_as_many_batches() -> None:
    lab = MeasuringLab()
    pane = made(lab, knobs={"bptt": 8, "hidden": 64})

    async def drive(pilot: Any) -> None:
        pane.knobs["bptt"] = 20
        pane.turned("bptt", 20)
        await settled(pilot)

    play(pane, "space", "space", drive=drive)
    assert lab.asked[-1][1] == {"batches": 2, "data": "pydocs", "bptt": 20, "hidden": 64}
    assert pane.measured()["deep"] == 40


def test_it_runs_by_itself_until_it_is_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HistoryPane, "FRAMES", 1e-6)
    pane = made()

    async def drive(pilot: Any) -> None:
        await pilot.press("a")
        assert pane.playing
        for _ in range(3):
            pane._tick()
            await settled(pilot)
        await pilot.press("a")
        assert not pane.playing

    play(pane, drive=drive)
    assert pane.measured()["batches"] == 4


@pytest.mark.parametrize("name", ["memory", "seconds", "deep", "differs"])
def test_what_is_to_be_predicted_is_not_shown(name: str) -> None:
    shown = {"memory": ("×2.00", "391 kB"), "seconds": ("×6.00", "6.00 ms"), "deep": ("24", "←←←"), "differs": ("10%",)}
    for size in ((40, 18), (78, 18), (38, 6)):
        open_ = play(pane := made(), "space", "space", "space", size=size) + pane.sentence()
        text = play(pane := made(hidden=frozenset({name})), "space", "space", "space", size=size) + pane.sentence()
        for words in shown[name]:
            assert words not in text
        assert shown[name][0] in open_
        assert "?" in text
    assert "at this pace" not in text or name not in ("memory", "deep")


def test_trouble_is_said_keeps_what_there_was_and_a_key_tries_again() -> None:
    lab = MeasuringLab(trouble="The lab process ended.")
    pane = made(lab, kept={"batches": 4})

    async def drive(pilot: Any) -> None:
        assert "The lab process ended." in pane.sheet.text
        assert pane.sentence() == "The lab process ended."
        assert pane.kept()["batches"] == 4
        lab.trouble = ""
        await pilot.press("space")

    play(pane, drive=drive)
    assert pane.measured()["batches"] == 5


def test_opened_again_it_measures_as_much() -> None:
    pane = made()
    play(pane, "space", "space", "v")
    again = made(kept=pane.kept())
    play(again)
    assert again.measured() == pane.measured()
    assert again.view == pane.view == "seconds"


@pytest.mark.parametrize("kept", [{"batches": "x", "view": 3}, {"batches": -4}, {"batches": 10**9, "view": "none"}])
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept, knobs={"bptt": "far", "hidden": 10**9})
    play(pane, "v", "u")
    assert 0 <= pane.wanted <= MOST
    assert pane.asks == {"data": "pydocs", "bptt": 8, "hidden": 512}


@pytest.mark.parametrize("keys", [(), ("space",), ("f", "v")])
@pytest.mark.parametrize("depth", ["truecolor", "none"])
def test_it_is_drawn_at_every_size(keys: tuple[str, ...], depth: str) -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, *keys, drive=drive, depth=depth, unicode=depth != "none")


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_it_looks_as_it_did(size: tuple[int, int]) -> None:
    same_as_golden(f"panes/history-{size[0]}x{size[1]}", play(made(), "f", size=size))
