"""The pane that reads runs, with real runs that were recorded: what is judged, what is shown, what is trained."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fastai_tui.app.tui.orders import job_of as job_for
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.training import doctor_cases
from fastai_tui.app.tui.panes.training.doctor import DoctorPane
from fastai_tui.app.tui.screens import chapter_runs
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import schema
from fastai_tui.lessons.experiments import order as job_of
from tests.tui.host import Host, scene
from tests.tui.looks import same_as_golden
from tests.unit.canned_runs import alive
from tests.unit.recorded_runs import make_run

pytestmark = pytest.mark.usefixtures("plots")

SIZES = [(40, 18), (78, 18), (60, 34), (38, 6), (100, 54)]
KEYS = [*"1234567umvzadefijklp", "up", "down", "left", "right", "home", "end", "space", "enter", "escape", "tab"]
NAMES = ("r2-mnist-s1", "r3-mnist-s1", "r4-mnist-s1")  # dead, sick, healthy
Drive = Callable[[Any, DoctorPane], Awaitable[None]]


def doctor(hidden: set[str] | None = None, kept: dict[str, Any] | None = None) -> DoctorPane:
    order = schema.Run(experiment="mnist", data="mnist-sample", set={"activations": "on"})
    return DoctorPane(scene("doctor", run=order, kept=kept, hidden=frozenset(hidden or ()), runs=RunStore()))


def play(pane: DoctorPane, drive: Drive, *names: str, size: tuple[int, int] = (78, 18), **look: Any) -> Host:
    """Show the pane with these recorded runs, drive it, and return its host."""
    runs = tuple(make_run(name).id for name in names)

    async def run() -> Host:
        host = Host(pane, **look)
        async with host.run_test(size=size) as pilot:
            pane.follow(None, None, runs)
            await settled(pane, pilot)
            await pilot.press("home")
            await drive(pilot, pane)
            await settled(pane, pilot)
        return host

    return asyncio.run(run())


async def settled(pane: DoctorPane, pilot: Any) -> None:
    """Until the runs are read and the plots drawn."""
    await pilot.pause()
    if pane.is_mounted:
        await asyncio.wait_for(pane.workers.wait_for_complete(), 20)
    await pilot.pause(0.2)


def pressed(*keys: str) -> Drive:
    async def drive(pilot: Any, pane: DoctorPane) -> None:
        for key in keys:
            await pilot.press(key)

    return drive


def flat(pane: Pane) -> str:
    """What is shown, as one line."""
    return " ".join(pane.sheet.text.split())


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("what", ["asked", "dead", "sick"])
def test_it_looks_as_it_should_at_every_size(what: str, size: tuple[int, int]) -> None:
    pane = doctor()
    play(pane, pressed(*{"asked": (), "dead": ("3",), "sick": ("down", "1")}[what]), *NAMES, size=size)
    same_as_golden(f"runs/doctor-{what}-{size[0]}x{size[1]}", pane.sheet.text)


def test_a_reading_is_shown_only_once_the_learner_has_judged() -> None:
    pane = doctor()

    async def drive(pilot: Any, pane: DoctorPane) -> None:
        assert "What is it?" in flat(pane)
        assert "near zero (" not in flat(pane)
        assert pane.measured() == {"read": 0, "right": 0, "verdict": "", "cured": 0}
        await pilot.press("3")
        await settled(pane, pilot)
        assert "You: dead. The reading: dead ✓" in flat(pane)
        assert pane.measured() == {"read": 1, "right": 1, "verdict": "dead", "cured": 0}
        await pilot.press("down", "1")
        await settled(pane, pilot)
        assert "The reading: sick ✗" in flat(pane)
        assert pane.measured() == {"read": 2, "right": 1, "verdict": "sick", "cured": 0}
        await pilot.press("z")
        await settled(pane, pilot)
        assert pane.measured()["read"] == 1
        assert "What is it?" in flat(pane)

    play(pane, drive, *NAMES)


def test_a_hidden_verdict_stays_hidden() -> None:
    pane = doctor(hidden={"verdict"})
    play(pane, pressed("3"), *NAMES)
    assert "The reading: ?" in flat(pane)
    assert "near zero (" not in flat(pane)
    assert pane.measured()["verdict"] == ""


@pytest.mark.parametrize("hidden", ["accuracy", "loss", "valid_loss"])
def test_other_hidden_measurements_are_a_question_mark(hidden: str) -> None:
    pane = doctor(hidden={hidden})
    play(pane, pressed(), *NAMES)
    assert ("accuracy ?" in flat(pane)) == (hidden == "accuracy")
    assert ("loss: ?" in flat(pane)) == (hidden == "loss")
    validated = [row for row in pane.sheet.text.splitlines()[2:10] if "o" in row[:44]]
    assert bool(validated) == (hidden == "accuracy")


def test_the_evidence_is_marked_on_the_plot() -> None:
    pane = doctor()
    play(pane, pressed("down", "2"), *NAMES)
    assert "near zero in conv4" in flat(pane)
    mark = next(line for line in pane.sheet.text.splitlines() if "batch 2" in line and "to 117" in line)
    assert mark.lstrip().startswith("└")
    styles = {style for row in pane.sheet.rows for _, style in row}
    assert "bad" in styles


def test_without_colours_and_unicode_it_is_marked_too() -> None:
    pane = doctor()
    play(pane, pressed("down", "2"), *NAMES, depth="none", unicode=False)
    assert "to 117" in pane.sheet.text
    assert pane.sheet.text.isascii()


def test_space_trains_exactly_what_the_reading_proposes() -> None:
    pane = doctor()

    async def drive(pilot: Any, pane: DoctorPane) -> None:
        await pilot.press("space")
        assert not orders(pilot.app)
        await pilot.press("3", "space")
        await pilot.pause()
        (order,) = orders(pilot.app)
        patient = RunStore().find(pane.chosen).spec.job
        job = job_of(order.experiment, order.set, epochs=order.epochs, seed=order.seed, data=order.data)
        assert job.settings == {**patient.settings, "norm": "batch"}
        assert (job.epochs, job.data) == (patient.epochs, patient.data)

    play(pane, drive, *NAMES)


def test_the_screen_trains_a_pane_s_order_whatever_the_knobs_say() -> None:
    knob = schema.Knob(setting="lr")
    step = schema.Step(id="a", title="A", pane="doctor", prose="", run=schema.Run(experiment="mnist"), knobs=(knob,))
    asked = schema.Run(experiment="mnist", set={"norm": "batch", "lr": 0.01}, epochs=3, data="mnist-sample")
    job = job_for(chapter_runs._ordering(step, asked), {"lr": 0.5})
    assert (job.settings["lr"], job.settings["norm"], job.epochs) == (0.01, "batch", 3)
    assert chapter_runs._ordering(step, None) is step


def orders(app: Any) -> list[schema.Run]:
    return [message.order for message in app.told if isinstance(message, Pane.Train)]


def test_m_takes_the_other_remedies_in_turn() -> None:
    pane = doctor()

    async def drive(pilot: Any, pane: DoctorPane) -> None:
        await pilot.press("3", "m", "space")
        await pilot.pause()
        (order,) = orders(pilot.app)
        assert order.set["lr"] == pytest.approx(0.006)
        assert order.set["norm"] == "none"

    play(pane, drive, *NAMES)


def test_a_healthy_run_proposes_nothing() -> None:
    pane = doctor()
    host = play(pane, pressed("end", "1", "space"), *NAMES)
    assert pane.measured()["verdict"] == "healthy"
    assert not orders(host)


def test_it_is_cured_when_a_later_run_that_does_what_was_proposed_is_healthy() -> None:
    pane = doctor()

    async def drive(pilot: Any, pane: DoctorPane) -> None:
        await pilot.press("down", "2", "space")  # row 3, whose remedy is row 4: one is there, but from before
        await settled(pane, pilot)
        assert pane.measured()["cured"] == 0
        pane.follow(None, None, (*pane.runs, make_run("r4-mnist-s3").id))
        await settled(pane, pilot)
        assert pane.measured()["cured"] == 1
        assert pane.chosen == pane.runs[-1]

    play(pane, drive, *NAMES)


def test_what_was_judged_and_prescribed_is_kept() -> None:
    pane = doctor()
    play(pane, pressed("3", "space", "down", "2"), *NAMES)
    again = doctor(kept=pane.kept())
    assert again.said == pane.said
    assert again.treated == [(run, newest, dict(remedy)) for run, newest, remedy in pane.treated]


@pytest.mark.parametrize(
    "kept",
    [{"said": 3, "treated": "x"}, {"said": ["a b c", "a"], "treated": ["{", "[1]", 7]}, {"said": ["r nonsense"]}],
)
def test_a_damaged_state_is_forgotten(kept: dict[str, Any]) -> None:
    pane = doctor(kept=kept)
    assert (pane.said, pane.treated) == ({}, [])


def test_without_runs_it_says_where_they_come_from() -> None:
    pane = doctor()
    play(pane, pressed(*KEYS))
    assert "There is no run to read yet" in flat(pane)


def test_a_run_that_still_trains_is_not_judged() -> None:
    pane = doctor()
    run = make_run("r4-mnist-s1")

    async def go() -> None:
        host = Host(pane)
        async with host.run_test(size=(78, 18)) as pilot:
            with alive(run):
                pane.follow(None, None, (run.id,))
                await pilot.pause(0.5)
                await pilot.press("1")
                assert "It is running: its reading comes" in flat(pane)
                assert pane.measured()["read"] == 0
            await settled(pane, pilot)
            await pilot.press("1")
            assert pane.measured()["right"] == 1

    asyncio.run(go())


def test_a_run_that_can_not_be_opened_is_said() -> None:
    pane = doctor()
    run = make_run("r4-mnist-s1")
    (run.path / "run.json").write_text("{")

    async def go() -> None:
        host = Host(pane)
        async with host.run_test(size=(78, 18)) as pilot:
            pane.follow(None, None, (run.id,))
            await settled(pane, pilot)
            assert "can not be opened" in flat(pane)

    asyncio.run(go())


def test_it_is_told_in_words() -> None:
    pane = doctor()
    play(pane, pressed("down", "2"), *NAMES)
    words = pane.sentence()
    assert words.startswith("Run 2 of 3: 0002-mnist")
    assert "conv4's values are near zero" in words
    assert "norm=batch" in words
    assert pane.command() == ("show", "0002-mnist")
    assert pane.code() == "engine.reading:read"


def test_over_fitting_proposes_fewer_epochs() -> None:
    pane = doctor()

    async def drive(pilot: Any, pane: DoctorPane) -> None:
        await pilot.press("6", "space")
        await pilot.pause()
        (order,) = orders(pilot.app)
        assert order.epochs is not None
        assert 3 <= order.epochs < 20

    play(pane, drive, "overfit-s1")
    assert "over-fitting ✓" in flat(pane)


def test_order_and_following_agree_for_every_remedy() -> None:
    run = make_run("r2-mnist-s1")
    case = doctor_cases.case_of(run)
    for remedy in case.reading.findings[0].remedies:
        assert not doctor_cases.follows(case.job, case.job, remedy)


@pytest.mark.parametrize("size", [(1, 1), (7, 2), (20, 5), (33, 9), (90, 12)])
def test_no_key_at_no_size_breaks_it(size: tuple[int, int]) -> None:
    chance = random.Random(size[0])
    play(doctor(), pressed(*[chance.choice(KEYS) for _ in range(60)]), *NAMES, size=size)
