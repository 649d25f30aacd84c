"""The pane of loading: it shows what the lab measures, keeps it, and leaves what is to be predicted out."""

import asyncio
from functools import partial
from typing import Any

import msgspec
import pytest

from fastai_tui.app.tui.panes.common import beginning
from fastai_tui.app.tui.panes.images.loading import LoadingPane
from fastai_tui.app.tui.services import Scene, Services
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.job import Job
from fastai_tui.engine.loading import Loading, Spent
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import schema
from fastai_tui.lessons.panes import PANES
from tests.tui import host
from tests.tui.host import SilentLab, settled
from tests.tui.looks import same_as_golden

SIZES = [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6), (20, 3), (12, 9), (1, 1)]
COMPUTING = {"linear": 0.002, "conv": 0.018}  # seconds of a batch


class TimingLab(SilentLab):
    """A file takes 8 ms a batch longer than memory; `at_once` batches are measured for a request."""

    def __init__(self, at_once: int = 20, trouble: str = "", forever: bool = False) -> None:
        super().__init__({"loading": self.loading})
        self.at_once, self.trouble, self.forever, self.batches = at_once, trouble, forever, 0

    async def ask(self, request: str, /, *, topic: str = "", **arguments: Any) -> Any:
        await asyncio.sleep(0.01)  # it takes its time, and lets the screen be drawn
        return await super().ask(request, topic=topic, **arguments)

    def loading(self, job: Job, images: int) -> Any:
        if self.trouble:
            raise RunFailed(self.trouble)
        bs = int(job.settings["bs"])  # type: ignore[arg-type]
        self.batches = 1 if self.forever else min(self.batches + self.at_once, images // bs)
        count, computing = self.batches, COMPUTING[str(job.settings["model"])]
        done = count == images // bs
        if done:
            self.batches = 0
        told = Loading(
            Spent(0.0005 * count, computing * count, count),
            Spent(0.008 * count, computing * count, count),
            "colour-digits", bs, images // bs, 1200, "cpu", done,
        )  # fmt: skip
        return msgspec.to_builtins(told)


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "BEAT", 1e6)


def made(
    lab: Any = None,
    *,
    kept: dict[str, Any] | None = None,
    hidden: set[str] | None = None,
    run: bool = True,
    **knobs: Any,
) -> LoadingPane:
    step = schema.Step(
        id="a-step",
        title="A step",
        pane="loading",
        prose="",
        run=schema.Run(experiment="cifar10", data="colour-digits", set={"preset": "quick"}) if run else None,
        knobs=(schema.Knob(setting="bs"), schema.Knob(setting="model")),
    )
    services = Services(lab or TimingLab(), RunStore())
    values = {"model": "linear", "bs": 64} | knobs
    return LoadingPane(Scene("a", step, services, values, kept or {}, frozenset(hidden or ())))


play = partial(host.play, size=(40, 18))


async def turn(pilot: Any, pane: LoadingPane, knob: str, value: Any) -> None:
    pane.knobs[knob] = value
    pane.turned(knob, value)
    await pilot.pause()


def test_every_measure_that_is_declared_is_measured_and_no_other() -> None:
    play(pane := made(), "space")
    assert set(pane.measured()) == set(PANES["loading"].measures)


def test_nothing_is_measured_unasked() -> None:
    lab = TimingLab()
    text = play(pane := made(lab))
    assert "Space trains on 2,000 images twice" in " ".join(text.split())
    assert lab.asked == []
    assert pane.measured() == {"done": 0, "tried": 0, "networks": 0, "model": "linear", "bs": 64}


def test_space_measures_piece_by_piece_and_tells_shares_and_the_ratio() -> None:
    lab = TimingLab(at_once=7)
    text = play(pane := made(lab), "space", size=(78, 18))
    measured = pane.measured()
    assert measured["share"] == pytest.approx(0.8)  # 8 of 10 ms
    assert measured["share_resident"] == pytest.approx(0.2)
    assert measured["ratio"] == pytest.approx(4)
    assert (measured["done"], measured["images"]) == (1, 31 * 64)
    assert len(lab.asked) == 5
    for words in (
        "31 batches measured",
        "80%",
        "20%",
        "4.00 times",
        "2.0 ms computing, 8.0 waiting",
        "12 s",
        "3.0 s",
    ):
        assert words in text
    bars = {line.split()[0]: line for line in text.splitlines() if line.startswith(("files", "resident"))}
    assert bars["files"].count("░") == pytest.approx(4 * bars["files"].count("█"), abs=2)
    assert bars["files"].count("█") == pytest.approx(4 * bars["resident"].count("░"), abs=4)


def test_what_was_measured_stays_to_be_compared_with() -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        await turn(pilot, pane, "model", "conv")
        assert "share" not in pane.measured()
        assert pane.measured()["done"] == 0
        await pilot.press("space")
        await settled(pilot)
        await turn(pilot, pane, "bs", 100)
        await pilot.press("space")
        await settled(pilot)
        assert pane.measured()["share"] == pytest.approx(8 / 26)
        await turn(pilot, pane, "model", "linear")
        await turn(pilot, pane, "bs", 64)
        assert pane.measured()["share"] == pytest.approx(0.8)

    text = play(pane, "space", drive=drive)
    assert (pane.measured()["tried"], pane.measured()["networks"]) == (3, 2)
    assert [line.split() for line in text.splitlines() if line.startswith("conv")] == [
        ["conv", "64", "31%", "×1.41"],
        ["conv", "100", "31%", "×1.41"],
    ]
    play(again := made(kept=pane.kept()))
    assert again.measured()["share"] == pytest.approx(0.8)
    assert again.measured()["tried"] == 3
    play(pane := made(kept=pane.kept()), "z")
    assert (pane.measured()["tried"], pane.measured()["done"]) == (0, 0)


def test_it_stops_when_it_is_told_to_and_when_a_knob_turns() -> None:
    pane = made(TimingLab(forever=True))

    async def drive(pilot: Any) -> None:
        await pilot.press("space")
        await pilot.pause(0.05)
        assert pane.busy
        assert "batch 1 of 31" in pane.sheet.text
        await pilot.press("space")
        assert not pane.busy
        await pilot.press("space")
        await pilot.pause()
        assert pane.busy
        await turn(pilot, pane, "bs", 32)
        assert not pane.busy

    play(pane, drive=drive)
    assert pane.measured()["tried"] == 0


@pytest.mark.parametrize(
    ("name", "secrets"), [("share", ("80%", "ms comp")), ("share_resident", ("20%", "ms comp")), ("ratio", ("4.00",))]
)
def test_what_is_to_be_predicted_is_not_shown(name: str, secrets: tuple[str, ...]) -> None:
    for size in SIZES[:5]:
        pane = made(hidden={name})
        text = play(pane, "space", size=size) + pane.sentence()
        assert "?" in text
        assert not any(words in text for words in secrets)
        assert "from files, " not in text
    assert secrets[0] in play(made(), "space")


def test_trouble_is_said_and_a_key_tries_again() -> None:
    lab = TimingLab(trouble="The lab process ended.")
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        assert "The lab process ended." in pane.sheet.text
        assert pane.sentence() == "The lab process ended."
        lab.trouble = ""
        await pilot.press("space")
        await settled(pilot)

    play(pane, "space", drive=drive)
    assert pane.measured()["done"] == 1
    text = play(pane := made(run=False), "space", "z")
    assert "it has no [run]" in " ".join(text.split())
    assert pane.command() == ()


def test_the_command_trains_from_files() -> None:
    play(pane := made())
    words = " ".join(pane.command())
    assert words.startswith("train cifar10")
    assert words.endswith("--set loader=files")


@pytest.mark.parametrize("kept", [{"rows": 3}, {"rows": [3, "", "a b c", "linear 64 0 1 1 1 1", "x 1 1 nan 1 1 1"]}])
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept, images="all")
    play(pane, "z", "space")
    assert pane.measured()["tried"] == 1


@pytest.mark.parametrize("keys", [(), ("space",)])
@pytest.mark.parametrize("depth", ["truecolor", "none"])
def test_it_is_drawn_at_every_size(keys: tuple[str, ...], depth: str) -> None:
    pane = made(kept={"rows": [f"conv {bs} 9 0.1 1 1 1" for bs in range(8, 32)]})

    async def drive(pilot: Any) -> None:
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, *keys, drive=drive, depth=depth, unicode=depth != "none")


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
def test_it_looks_as_it_did(size: tuple[int, int]) -> None:
    kept = {"rows": ["norm 64 31 0.02 2 0.6 2", "conv 64 31 0.02 0.6 0.6 0.6"]}
    same_as_golden(f"panes/loading-{size[0]}x{size[1]}", play(made(kept=kept), "space", size=size))
