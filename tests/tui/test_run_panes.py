"""The panes about runs: train, compare and network, with canned runs and a lab that answers from here."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fastai_tui.app.curves import Curve
from fastai_tui.app.snapshots import Snapshot, Watcher, planned
from fastai_tui.app.tui.panes.common import beginning, comparing
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.networks.network import NetworkPane
from fastai_tui.app.tui.panes.training.compare import ComparePane
from fastai_tui.app.tui.panes.training.train import TrainPane
from fastai_tui.app.tui.services import Scene, Services
from fastai_tui.engine.interpret import summary
from fastai_tui.engine.runs.process import describe
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import schema
from tests.tui.host import Host, SilentLab, driven, settled
from tests.tui.looks import same_as_golden
from tests.unit.canned_runs import make_run, snapshot

pytestmark = pytest.mark.usefixtures("plots", "still")

SIZES = [(40, 18), (78, 18), (60, 34), (38, 6), (100, 54)]
KEYS = [*"adefijklmpuvyzADK1,.<>[]", "up", "down", "left", "right", "home", "end", "space", "enter", "escape", "tab"]
PLAN = planned({"lr": 0.06, "schedule": "1cycle"})


def scene(kind: str, hidden: set[str] | None = None, kept: dict[str, Any] | None = None, **knobs: Any) -> Scene:
    """A step that trains threes against sevens, with a lab that answers here."""
    names = ("model", "lr")
    step = schema.Step(
        id="a-step",
        title="A step",
        pane=kind,
        prose="",
        run=schema.Run(experiment="mnist-3v7", data="mnist-sample", epochs=2),
        knobs=tuple(schema.Knob(setting=name) for name in names),
    )
    lab = SilentLab(
        {
            "summary": lambda job: msgspec.to_builtins(summary.answer(msgspec.to_builtins(job))),
            "describe": lambda job: msgspec.to_builtins(describe(msgspec.to_builtins(job))),
        }
    )
    values = {"model": "cnn", "lr": 0.01} | knobs
    return Scene("first-cnn", step, Services(lab, RunStore()), values, kept or {}, frozenset(hidden or ()))


def named(told: list[Any]) -> list[str]:
    return [type(message).__name__ for message in told if not isinstance(message, Pane.Changed)]


def shot(done: int = 236, **changes: Any) -> Snapshot:
    return replace(snapshot(done), experiment="mnist-3v7", run="0002-mnist-3v7", plan=PLAN, **changes)


def ended(phase: str, message: str, done: int = 236) -> Snapshot:
    return shot(done, phase=phase, live=False, left=None, message=message)


SHOTS: dict[str, Snapshot | None] = {
    "plan": None,
    "live": shot(),
    "finished": ended("finished", "Finished.", 354),
    "queued": shot(1, phase="queued", step=0, curve=Curve(), behind="0001-mnist", left=None),
    "diverged": ended("diverged", "The loss is no number any more at batch 236: try a tenth of the rate.", 236),
}


def show(pane: Pane, seen: Snapshot | None, *others: str) -> None:
    if seen is not None:
        pane.follow(Run(Path("/nowhere") / seen.run), seen, (*others, seen.run))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("what", SHOTS)
def test_training_at_every_size(what: str, size: tuple[int, int]) -> None:
    pane = TrainPane(scene("train"))

    async def drive(pilot: Any, host: Host) -> None:
        show(pane, SHOTS[what])

    text = driven(pane, drive, size)
    same_as_golden(f"runs/train-{what}-{size[0]}x{size[1]}", text)
    if what == "plan":
        assert "6,722 parameters" in text
    if what == "queued":
        assert "its turn: 0001-mnist" in text


def test_what_a_run_does_before_its_first_batch_is_told_as_it_goes() -> None:
    pane = TrainPane(scene("train"))
    stages: list[list[str]] = []

    def marks() -> list[str]:
        words = [line.strip() for line in pane.sheet.text.splitlines()]
        return [line[0] for line in words if line[2:].startswith(("a process", "PyTorch", "the first"))]

    async def drive(pilot: Any, host: Host) -> None:
        await pilot.press("space")
        stages.append(marks())
        for now in (shot(1, phase="queued", step=0), shot(1, step=0, elapsed=4.2), shot()):
            show(pane, now)
            stages.append(marks())

    sign = beginning.SIGNS[0]
    driven(pane, drive)
    assert stages == [[sign, "·", "·"], ["✓", sign, "·"], ["✓", "✓", sign], []]


def test_the_sign_moves_only_while_something_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "BEAT", 0.01)
    pane = TrainPane(scene("train"))
    seen: list[set[str]] = []

    async def watch(pilot: Any, times: int = 20) -> None:
        signs = set()
        for _ in range(times):
            signs |= set(pane.sheet.text) & set(beginning.SIGNS)
            await pilot.pause(0.02)
        seen.append(signs)

    async def drive(pilot: Any, host: Host) -> None:
        for now in (shot(1, step=0), ended("failed", "No.", 1)):
            show(pane, now)
            await watch(pilot)

    driven(pane, drive)
    assert len(seen[0]) > 3
    assert not seen[1]


def test_a_run_that_failed_at_once_says_why_where_the_eye_is() -> None:
    pane = TrainPane(scene("train"))
    message = "The network answers each image with 784 numbers: let its convolutions take strides."

    async def drive(pilot: Any, host: Host) -> None:
        show(pane, replace(ended("failed", message, 1), step=0, curve=Curve()))
        await pilot.press("p", "v")
        assert named(host.told) == []  # there is nothing to go on with, and nothing to view

    lines = driven(pane, drive, (40, 18)).splitlines()
    assert " ".join(" ".join(lines[2:6]).split()).startswith(f"failed: {message}")
    assert any("space tries it again" in line for line in lines)
    assert not any("schedule" in line or "┤" in line for line in lines)


def test_a_finished_run_says_how_many_were_right() -> None:
    done = replace(ended("finished", "Finished.", 354), settings=())
    pane = TrainPane(scene("train"))

    async def drive(pilot: Any, host: Host) -> None:
        await settled(pilot)
        show(pane, done)

    assert "194 of 200 right; space: another seed" in driven(pane, drive, (40, 18))
    unknown = TrainPane(scene("train", hidden={"accuracy"}))

    async def hidden(pilot: Any, host: Host) -> None:
        await settled(pilot)
        show(unknown, done)

    assert "right" not in driven(unknown, hidden, (40, 18))


def test_space_trains_pauses_and_goes_on_and_u_stops() -> None:
    pane = TrainPane(scene("train"))

    async def drive(pilot: Any, host: Host) -> None:
        await pilot.press("space", "space", "u")
        assert named(host.told) == ["Train"]
        show(pane, shot())
        await pilot.press("space", "space", "u", "u")
        show(pane, shot(phase="paused"))
        await pilot.press("space", "p")
        show(pane, ended("stopped", "Stopped at batch 236."))
        await pilot.press("p", "space")
        steers = [message.do for message in host.told if isinstance(message, Pane.Steer)]
        assert steers == ["pause", "stop", "resume", "resume"]
        assert named(host.told).count("Train") == 2

    assert "p goes on with it; space trains anew" in " ".join(driven(pane, drive).split())


def test_another_rate_is_told_before_it_is_trained_and_its_schedule_drawn() -> None:
    pane = TrainPane(scene("train"))

    async def drive(pilot: Any, host: Host) -> None:
        assert "highest 0.01" in pane.sheet.text
        pane.knobs["lr"] = 0.5
        pane.turned("lr", 0.5)

    assert "highest 0.5" in driven(pane, drive)

    again = TrainPane(scene("train", lr=0.5))

    async def after(pilot: Any, host: Host) -> None:
        show(again, replace(ended("finished", "Finished.", 354), settings=(("lr", "0.01"), ("bs", "64"))))

    assert "space trains with lr=0.5; this run is kept" in driven(again, after)


def test_what_was_turned_while_a_run_ran_sets_it_apart() -> None:
    plain, turned = shot(), shot(changes=("lr=0.1 after batch 46",))
    assert "turned" not in comparing.conditions(plain)
    assert comparing.differences([plain, turned]) == ["turned"]
    assert comparing.apart(turned, ["turned"]) == "turned=lr=0.1 after batch 46"
    assert comparing.apart(plain, ["turned"]) == "turned=-"


def test_a_knob_beyond_its_bounds_is_explained() -> None:
    pane = TrainPane(scene("train", lr=1e9))

    async def drive(pilot: Any, host: Host) -> None:
        await pilot.press("space")
        assert named(host.told) == ["Said"]

    assert "out of bounds" in driven(pane, drive)


def test_what_is_to_be_predicted_is_not_shown() -> None:
    for hidden, gone in (({"accuracy"}, "0.9550"), ({"valid_loss"}, "0.1500"), ({"loss", "train_loss"}, "0.1050")):
        pane = TrainPane(scene("train", hidden=hidden))

        async def drive(pilot: Any, host: Host, pane: Pane = pane) -> None:
            show(pane, SHOTS["live"])

        text = driven(pane, drive, (60, 34))
        assert gone not in text + pane.sentence()
        assert "?" in text
        open_pane = TrainPane(scene("train"))

        async def reveal(pilot: Any, host: Host, pane: Pane = open_pane) -> None:
            show(pane, SHOTS["live"])

        assert gone in driven(open_pane, reveal, (60, 34))


def test_with_every_result_hidden_it_still_says_that_it_has_finished() -> None:
    pane = TrainPane(scene("train", hidden={"accuracy", "valid_loss"}))

    async def drive(pilot: Any, host: Host) -> None:
        show(pane, SHOTS["finished"])

    assert "✓ finished" in driven(pane, drive, (40, 18))


WARNING = (
    "Of conv2 100% are near zero since batch 3. The loss leapt from 2.29 to 5.29 at batch 2. " + "And so on. " * 30
)


def test_a_long_warning_ends_with_a_whole_sentence() -> None:
    pane = TrainPane(scene("train"))

    async def drive(pilot: Any, host: Host) -> None:
        show(pane, shot(warnings=(WARNING,)))

    lines = [line.strip() for line in driven(pane, drive, (40, 18)).splitlines()]
    assert "Warning: Of conv2 100% are near zero" in lines
    assert lines[-1].endswith(".")
    assert "…" not in lines[-1]
    assert "part of the message" in pane.sheet.left_out


def test_what_a_run_warns_of_can_be_kept_back_for_the_learner_to_find_out() -> None:
    given = scene("train")
    step = msgspec.structs.replace(given.step, show={"warnings": "kept back"})
    pane = TrainPane(replace(given, step=step))

    async def drive(pilot: Any, host: Host) -> None:
        show(pane, shot(warnings=(WARNING,)))

    assert "Warning" not in driven(pane, drive, (60, 34))


def test_v_goes_through_the_views_where_they_do_not_fit_at_once() -> None:
    pane, seen = TrainPane(scene("train")), list[str]()

    async def drive(pilot: Any, host: Host) -> None:
        show(pane, SHOTS["live"])
        for _ in range(4):
            await pilot.pause(0.05)
            seen.append(pane.sheet.text.splitlines()[3])
            await pilot.press("v")

    driven(pane, drive, (40, 18))
    for line, words in zip(seen, ("loss", "accuracy", "learning rate", "epoch"), strict=True):
        assert line.strip().startswith(words)


def test_what_can_be_typed_instead() -> None:
    pane = TrainPane(scene("train", lr=0.02))
    assert list(pane.command()) == (
        ["train", "mnist-3v7", "--set", "model=cnn", "--set", "lr=0.02", "--epochs", "2", "--data", "mnist-sample"]
    )

    async def drive(pilot: Any, host: Host) -> None:
        show(pane, SHOTS["live"])

    driven(pane, drive)
    assert list(pane.command()) == ["watch", "0002-mnist-3v7"]
    assert "Loss fell from 2.145 to 0.1050" in pane.sentence()


# Runs over each other


def three_runs() -> list[Run]:
    return [make_run(354, end="finished"), make_run(354, end="finished"), make_run(236, end="stopped")]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_runs_over_each_other(size: tuple[int, int]) -> None:
    runs, pane = three_runs(), ComparePane(scene("compare"))

    async def drive(pilot: Any, host: Host) -> None:
        pane.follow(runs[-1], Watcher(runs[-1]).snapshot(), tuple(run.id for run in runs))

    text = driven(pane, drive, size)
    assert pane.measured() == {"overlaid": 3, "gap": 0}
    assert "another run" in text
    for run in runs:
        assert f"[x] ── {run.id[:4]}" in text
    same_as_golden(f"runs/compare-{size[0]}x{size[1]}", text)


def test_space_takes_a_run_away_and_the_last_line_trains() -> None:
    runs, pane = three_runs(), ComparePane(scene("compare"))

    async def drive(pilot: Any, host: Host) -> None:
        pane.follow(runs[-1], Watcher(runs[-1]).snapshot(), tuple(run.id for run in runs))
        await settled(pilot)
        await pilot.press("home", "space")
        assert pane.measured()["overlaid"] == 2
        assert pane.kept()["off"] == [runs[0].id]
        await pilot.press("end", "space", "a")
        assert named(host.told) == ["Train"]

    text = driven(pane, drive)
    assert "[ ]    0001" in text
    again = ComparePane(scene("compare", kept=pane.kept()))

    async def reopened(pilot: Any, host: Host) -> None:
        again.follow(runs[-1], Watcher(runs[-1]).snapshot(), tuple(run.id for run in runs))

    driven(again, reopened)
    assert again.measured()["overlaid"] == 2


def test_a_run_that_can_not_be_read_is_listed_and_not_overlaid() -> None:
    runs, pane = three_runs(), ComparePane(scene("compare"))
    (runs[0].path / "run.json").write_text("{")

    async def drive(pilot: Any, host: Host) -> None:
        pane.follow(runs[-1], Watcher(runs[-1]).snapshot(), tuple(run.id for run in runs))

    assert "[ ]    0001 can not be opened" in driven(pane, drive)
    assert pane.measured()["overlaid"] == 2


def test_a_live_run_that_nobody_follows_is_read_again() -> None:
    runs, pane = three_runs(), ComparePane(scene("compare"))
    other = make_run(20)

    async def drive(pilot: Any, host: Host) -> None:
        pane.follow(runs[-1], Watcher(runs[-1]).snapshot(), (*(run.id for run in runs), other.id))

    driven(pane, drive)
    assert pane.measured()["overlaid"] == 4
    assert pane.shots[other.id].phase == "lost"


# The network


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("model", ["cnn", "broken", "linear"])
def test_the_network_at_every_size(model: str, size: tuple[int, int]) -> None:
    pane = NetworkPane(scene("network", model=model))

    async def drive(pilot: Any, host: Host) -> None:
        await pilot.press("down", "down")

    text = driven(pane, drive, size)
    same_as_golden(f"runs/network-{model}-{size[0]}x{size[1]}", text)
    totals = {"cnn": 6722, "broken": 571, "linear": 23581}
    assert pane.measured() | {"multiplications": 0} == {
        "layer": 3,
        "visited": 3,
        "model": model,
        "parameters": totals[model],
        "multiplications": 0,
    }
    assert f"{totals[model]:,}" in text
    assert list(pane.command())[:4] == ["summary", "mnist-3v7", "--set", f"model={model}"]


def test_another_model_is_another_network_and_the_parameters_wait_for_a_prediction() -> None:
    pane = NetworkPane(scene("network", hidden={"parameters"}))

    async def drive(pilot: Any, host: Host) -> None:
        assert "6,722" not in pane.sheet.text + pane.sentence()
        await pilot.press("end")
        pane.knobs["model"] = "broken"
        pane.turned("model", "broken")
        await settled(pilot)
        assert "571" not in pane.sheet.text
        pane.reveal(frozenset())

    text = driven(pane, drive)
    assert "571" in text
    assert "still a grid" in text


@pytest.mark.parametrize("make", [TrainPane, ComparePane, NetworkPane])
@pytest.mark.parametrize("depth", ["truecolor", "none"])
def test_any_keys_at_any_size_and_damaged_memories(make: type[Pane], depth: str) -> None:
    draw = random.Random(3)
    kept = {"view": 3, "off": "x", "layer": "last", "visited": {"a": 1}}
    pane = make(scene(make.__name__.removesuffix("Pane").lower(), kept=kept))
    seen = [one for one in SHOTS.values() if one]

    async def drive(pilot: Any, host: Host) -> None:
        for i in range(100):
            if i % 20 == 0:
                await pilot.resize_terminal(draw.randint(1, 120), draw.randint(1, 50))
                show(pane, draw.choice(seen), "0001-gone")
            await pilot.press(draw.choice(KEYS))
        pane.follow(None, None, ())
        assert pane.sentence()
        pane.command()
        pane.measured()

    driven(pane, drive, depth=depth, unicode=depth != "none")
