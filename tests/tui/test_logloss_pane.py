"""The panes of log-loss and of a run's best and worst photos."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from fastai_tui.app.tui.panes.common import beginning
from fastai_tui.app.tui.panes.photos.extremes import ExtremesPane
from fastai_tui.app.tui.panes.photos.logloss import LoglossPane
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.logloss import TEMPERATURES, Heated
from fastai_tui.engine.photo_facts import OnePhoto
from fastai_tui.engine.ranked import Photo, Ranked
from fastai_tui.lessons.panes import PANES
from fastai_tui.lessons.schema import Run
from tests.tui.host import SilentLab, play, scene
from tests.tui.looks import same_as_golden
from tests.unit.canned_runs import snapshot

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (1, 1)]
GOLDEN = SIZES[:5]
KINDS: dict[str, Any] = {"logloss": LoglossPane, "extremes": ExtremesPane}
STEP = Run(experiment="dogscats", epochs=3, set={"preset": "head"})
RUN = "0001-dogscats"


class FakeRun:
    """Of a run, the panes want its id only."""

    id = RUN


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "BEAT", 1e6)


def loss(temperature: float) -> float:
    """A valley whose floor is at 1.6."""
    return 0.04 + 0.02 * float(np.log(temperature / 1.6)) ** 2


def heated(run: str, temperature: float) -> Any:
    losses = [loss(t) for t in TEMPERATURES]
    return msgspec.to_builtins(
        Heated(run, "dogscats", 800, temperature, loss(temperature), 0.98875, 0.97, losses, 1.6, 0.04)
    )


def ranked(run: str, kind: str, label: int, count: int, pixels: bool = True) -> Any:
    """Thirty photos of a kind: the first row is 100, 200 or 300."""
    first = {"correct": 100, "wrong": 200, "uncertain": 300}[kind]
    truth = max(label, 0)
    sure = [0.999 - i * 0.01 for i in range(30)]
    given = [p if kind == "correct" else 1 - p for p in sure]
    photos = [Photo(first + i, truth, [p, 1 - p][:: 1 - 2 * truth], -float(np.log(p))) for i, p in enumerate(given)]
    many = {"correct": 791, "wrong": 9, "uncertain": 800}[kind]
    return msgspec.to_builtins(
        Ranked(run, 93, "dogscats", ["cats", "dogs"], kind, 800, many, 0.98875, 0.05, 0.5, 9, 0.876, pixels, photos)
    )


def photo(run: str, row: int) -> Any:
    pixels = bytes((x * 4 + y * 2 + c * 60 + row) % 256 for y in range(40) for x in range(40) for c in range(3))
    return msgspec.to_builtins(OnePhoto(row, "cats", 40, 40, (40, 40), pixels))


LAB: dict[str, Any] = {"heated": heated, "ranked": ranked, "ranked_photo": photo}


def made(kind: str, lab: Any = None, **given: Any) -> Any:
    return KINDS[kind](scene(kind, lab=lab or SilentLab(LAB), run=STEP, **given))


def followed(pane: Any) -> None:
    pane.follow(FakeRun(), snapshot(354, phase="finished", live=False, run=RUN), (RUN,))


def again(kind: str, pane: Any, *keys: str, **given: Any) -> Any:
    """The same pane, opened another time."""
    play(found := made(kind, kept=pane.kept(), **given), *keys, first=followed)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_measure_that_is_declared_is_measured_and_no_other(kind: str) -> None:
    play(pane := made(kind), "v", "v", "v", "v", first=followed)
    assert set(pane.measured()) == set(PANES[kind].measures)


def test_one_answer_of_ten_is_turned() -> None:
    pane = made("logloss", knobs={"probability": 0.001})
    text = " ".join(play(pane).split())
    found = pane.measured()
    assert found["one_loss"] == pytest.approx(6.90776, abs=1e-5)
    assert (found["mean_loss"], found["share"]) == (pytest.approx(0.7856, abs=1e-4), 0.9)
    assert "Mean log-loss 0.786, accuracy 90.0%." in text
    assert re.findall(r"(?:9|10) \.\d+", text) == ["9 .9", "10 .001"]
    play(pane := made("logloss"), "right", "right", "right")
    odds = pane.measured()["probability"]
    assert odds / (1 - odds) == pytest.approx(0.4 / 0.6 * np.exp(0.75), rel=1e-3)
    assert pane.measured()["share"] == 1
    play(pane := made("logloss"), "home")
    assert pane.measured()["probability"] == 0.001
    assert again("logloss", pane, "f").measured()["probability"] == 0.999


def test_the_best_temperature_is_found_though_the_key_comes_before_the_answer() -> None:
    async def drive(pilot: Any) -> None:
        followed(pane)
        await pilot.press("v", "f")

    text = " ".join(play(pane := made("logloss"), drive=drive).split())
    found = pane.measured()
    assert (found["view"], found["temperature"], found["best_temperature"]) == ("temperature", 1.6, 1.6)
    assert (found["run_loss"], found["run_accuracy"]) == (0.04, 0.98875)
    assert "Lowest at 1.60: 0.0400. So it was too sure of itself." in text
    assert "accuracy 98.9%" in text


def test_a_knob_brings_its_view() -> None:
    def turned(pane: Any) -> None:
        pane.knobs["constant"] = 0.55
        pane.turned("constant", 0.55)

    play(pane := made("logloss"), first=turned)
    assert (pane.measured()["view"], pane.measured()["constant"]) == ("constant", 0.55)
    assert pane.measured()["constant_loss"] == pytest.approx(-0.7 * np.log(0.55) - 0.3 * np.log(0.45))
    pane = again("logloss", pane, "f")
    assert pane.measured()["constant_loss"] == pytest.approx(0.6108643)


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_run_space_trains(kind: str) -> None:
    async def drive(pilot: Any) -> None:
        await pilot.press("v", "space", "space")
        assert "No network has been trained yet" in " ".join(pane.sheet.text.split())
        assert [type(told).__name__ for told in pilot.app.told].count("Train") == 1

    play(pane := made(kind), drive=drive)


def test_the_photos_of_each_kind_and_class() -> None:
    pane = made("extremes")
    play(pane, "down", "down", "v", "down", "down", "down", "down", first=followed)
    found = pane.measured()
    assert (found["kind"], found["kinds"], found["seen"], found["row"]) == ("wrong", 2, 5, 204)
    assert found["probability"] == pytest.approx(1 - 0.959)
    assert (found["truth"], found["prediction"], found["pictures"]) == ("cats", "dogs", 1)
    pane = again("extremes", pane, "v", "k", "k")
    found = pane.measured()
    assert (found["kinds"], found["label"], found["truth"]) == (3, "dogs", "dogs")
    assert again("extremes", pane).measured() == found
    assert again("extremes", pane, "k").measured()["label"] == "all"


def test_where_there_are_no_photos_there_are_numbers() -> None:
    def bare(**asked: Any) -> Any:
        return ranked(**asked, pixels=False)

    lab = SilentLab(LAB | {"ranked": bare})
    text = play(pane := made("extremes", lab), "v", first=followed)
    assert "200" in text
    assert pane.measured()["pictures"] == 0
    assert "ranked_photo" not in [request for request, _ in lab.asked]


def test_a_photo_that_can_not_be_had_leaves_the_numbers() -> None:
    def none(**asked: Any) -> Any:
        raise RunFailed("The photos have gone.")

    lab = SilentLab(LAB | {"ranked_photo": none})
    text = play(made("extremes", lab), "down", first=followed)
    assert "The photos have gone." in " ".join(text.split())
    assert "0.9890" in text


@pytest.mark.parametrize(
    ("kind", "hidden", "keys", "secrets"),
    [
        ("logloss", "mean_loss", (), ["0.186"]),
        ("logloss", "run_accuracy", ("v",), ["98.9%"]),
        ("logloss", "constant_loss", ("v", "v", "left"), ["0.701", "0.611"]),
        ("extremes", "wrong_share", ("v",), ["88%"]),
        ("extremes", "wrong", ("v",), ["9 of 800"]),
    ],
)
def test_what_is_to_be_predicted_is_not_shown(
    kind: str, hidden: str, keys: tuple[str, ...], secrets: list[str]
) -> None:
    for size in GOLDEN:
        pane = made(kind, hidden=frozenset({hidden}))
        text = play(pane, *keys, first=followed, size=size) + pane.sentence()
        assert "?" in text
        for secret in secrets:
            assert secret not in text


def test_the_best_constant_is_the_learners_to_predict() -> None:
    play(pane := made("logloss", hidden=frozenset({"constant_loss"})), "v", "v", "f", first=followed)
    assert pane.measured()["constant"] == 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_lab_the_trouble_is_said(kind: str) -> None:
    pane = made(kind, lab=SilentLab())
    text = play(pane, "v", "f", "k", "down", first=followed)
    assert "There is no lab here." in " ".join(text.split())
    assert "There is no lab here." in pane.sentence()


NONSENSE = {"view": 3, "views": "x", "kind": [], "class": "a", "at": -7, "met": None, "seen_wrong": ["x", -1, True]}
TURNS: list[Callable[[Any], object]] = [lambda pane: None, followed]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", ["truecolor", "16", "none"])
@pytest.mark.parametrize("first", TURNS)
def test_it_is_drawn_at_every_size(kind: str, depth: str, first: Callable[[Any], object]) -> None:
    pane = made(kind, kept=NONSENSE, show=NONSENSE, knobs={"probability": "x", "temperature": None, "constant": 7})

    async def drive(pilot: Any) -> None:
        for key in ("v", "v", "up"):
            await pilot.press(key)
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await pilot.pause()
                assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, first=first, drive=drive, depth=depth, unicode=depth != "none")


@pytest.mark.parametrize("size", GOLDEN)
@pytest.mark.parametrize(
    ("name", "kind", "keys"),
    [("logloss-one", "logloss", ()), ("logloss-temperature", "logloss", ("v",)),
     ("logloss-constant", "logloss", ("v", "v")), ("extremes", "extremes", ("v", "down"))],
)  # fmt: skip
def test_it_looks_as_it_did(name: str, kind: str, keys: tuple[str, ...], size: tuple[int, int]) -> None:
    same_as_golden(f"panes/{name}-{size[0]}x{size[1]}", play(made(kind), *keys, first=followed, size=size))
