"""The pane of kept weights: what is there, how good each is, and all together, with a lab that answers from here."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fastai_tui.app.snapshots import Watcher
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.training.snapshots import SnapshotsPane
from fastai_tui.app.tui.services import Scene, Services
from fastai_tui.engine import events
from fastai_tui.engine.home import write_whole
from fastai_tui.engine.runs import spec
from fastai_tui.engine.runs.log import append
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import schema
from fastai_tui.lessons.panes import PANES
from tests.tui.host import Host, SilentLab, driven, settled
from tests.tui.looks import same_as_golden
from tests.tui.test_schedule_pane import KEYS, described
from tests.unit.canned_runs import make_run

pytestmark = pytest.mark.usefixtures("plots", "still")

SIZES = [(40, 18), (78, 18), (60, 34), (38, 6), (110, 54)]
CYCLES = {"schedule": "sgdr", "cycles": 3, "cycle_mult": 2, "lr": 0.01}
ACCURACY = {"cycle-001": 0.91, "cycle-002": 0.955, "cycle-003": 0.962, "00000000": 0.1, "00000042": 0.96}


def score(accuracy: float) -> dict[str, Any]:
    return {"loss": 1.2 - accuracy, "accuracy": accuracy, "right": round(1000 * accuracy), "total": 1000}


def accuracy_of(file: str) -> float:
    return next(accuracy for name, accuracy in ACCURACY.items() if Path(file).name.startswith(name))


def tried(run: str, files: list[str]) -> dict[str, Any]:
    """What the lab would say: an ensemble is a little better than the best of its members."""
    found = [{"file": file, **score(accuracy_of(file))} for file in files]
    best = max(one["accuracy"] for one in found)
    return {"run": run, "files": found, "ensemble": score(best + 0.006) if len(files) > 1 else None}


def trained(done: int = 49, end: str = "finished", cycles: bool = True) -> Run:
    """A run of seven epochs of seven batches with all that it has kept until then."""
    run = make_run(done, end=end, epochs=7, per_epoch=7)
    settings = {**run.spec.job.settings, **(CYCLES if cycles else {}), "bs": 512, "momentum": 0.9, "cycle_len": 1}
    job = msgspec.structs.replace(run.spec.job, settings=settings)
    write_whole(run.path / "run.json", spec.encode(msgspec.structs.replace(run.spec, job=job)))
    files = [(0, "checkpoints/00000000-0123456789abcdef.pt"), (42, "checkpoints/00000042-0123456789abcdef.pt")]
    files += [(7, "cycles/cycle-001.safetensors"), (21, "cycles/cycle-002.safetensors")] if cycles else []
    files += [(49, "cycles/cycle-003.safetensors")] if cycles else []
    log = run.path / "events.jsonl"
    for step, path in sorted(files):
        if step <= done:
            place = run.path / path
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(b"\0" * (126_000 if "cycle" in path else 409_000))
            append(log, events.encode(events.Checkpoint(time=0, step=step, epoch=0, path=path, best=step == 42)))
    return run


def pane_of(hidden: set[str] | None = None, lab: Any = None, **kept: Any) -> SnapshotsPane:
    step = schema.Step(
        id="a-step",
        title="A step",
        pane="snapshots",
        prose="",
        run=schema.Run(experiment="mnist", data="mnist-sample", set={"schedule": "sgdr", "lr": 0.01}),
        knobs=tuple(schema.Knob(setting=name) for name in ("cycles", "cycle_mult")),
    )
    lab = lab or SilentLab({"describe": described, "ensemble": tried})
    values = {"cycles": 3, "cycle_mult": 2}
    return SnapshotsPane(Scene("learning-rate", step, Services(lab, RunStore()), values, kept, frozenset(hidden or ())))


def show(pane: Pane, run: Run) -> None:
    pane.follow(run, Watcher(run).snapshot(), (run.id,))


PICTURES: dict[str, tuple[dict[str, Any] | None, list[str]]] = {
    "plan": (None, []),
    "chosen": ({}, ["up"]),
    "together": ({}, ["a"]),
    "stopped": ({"done": 30, "end": "stopped"}, []),
    "plain": ({"cycles": False}, []),
}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("what", PICTURES)
def test_kept_weights_at_every_size(what: str, size: tuple[int, int]) -> None:
    run, keys = PICTURES[what]
    pane = pane_of()

    async def drive(pilot: Any, host: Host) -> None:
        if run is not None:
            show(pane, trained(**run))
            await settled(pilot)
            await pilot.press(*keys)

    same_as_golden(f"panes/snapshots-{what}-{size[0]}x{size[1]}", driven(pane, drive, size))


@pytest.mark.parametrize("look", [{"depth": "16"}, {"depth": "256"}, {"depth": "none"}, {"unicode": False}], ids=str)
def test_kept_weights_in_fewer_colours(look: dict[str, Any]) -> None:
    pane = pane_of()

    async def drive(pilot: Any, host: Host) -> None:
        show(pane, trained())
        await settled(pilot)
        await pilot.press("a")

    text = driven(pane, drive, (40, 18), **look)
    assert "3 cycles together" in text
    assert "0.9680" in text
    assert look.get("unicode", True) or text.isascii()


def test_files_are_looked_at_when_they_are_chosen_and_once() -> None:
    pane = pane_of()
    lab = pane.services.lab
    assert isinstance(lab, SilentLab)

    async def drive(pilot: Any, host: Host) -> None:
        show(pane, trained())
        await settled(pilot)
        assert pane.measured() == {"kept": 5, "cycle_ends": 3, "seen": 1, "accuracy": 0.962}
        for _ in range(2):
            await pilot.press("home", "down", "down", "up", "end")
            await settled(pilot)
        await pilot.press("home")
        assert pane.measured() == {"kept": 5, "cycle_ends": 3, "seen": 4, "accuracy": 0.1, "best": 0.962}
        assert len([asked for asked, _ in lab.asked if asked == "ensemble"]) == 4

    driven(pane, drive)


def test_the_ensemble_is_that_of_the_cycles_that_are_in_it() -> None:
    pane = pane_of()

    async def drive(pilot: Any, host: Host) -> None:
        show(pane, trained())
        await settled(pilot)
        await pilot.press("a")
        await settled(pilot)
        measured = pane.measured()
        assert (measured["ensemble"], measured["best"], measured["gain"]) == (0.968, 0.962, 0.006)
        assert "0.0060 above the best alone" in " ".join(pane.sheet.text.split())
        await pilot.press("m")
        assert "ensemble" not in pane.measured()
        await pilot.press("a")
        await settled(pilot)
        measured = pane.measured()
        assert (measured["ensemble"], measured["best"]) == (0.961, 0.955)
        assert "2 cycles together" in pane.sheet.text
        assert pane.kept() == {"chosen": "cycles/cycle-003.safetensors", "out": ["cycles/cycle-003.safetensors"]}
        assert set(pane.measured()) <= set(PANES["snapshots"].measures)

    driven(pane, drive, (60, 34))


def test_what_is_asked_while_the_lab_is_busy_is_asked_after_that() -> None:
    gate: list[asyncio.Event] = []

    class Slow(SilentLab):
        async def ask(self, request: str, /, *, topic: str = "", **arguments: Any) -> Any:
            if request == "ensemble":
                await gate[0].wait()
            return await super().ask(request, topic=topic, **arguments)

    pane = pane_of(lab=Slow({"describe": described, "ensemble": tried}))

    async def drive(pilot: Any, host: Host) -> None:
        gate.append(asyncio.Event())
        show(pane, trained())
        await pilot.pause(0.3)
        await pilot.press("a", "up", "up", "up")
        assert "The lab tries the weights out" in " ".join(pane.sheet.text.split())
        gate[0].set()
        await settled(pilot)
        assert pane.measured()["ensemble"] == 0.968
        assert pane.measured()["accuracy"] == 0.91

    driven(pane, drive)


@pytest.mark.parametrize(
    ("hidden", "shown", "secret"),
    [({"ensemble"}, "0.9620", "0.9680"), ({"gain"}, "0.9620", "0.9680"), ({"accuracy"}, "0.9680", "0.9620")],
)
def test_what_is_to_be_predicted_is_not_shown(hidden: set[str], shown: str, secret: str) -> None:
    pane = pane_of(hidden)

    async def drive(pilot: Any, host: Host) -> None:
        show(pane, trained())
        await settled(pilot)
        await pilot.press("a")
        await settled(pilot)
        text = pane.sheet.text + pane.sentence()
        assert shown in text
        assert secret not in text
        pane.reveal(frozenset())
        assert secret in pane.sheet.text + pane.sentence()

    driven(pane, drive, (60, 34))


def test_a_stopped_run_is_gone_on_with_and_one_without_cycles_says_so() -> None:
    pane = pane_of()

    async def drive(pilot: Any, host: Host) -> None:
        show(pane, trained(30, "stopped"))
        await settled(pilot)
        assert "p goes on from the newest checkpoint" in " ".join(pane.sheet.text.split())
        await pilot.press("p")
        assert [message.do for message in host.told if isinstance(message, Pane.Steer)] == ["resume"]
        show(pane, trained(cycles=False))
        await settled(pilot)
        await pilot.press("a", "m")
        assert "This run has no cycles" in " ".join(pane.sheet.text.split())
        assert "ensemble" not in pane.measured()

    driven(pane, drive)


def test_a_lab_that_cannot_answer_is_told_and_may_be_asked_again() -> None:
    pane = pane_of(lab=SilentLab({"describe": described}))

    async def drive(pilot: Any, host: Host) -> None:
        show(pane, trained())
        await settled(pilot)
        await pilot.press("up")
        await settled(pilot)
        said = [m.sentence for m in host.told if isinstance(m, Pane.Said)]
        assert said == ["There is no lab here."] * 2
        assert pane.measured()["seen"] == 0

    driven(pane, drive)


@pytest.mark.parametrize(
    ("size", "kept"),
    [
        ((1, 1), {}),
        ((7, 3), {"chosen": 3, "out": 7}),
        ((20, 5), {"chosen": "gone", "out": [1, None]}),
        ((40, 18), {"chosen": 3, "out": 7}),
    ],
    ids=str,
)
def test_any_key_at_any_size_with_any_state(size: tuple[int, int], kept: dict[str, Any]) -> None:
    pane = pane_of(**kept)

    async def drive(pilot: Any, host: Host) -> None:
        await pilot.press(*KEYS)
        for run in (trained(1, ""), trained(30, "stopped"), trained()):
            show(pane, run)
            await settled(pilot)
            await pilot.press(*KEYS)
            assert pane.sentence()

    driven(pane, drive, size)
