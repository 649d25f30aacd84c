"""The refactor pane of the chapter `cam`: the head of a pretrained network, and another one in its place."""

from functools import partial
from typing import Any, ClassVar

import msgspec
import pytest

from fastai_tui.app.tui.panes.ladder.refactor import RefactorPane
from fastai_tui.engine.interpret import summary
from fastai_tui.engine.runs import process
from fastai_tui.lessons import refactoring, schema
from tests.tui import host
from tests.tui.host import SilentLab, scene

pytestmark = pytest.mark.usefixtures("plots", "still")

SIZES = [(40, 18), (78, 18), (60, 34), (38, 6), (20, 3), (1, 1)]
SET: dict[str, Any] = {"preset": "head", "head": "cam", "kernel": "1"}
ORDER = schema.Run(experiment="dogscats", epochs=3, data="photo-activations", set=SET)
CHANNELS, CLASSES, HIDDEN = 1280, 2, 512
CONCAT = 2 * (2 * CHANNELS + HIDDEN) + HIDDEN * (2 * CHANNELS + 1) + CLASSES * (HIDDEN + 1)
CAM = CLASSES * (CHANNELS + 1)


class HeadLab(SilentLab):
    """Answers of the real lab's code, each asked for once."""

    known: ClassVar[dict[tuple[str, str], Any]] = {}

    def __init__(self) -> None:
        told = {"describe": process.describe, "summary": summary.answer}
        super().__init__({name: partial(self.told, name, answer) for name, answer in told.items()})

    def told(self, name: str, answer: Any, job: Any) -> Any:
        key = name, str(job.settings["head"])
        if key not in self.known:
            self.known[key] = msgspec.to_builtins(answer(msgspec.to_builtins(job)))
        return self.known[key]


play = partial(host.play, size=(78, 18))


def made(**given: Any) -> RefactorPane:
    show = {"before": "fastai-head", "after": "cam-head", "view": "code"}
    return RefactorPane(scene("refactor", show=show, run=ORDER, lab=HeadLab(), **given))


def test_both_heads_have_their_code_and_their_parameters() -> None:
    text = play(pane := made(), size=(100, 34))
    assert "class CamHead(Head):" in text
    assert "class ConcatHead(Head):" in text
    measured = pane.measured()
    assert (measured["parameters_before"], measured["parameters"]) == (CONCAT, CAM) == (1_318_402, 2562)
    assert (measured["views"], measured["trained"]) == (1, 0)
    assert measured["added"] == refactoring.refactoring("fastai-head", "cam-head").added > 0
    assert pane.code().endswith("CamHead")


def test_the_summary_has_the_layers_of_both() -> None:
    text = play(pane := made(), "v")
    rows = [line.split() for line in text.splitlines()]
    assert ["Dropout", "2560", "-", "LogSoftmax", "2", "-"] in rows
    assert ["Linear", "512", f"{HIDDEN * (2 * CHANNELS + 1):,}", "to", "be", "learned", "2,562"] in rows
    assert ["to", "be", "learned", "1,318,402"] in rows
    assert any(row[-1:] == ["2,562"] and "Conv2d" in row and "2×7×7" in row for row in rows)
    assert (pane.view, pane.measured()["views"]) == ("summary", 2)
    assert "cam-head: Conv2d, AvgPool2d, Flatten, LogSoftmax; 2,562 parameters." in pane.sentence()


def test_where_there_is_no_room_for_both_it_scrolls() -> None:
    assert "LogSoftmax" not in play(made(), "v", size=(40, 18))
    text = play(pane := made(), "v", "end", size=(40, 18))
    assert "LogSoftmax" in text
    last = pane.down
    play(pane := made(), "v", "end", "down", size=(40, 18))
    assert pane.down == last > 0
    assert "fastai-head" in play(made(), "v", "end", "home", size=(40, 18)).splitlines()[3]


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (100, 50)])
def test_parameters_that_are_to_be_predicted_are_not_shown(size: tuple[int, int]) -> None:
    pane = made(hidden=frozenset({"parameters"}))
    text = play(pane, "v", "end", size=size) + pane.sentence()
    assert "2,562" not in text
    assert "to be learned" in text
    assert "?" in text
    assert f"{CONCAT:,}" not in play(made(hidden=frozenset({"parameters_before"})), "v", size=size)


def test_settings_tell_the_heads_runs_apart() -> None:
    from fastai_tui.lessons.experiments import order

    for name in refactoring.HEADS:
        asked = {**SET, **refactoring.settings_of(name)}
        job = order("dogscats", asked, data="photo-activations")
        others = [other for other in refactoring.HEADS if other != name]
        assert all(job.settings[key] == value for key, value in refactoring.settings_of(name).items())
        assert not any(
            all(job.settings[key] == value for key, value in refactoring.settings_of(other).items()) for other in others
        )
    assert refactoring.settings_of("conv") == {"model": "conv"}


@pytest.mark.parametrize("depth", ["truecolor", "none"])
@pytest.mark.parametrize("keys", [(), ("v",), ("v", "v"), ("v", "down", "up", "m", "a", "full_stop", "comma", "z")])
def test_it_is_drawn_at_every_size(keys: tuple[str, ...], depth: str) -> None:
    pane = made()

    async def drive(pilot: Any) -> None:
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert (pane.sheet.width, pane.sheet.height) == (width, height)

    play(pane, *keys, drive=drive, depth=depth, unicode=depth != "none")
