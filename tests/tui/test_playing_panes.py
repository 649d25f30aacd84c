"""Descent, momentum and decay: what their keys do, what they measure, say, hide and keep, and how they look."""

import asyncio
import random
from itertools import pairwise
from typing import Any

import pytest
from textual import events

from fastai_tui.app.tui.panes import pane_class
from fastai_tui.app.tui.panes.common.playing import PlayingPane
from fastai_tui.app.tui.sheet import Paint, Sight
from fastai_tui.lessons.panes import PANES
from tests.tui.canvas_text import SIZES, sheet_of
from tests.tui.host import Host, scene
from tests.tui.looks import same_as_golden
from tests.tui.test_pane_keys import KEYS

KINDS = ["descent", "momentum", "decay"]
DEPTHS: list[Any] = ["truecolor", "256", "16", "none"]


def play(kind: str, keys: list[str], size: tuple[int, int] = (40, 18), **where: Any) -> tuple[Any, str]:
    async def run() -> tuple[PlayingPane, str]:
        pane = pane_class(kind)(scene(kind, **where))
        assert isinstance(pane, PlayingPane)
        app = Host(pane)
        async with app.run_test(size=size) as pilot:
            await pilot.press(*keys)
            await pilot.pause()
            assert not pane.playing
            pane.told = [message.sentence for message in app.told if hasattr(message, "sentence")]  # type: ignore[attr-defined]
            return pane, pane.sheet.text

    return asyncio.run(run())


def measured(kind: str, keys: list[str], **where: Any) -> dict[str, Any]:
    return dict(play(kind, keys, **where)[0].measured())


# Descent


@pytest.mark.parametrize(
    ("curve", "rate", "steps", "arrived", "left"),
    [
        ("bowl", 0.125, 17, 1, 0), ("bowl", 0.5, 1, 1, 0), ("bowl", 1.0, 200, 0, 0), ("bowl", 2.0, 1, 0, 1),
        ("bowl", 0.0078, 200, 0, 0), ("narrow", 0.0625, 1, 1, 0), ("narrow", 0.25, 2, 0, 1), ("dips", 0.5, 3, 0, 1),
    ],
)  # fmt: skip
def test_what_becomes_of_a_walk(curve: str, rate: float, steps: int, arrived: int, left: int) -> None:
    found = measured("descent", ["f"], show={"curve": curve}, knobs={"rate": rate})
    assert (found["steps"], found["arrived"], found["left"], found["rate"]) == (steps, arrived, left, rate)
    assert found["curve"] == curve


def test_a_step_is_rate_times_slope_against_the_slope() -> None:
    pane, text = play("descent", ["space"], knobs={"rate": 0.25})
    assert pane.path == [-2.0, -1.0]
    assert (pane.measured()["loss"], pane.measured()["slope"]) == (1.0, -2.0)
    assert "−1 − 0.25 × (−2) = −0.5" in text
    assert "−1 − 0.25 × (−2) = −0.5" in pane.sentence()


def test_steps_go_back_and_begin_anew() -> None:
    assert play("descent", ["space", "space", "u"])[0].path == play("descent", ["space"])[0].path
    assert measured("descent", ["space", "u", "u"])["steps"] == 0
    assert measured("descent", ["f", "z"])["steps"] == 0
    assert measured("descent", ["right", "right", "f", "z"])["place"] == pytest.approx(-1.8)


def test_arrows_move_the_start_and_curves_have_their_own() -> None:
    assert measured("descent", ["space", "left"])["place"] == pytest.approx(-2.1)
    assert measured("descent", ["end", "right"])["place"] == 2.5
    assert measured("descent", ["home"])["place"] == -2.5
    assert [measured("descent", ["k"] * n)["curve"] for n in range(4)] == ["bowl", "dips", "narrow", "bowl"]
    assert measured("descent", ["K"])["place"] == -0.75
    start = {"curve": "dips", "start": 1.5}
    assert [measured("descent", keys, show=start)["place"] for keys in ([], ["k"], ["k", "K"])] == [1.5, -0.75, -2.0]


def test_nothing_is_left_to_step_after_the_end_and_it_says_why() -> None:
    pane, _ = play("descent", ["f", "space", "a"], knobs={"rate": 2.0})
    assert pane.measured()["steps"] == 1
    assert pane.told == ["It leapt out of sight at step 1. u goes back, z begins anew."] * 2


def test_with_another_knob_a_walk_that_is_over_begins_anew() -> None:
    async def run(key: str) -> list[float]:
        pane: Any = pane_class("descent")(scene("descent", knobs={"rate": 2.0}))
        async with Host(pane).run_test(size=(40, 18)) as pilot:
            await pilot.press("f")
            pane.knobs["rate"] = 0.25
            pane.turned("rate", 0.25)
            await pilot.press(key)
            return list(pane.path)

    assert asyncio.run(run("space")) == [-2.0, -1.0]
    assert asyncio.run(run("f"))[:2] == [-2.0, -1.0]


def test_how_far_apart_is_not_measured_before_it_is_shown() -> None:
    assert "apart" not in measured("decay", ["f"], hidden=frozenset({"small"}))
    assert measured("decay", ["f"])["apart"] > 1


def test_decay_that_is_computed_anew_stays_at_its_batch() -> None:
    async def run() -> int:
        pane: Any = pane_class("decay")(scene("decay"))
        async with Host(pane).run_test(size=(40, 18)) as pilot:
            await pilot.press("f")
            pane.knobs["wd"] = 0.1
            pane.turned("wd", 0.1)
            await pilot.press("space")
            return int(pane.measured()["steps"])

    assert asyncio.run(run()) == 200


@pytest.mark.parametrize("rate", [0.125, 1.0, 2.0])
def test_the_bound_is_told_when_the_walk_is_over(rate: float) -> None:
    _, before = play("descent", [], knobs={"rate": rate})
    _, after = play("descent", ["f"], knobs={"rate": rate})
    assert "2 / curvature" not in before
    assert "rates from 2 / curvature = 1 on" in " ".join(after.split())
    hidden = play("descent", ["f"], knobs={"rate": rate}, hidden=frozenset({"bound"}))
    assert "curvature" not in hidden[1] + hidden[0].sentence()


def test_the_outcome_is_not_given_away() -> None:
    _, text = play("descent", [], knobs={"rate": 2.0}, hidden=frozenset({"left"}))
    assert "− 2 × (−4) = ?" in text
    assert "▸" not in text
    assert "▸" in play("descent", [], knobs={"rate": 0.25})[1]
    gone = play("descent", ["space"], knobs={"rate": 2.0}, hidden=frozenset({"left"}))[0]
    assert "leapt" not in gone.sentence()


# Momentum


@pytest.mark.parametrize(
    ("momentum", "found", "escaped", "left", "steps"),
    [("0", 0, 0, 0, 69), (0.8, 0, 0, 0, 42), ("0.9", 1, 1, 0, 64), (0.98, 1, 1, 0, 209), (0.99, 0, 1, 1, 29)],
)
def test_what_becomes_of_a_ball(momentum: Any, found: int, escaped: int, left: int, steps: int) -> None:
    got = measured("momentum", ["f"], knobs={"momentum": momentum})
    assert (got["found"], got["escaped"], got["left"], got["steps"]) == (found, escaped, left, steps)
    assert got["momentum"] == float(momentum)


def test_a_step_shows_both_sums() -> None:
    pane, text = play("momentum", ["space", "space"], (78, 18))
    (_, first, second) = pane.balls
    assert second.velocity == pytest.approx(0.9 * first.velocity + second.slope)
    assert second.place == pytest.approx(first.place - 0.02 * second.velocity)
    assert "v = momentum × v + slope" in text
    assert f"0.9 × (−{-second.velocity:.3g})" in text
    assert pane.measured()["speed"] == pytest.approx(second.place - first.place)


def test_turning_a_knob_on_the_way_holds_from_the_next_step_and_is_kept() -> None:
    async def run() -> PlayingPane:
        pane = pane_class("momentum")(scene("momentum"))
        assert isinstance(pane, PlayingPane)
        async with Host(pane).run_test(size=(40, 18)) as pilot:
            await pilot.press("space", "space")
            before = pane.sheet.text
            pane.knobs["momentum"] = 0.5
            pane.turned("momentum", 0.5)
            assert pane.sheet.text != before
            await pilot.press("space")
            return pane

    pane: Any = asyncio.run(run())
    assert pane.balls[3].velocity == pytest.approx(0.5 * pane.balls[2].velocity + pane.balls[3].slope)
    assert pane.kept()["turns"] == [2, 0.02, 0.9, 0.0, 1, 0.02, 0.5, 0.0]
    again = pane_class("momentum")(scene("momentum", kept=pane.kept()))
    assert again.balls == pane.balls  # type: ignore[attr-defined]


def test_noise_is_averaged_on_paper_too() -> None:
    pane, text = play("momentum", ["f"], (60, 34), knobs={"noise": 2.0})
    assert "noise 2" in text
    assert "• slope" in text
    slopes = [ball.slope for ball in pane.balls[1:]]
    jumps = [abs(one - other) for one, other in pairwise(slopes)]
    velocities = [0.1 * ball.velocity for ball in pane.balls[1:]]
    smooth = [abs(one - other) for one, other in pairwise(velocities)]
    assert sum(smooth) < sum(jumps) / 4


def test_where_the_ball_ends_is_not_given_away() -> None:
    pane, text = play("momentum", ["f"], hidden=frozenset({"found"}))
    assert "deep dip:" not in text + pane.sentence().replace("before a deep one", "")
    assert "yours to predict" in text.replace("\n", " ")


# Decay


def test_sgd_comes_to_the_same_and_adam_does_not() -> None:
    for mode in ("coupled", "decoupled"):
        found = measured("decay", ["f"], knobs={"opt": "sgd", "mode": mode})
        assert (found["large"], found["small"]) == pytest.approx((2.861, 1.851), abs=1e-3)
        assert found["apart"] < 1e-9
    coupled = measured("decay", ["f"], knobs={"mode": "coupled"})
    decoupled = measured("decay", ["f"], knobs={"mode": "decoupled"})
    assert (coupled["large"], coupled["small"]) == pytest.approx((2.906, 0.106), abs=1e-3)
    assert (decoupled["large"], decoupled["small"]) == pytest.approx((2.812, 1.917), abs=1e-3)
    assert coupled["apart"] == decoupled["apart"] == pytest.approx(1.813, abs=1e-3)
    assert (coupled["mode"], coupled["opt"], coupled["steps"]) == ("coupled", "adam", 200)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("depth", DEPTHS)
def test_both_weights_stand_there_as_numbers(size: tuple[int, int], depth: Any) -> None:
    sheet = sheet_of("decay", size, Sight(depth=depth), kept={"steps": 200})
    for words in ("2.91", "0.11", "2.81", "1.92"):
        assert words in sheet.text
    hidden = sheet_of("decay", size, Sight(depth=depth), kept={"steps": 200}, hidden=frozenset({"small"})).text
    assert "1.92" not in hidden
    assert "0.11" not in hidden
    assert "?" in hidden
    assert "2.81" in hidden


def test_arrows_go_through_the_batches() -> None:
    assert measured("decay", ["right", "right", "left"])["steps"] == 1
    assert measured("decay", ["end"])["steps"] == 200
    assert measured("decay", ["end", "home"])["steps"] == 0


def test_ways_lie_where_the_weights_are() -> None:
    """The sign of each mode stands on the map at its weights."""
    pane, _ = play("decay", ["f"], (60, 34), knobs={"mode": "coupled"})
    rows = pane.sheet.text.split("\n")
    height = next(i for i, row in enumerate(rows) if row.startswith("large 0")) - 1
    for mode, sign in (("coupled", "●"), ("decoupled", "▲")):
        large, small = (weight.value for weight in pane.decay.ends[mode])
        row, column = 1 + int(height * (3.0 - small) / 3.35), int(60 * large / 4)
        assert rows[row][column] == sign


# All three


@pytest.mark.parametrize("kind", KINDS)
def test_it_measures_what_is_declared(kind: str) -> None:
    declared = PANES[kind].measures
    pane = pane_class(kind)(scene(kind))
    assert set(pane.measured()) == set(declared)
    for name, value in pane.measured().items():
        assert isinstance(value, str) == (declared[name] == "word")


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_keeps_comes_back(kind: str) -> None:
    for keys in ([], ["space"] * 3, ["right", "space", "space"], ["f"]):
        pane, text = play(kind, keys)
        again, text_again = play(kind, [], kept=pane.kept())
        assert (again.measured(), text_again) == (pane.measured(), text)


@pytest.mark.parametrize("kind", KINDS)
def test_it_plays_pauses_and_stops_by_itself(kind: str) -> None:
    async def run() -> None:
        pane = pane_class(kind)(scene(kind, knobs={"rate": 0.25}))
        assert isinstance(pane, PlayingPane)
        async with Host(pane).run_test(size=(40, 18)) as pilot:
            await pilot.press("a")
            assert pane.playing
            assert pane.check_action("pause", ()) is not False
            await pilot.press("a")
            assert not pane.playing
            steps = pane.measured()["steps"]
            await pilot.pause(0.3)
            assert pane.measured()["steps"] == steps
            await pilot.press("a")
            for _ in range(3):
                pane._tick()
            assert int(pane.measured()["steps"]) >= 4  # type: ignore[arg-type]
            while not pane.over:
                pane._tick()
            assert not pane.playing

    asyncio.run(run())


DAMAGED: list[dict[str, Any]] = [
    {"path": [1, 99, "x"], "turns": [5], "steps": -3}, {"path": [], "turns": "x", "steps": "7"},
    {"path": [99.0, 1.0], "turns": [1e9, 1, 1, 1], "steps": True}, {"curve": 7, "start": "left", "path": {"a": 1}},
    {"path": [float("nan")], "turns": [float("inf"), 1.0, 1.0, 1.0], "start": 1e300, "curve": "nothing"},
    {"path": [0.5] * 5000, "turns": [-3, 0.1, 0.9, 0.0, 400, 5, 5, 5], "steps": 10**9},
]  # fmt: skip


@pytest.mark.parametrize("kept", DAMAGED)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(40, 18), (1, 1), (3, 40), (200, 2), (20, 9)])
def test_damaged_state_is_put_right(kind: str, kept: dict[str, Any], size: tuple[int, int]) -> None:
    sheet_of(kind, size, kept=kept)
    pane = pane_class(kind)(scene(kind, kept=kept, knobs={"rate": "much", "momentum": None, "wd": [1.0]}))
    assert 0 <= int(pane.measured()["steps"]) <= 400  # type: ignore[arg-type]
    assert pane.sentence()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2))
def test_any_keys_in_any_order(kind: str, seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        pane = pane_class(kind)(scene(kind, knobs={"rate": chance.choice([0.01, 0.1, 1.0])}))
        app = Host(pane, depth=chance.choice(DEPTHS), unicode=chance.random() < 0.5)
        async with app.run_test(size=(40, 18)) as pilot:
            for _ in range(6):
                for key in chance.choices([*KEYS, "space", "space", "right", "k", "a", "f"], k=80):
                    app.post_message(events.Key(key, key if len(key) == 1 else None))
                await pilot.pause()
                await pilot.resize_terminal(*chance.choice([(40, 18), (60, 34), (38, 6), (1, 1), (160, 50), (7, 12)]))
                assert pane.sentence()
                again = pane_class(kind)(scene(kind, kept=pane.kept(), knobs=pane.knobs))
                assert again.kept() == pane.kept()
            assert pane.is_mounted

    asyncio.run(run())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_ground_has_colours_that_the_terminal_has(kind: str, theme: str) -> None:
    for depth in DEPTHS:
        sheet = sheet_of(kind, (60, 34), Sight(depth=depth, light=theme == "light"))
        used = {
            colour
            for row in sheet.rows
            for _, style in row
            if isinstance(style, Paint)
            for colour in (style.front, style.back)
        }
        used -= {None}
        if depth == "none":
            assert not used
        elif depth == "truecolor":
            assert all(isinstance(colour, tuple) for colour in used)
        else:
            assert all(isinstance(colour, int) and (colour < 16) == (depth == "16") for colour in used)
            assert len(used) > 2


@pytest.mark.parametrize("kind", KINDS)
def test_without_unicode_all_is_ascii(kind: str) -> None:
    for size in SIZES:
        assert sheet_of(kind, size, Sight(depth="none", unicode=False), kept={"steps": 90}).text.isascii()


LOOKS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "descent": (["space"] * 4, {"show": {"curve": "dips"}, "knobs": {"rate": 0.125}}),
    "momentum": (["space"] * 26, {"knobs": {"noise": 1.0}}),
    "decay": (["f"], {"knobs": {"mode": "coupled"}}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_looks_as_it_did(kind: str) -> None:
    keys, where = LOOKS[kind]
    pictures = [f"{width}×{height}\n{play(kind, keys, (width, height), **where)[1]}" for width, height in SIZES]
    same_as_golden(f"panes/{kind}", "\n\n".join(pictures))
