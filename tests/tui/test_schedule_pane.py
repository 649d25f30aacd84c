"""The pane of schedules: drawn before the run, filled while it trains, read off batch by batch."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fastai_tui.app.curves import Folding
from fastai_tui.app.planning import planned
from fastai_tui.app.snapshots import Snapshot
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.training.schedule import SchedulePane
from fastai_tui.app.tui.services import Scene, Services
from fastai_tui.engine import events
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import schema
from fastai_tui.lessons.panes import PANES
from tests.tui.host import Host, SilentLab, driven, nothing, settled
from tests.tui.looks import same_as_golden
from tests.unit.canned_runs import rows, snapshot

pytestmark = pytest.mark.usefixtures("plots", "still")

SIZES = [(40, 18), (78, 18), (60, 34), (38, 6), (110, 54)]
KEYS = [*"adefijklmpuvyzADK1,.<>[]", "up", "down", "left", "right", "home", "end", "space", "enter", "escape", "tab"]
ONE = {"bs": 512, "lr": 0.06}
SGDR = {"bs": 512, "lr": 0.01, "schedule": "sgdr", "cycles": 3, "cycle_mult": 2}
GROUPS = {"bs": 512, "lr": [1e-3, 3e-3, 1e-2], "schedule": "cosine"}


def described(job: Any) -> Any:
    """What the lab would say of a job, with batches of 4,000 images."""
    told = msgspec.to_builtins(job)
    facts = events.DataFacts(name="mnist-sample", source="sample", train=4000, valid=1000, classes=list("0123456789"))
    return msgspec.to_builtins(
        events.RunStarted(
            time=0,
            run="",
            experiment="mnist",
            settings=told["settings"],
            seed=42,
            epochs=told["epochs"],
            device="cpu",
            data=facts,
            parameters=30_542,
            batches_per_epoch=4000 // told["settings"]["bs"],
            versions={},
        )
    )


def scene(
    settings: dict[str, Any], epochs: int | None = 15, hidden: set[str] | None = None, lab: Any = None, **kept: Any
) -> Scene:
    """A step that trains ten digits; everything given is a knob."""
    step = schema.Step(
        id="a-step",
        title="A step",
        pane="schedule",
        prose="",
        run=schema.Run(experiment="mnist", data="mnist-sample", epochs=epochs),
        knobs=tuple(schema.Knob(setting=name) for name in settings),
    )
    services = Services(lab or SilentLab({"describe": described}), RunStore())
    return Scene("stability", step, services, dict(settings), kept, frozenset(hidden or ()))


def shot(job: Job, done: int, turned: dict[str, Any] | None = None, **changes: Any) -> Snapshot:
    """A run of that job after `done` batches, the first half of which knew nothing of what was `turned`."""
    per_epoch = 4000 // int(job.settings["bs"])  # type: ignore[arg-type]
    made = rows(1, done, per_epoch * job.epochs, per_epoch)
    plans = [planned({**job.settings, **more}, job.epochs, per_epoch) for more in ({}, turned or {})]
    for i in range(done):
        plan = plans[i >= done // 2]
        assert plan is not None
        rates, made["momentum"][i] = plan.at(i + 1)
        made["lr"][i] = rates[-1]
    folding = Folding()
    folding.add(made)
    settings: dict[str, Any] = {
        "asked": tuple(job.settings.items()),
        "turned": tuple((turned or {}).items()),
        "curve": folding.curve(),
        "lr": (float(made["lr"][-1, 0]),),
    }
    return snapshot(done, epochs=job.epochs, per_epoch=per_epoch, experiment="mnist", **{**settings, **changes})


def show(pane: Pane, seen: Snapshot) -> None:
    pane.follow(Run(Path("/nowhere") / seen.run), seen, (seen.run,))


PICTURES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plan": (ONE, {}),
    "restarts": (SGDR, {}),
    "groups": (GROUPS, {}),
    "live": (ONE, {"done": 60}),
    "turned": (ONE, {"done": 80, "turned": {"lr": 0.02}}),
    "finished": (ONE, {"done": 105, "phase": "finished", "live": False, "left": None}),
}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("what", PICTURES)
def test_a_schedule_at_every_size(what: str, size: tuple[int, int]) -> None:
    settings, run = PICTURES[what]
    pane = SchedulePane(scene(settings, None if "schedule" in settings and "cycles" in settings else 15, at=31))

    async def drive(pilot: Any, host: Host) -> None:
        if run:
            assert pane.job is not None
            show(pane, shot(pane.job, **run))

    same_as_golden(f"panes/schedule-{what}-{size[0]}x{size[1]}", driven(pane, drive, size))


@pytest.mark.parametrize("look", [{"depth": "16"}, {"depth": "256"}, {"depth": "none"}, {"unicode": False}], ids=str)
def test_a_schedule_in_fewer_colours_says_the_same(look: dict[str, Any]) -> None:
    pane = SchedulePane(scene(ONE))
    text = driven(pane, nothing, (40, 18), **look)
    assert "highest" in text
    assert "0.06 at batch 27" in text
    assert look.get("unicode", True) or text.isascii()


def test_turning_any_knob_draws_the_schedule_anew_at_once() -> None:
    pane = SchedulePane(scene({**SGDR, "warm_up": 0.0}, None))

    def turn(**values: Any) -> None:
        for name, value in values.items():
            pane.knobs[name] = value
            pane.turned(name, value)

    async def drive(pilot: Any, host: Host) -> None:
        seen = [pane.sheet.text]
        assert pane.measured()["total"] == 49
        for values in ({"lr": 0.3}, {"cycles": 2}, {"cycle_mult": 1}, {"schedule": "cosine"}, {"warm_up": 0.3}):
            turn(**values)
            seen.append(pane.sheet.text)
        assert len(set(seen)) == len(seen)
        turn(schedule="sgdr", cycles=4, warm_up=0.0)
        measured = pane.measured()
        assert (measured["cycles"], measured["planned_epochs"], measured["total"], measured["top"]) == (4, 4, 28, 0.3)
        turn(bs=100)  # how many batches that makes is the lab's to say
        assert "total" not in pane.measured()
        assert "The lab counts the batches" in pane.sheet.text
        await pilot.pause(0.5)
        await settled(pilot)
        assert pane.measured()["total"] == 160

    driven(pane, drive, (60, 34))


def test_the_arrows_read_the_schedule_off() -> None:
    pane = SchedulePane(scene(SGDR, None))

    async def drive(pilot: Any, host: Host) -> None:
        def at() -> Any:
            return pane.measured()["batch"]

        assert at() == 1
        found = []
        for key in ("]", "]", "]", "[", "[", "up", "left", "end", "right", "down", "home"):
            await pilot.press({"]": "right_square_bracket", "[": "left_square_bracket"}.get(key, key))
            found.append(at())
        assert found == [8, 22, 22, 8, 1, 1, 1, 49, 49, 49, 1]
        await pilot.press("full_stop", "full_stop", "comma", "down")
        assert at() == 9
        assert "batch 9 of 49, epoch 2 of 7: rate 0.00987, momentum 0.9" in pane.sheet.text
        assert pane.measured()["rate"] == pytest.approx(0.01 * (1 + 0.9749279122) / 2)  # cos(π/14)

    driven(pane, drive)


def test_a_run_fills_its_schedule_and_a_rate_turned_by_hand_shows() -> None:
    pane = SchedulePane(scene(ONE, at=60))

    async def drive(pilot: Any, host: Host) -> None:
        assert pane.job is not None
        before = pane.measured()["rate"]
        show(pane, shot(pane.job, 80, {"lr": 0.02}))
        assert "(used)" in pane.sheet.text
        assert pane.measured()["rate"] == pytest.approx(float(before) / 3, rel=1e-6)  # type: ignore[arg-type]
        assert "rate 0.0126 (0.0378 at first)" in pane.sheet.text
        await pilot.press("end")
        assert "momentum 0.95 (planned)" in pane.sheet.text

    driven(pane, drive)


def test_the_loss_has_the_whole_pane_in_a_view_of_its_own_once_there_is_one() -> None:
    pane = SchedulePane(scene(ONE, view="loss"))

    async def drive(pilot: Any, host: Host) -> None:
        assert pane.job is not None
        assert "learning rate" in pane.sheet.text
        show(pane, shot(pane.job, 105, phase="finished", live=False, left=None))
        assert "smoothed" in pane.sheet.text
        assert "learning rate" not in pane.sheet.text
        await pilot.press("v")
        assert pane.view == "both"

    driven(pane, drive)


def test_after_the_run_a_knob_shows_the_next_plan_and_back_again_the_run() -> None:
    pane = SchedulePane(scene(ONE))

    async def drive(pilot: Any, host: Host) -> None:
        assert pane.job is not None
        show(pane, shot(pane.job, 105, phase="finished", live=False, left=None))
        assert "finished" in pane.sheet.text
        assert pane.command() == ["show", "0002-mnist"]
        for rate, words in ((0.1, "space trains it, as planned."), (0.06, "finished")):
            pane.knobs["lr"] = rate
            pane.turned("lr", rate)
            assert words in pane.sheet.text
        assert [type(m).__name__ for m in host.told if isinstance(m, (Pane.Train, Pane.Steer))] == []
        await pilot.press("space")
        assert any(isinstance(m, Pane.Train) for m in host.told)

    driven(pane, drive)


@pytest.mark.parametrize(
    ("hidden", "shown", "secret"),
    [
        ({"peak"}, ["0.06", "105 batches"], ["27", "┤"]),
        ({"top"}, ["momentum", "┤"], ["0.06"]),
        ({"momentum"}, ["0.06 at batch 27", "┤"], ["momentum 0.", "0.95"]),
    ],
)
def test_what_is_to_be_predicted_is_not_drawn_and_not_said(
    hidden: set[str], shown: list[str], secret: list[str]
) -> None:
    pane = SchedulePane(scene(ONE, hidden=hidden))

    async def drive(pilot: Any, host: Host) -> None:
        await pilot.press("right_square_bracket", "s")
        text = f"{pane.sheet.text}\n{pane.sentence()}"
        assert all(words in text for words in shown), text
        assert not any(words in text for words in secret), text
        pane.reveal(frozenset())
        assert "?" not in pane.sheet.text

    driven(pane, drive, (78, 18))


def test_the_dry_run_of_the_same_is_the_command_and_the_code_is_the_schedules_own() -> None:
    pane = SchedulePane(scene(SGDR, None))

    async def drive(pilot: Any, host: Host) -> None:
        assert pane.command()[:2] == ["train", "mnist"]
        assert pane.command()[-1] == "--dry-run"
        assert pane.code() == "engine.schedules:restarts"
        assert "3 of 1, 2 and 4 epochs, from batches 1, 8 and 22" in pane.sentence()
        assert set(pane.measured()) <= set(PANES["schedule"].measures)

    driven(pane, drive)


def test_without_a_lab_the_shape_is_drawn_and_no_batch_is_named() -> None:
    pane = SchedulePane(scene(ONE, lab=SilentLab()))
    text = driven(pane, nothing, (40, 18))
    assert "┤" in text
    assert "batch " not in text


def test_settings_that_make_no_sense_are_told() -> None:
    pane = SchedulePane(scene({**SGDR, "cycles": 3}, epochs=2))
    assert "cycles last 7 epochs" in " ".join(driven(pane, nothing, (40, 18)).split())


@pytest.mark.parametrize(
    ("size", "kept"),
    [((1, 1), {}), ((7, 3), {"at": -3, "view": "odd"}), ((20, 5), {"at": "x", "view": 3}), ((40, 18), {"at": 10**9})],
    ids=str,
)
def test_any_key_at_any_size_with_any_state(size: tuple[int, int], kept: dict[str, Any]) -> None:
    pane = SchedulePane(scene(SGDR, None, **kept))

    async def drive(pilot: Any, host: Host) -> None:
        await pilot.press(*KEYS)
        assert pane.job is not None
        for now in (shot(pane.job, 1, step=0), shot(pane.job, 30), shot(pane.job, 49, phase="stopped", live=False)):
            show(pane, now)
            await pilot.press("v", "right", "right_square_bracket", "end")
            assert pane.sentence()

    driven(pane, drive, size)
