"""Both chapters, played by keys from the first to the last in a real terminal, without a network.

Questions and goals are read from the chapters; what reaches a goal stands in the table. A goal that is not in it, or
that its keys do not reach, fails the test: a learner could not reach it either.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import loader, progress
from fastai_tui.lessons.progress import StepProgress
from fastai_tui.lessons.schema import Chapter, Question, Step
from tests.player import COMMAND, Player

# Keys are separated by spaces: `7*down` is pressed seven times, `k~sob.l` until the screen matches that, `0~` until
# the goal is reached; `?total` waits for what the lab has to say. Runs, and then the goal, are waited for.
GOALS = {
    "pixels/brightest": "7*down 5*right",
    "pixels/draw": "e home 5*down 8*right space 10*right 14*down e",
    "window/under": "home 7*down 5*right",
    "window/cancel": "12*right",
    "map/full": "f",
    "map/lowest": "home 6*down 8*right",
    "edges/all": "5*right",
    "own/strong": "e 2*up 2*left 3 m right 3 m right 3 m down 0 left 0 left 0 down 3 right 3 right 3 e",
    "batch/full": "4*+",
    "batch/flip": "12*space",
    "padding/same": "tab 2*+ tab 2*+",
    "stride/halved": "3*tab +",
    "stride/one": "tab 26*-",
    "matrix/row": "3*down 11*right",
    "sees/inside": "2*] home down right",
    "sees/last": "2*]",
    "colour/channels": "2*]",
    "colour/nose": "k~red_not_green.at 6*down 14*left",
    "linear/walk": "?total 3*down",
    "baseline/trained": "space",
    "broken/end": "?total end",
    "crash/failed": "space",
    "strided/walk": "?total 9*down",
    "training/trained": "space",
    "kernels/both": "?conv1 3*right v",
    "kernels/deeper": "v ] ?conv2 8*right",
    "maps/own": "i",
    "maps/stranger": "0~",
    "mistakes/look": "v~",
    "knobs/pair": "a a",
    "knobs/nothing": "2*- a",
    "ten/trained": "space",
}
A_RUN = 120.0  # seconds that a run may take where other tests run beside it


def offline() -> Sequence[str]:
    """The command in a network namespace of its own, where that can be had."""
    apart = ["unshare", "--user", "--map-root-user", "--net"]
    if shutil.which("unshare") and subprocess.run([*apart, "true"], capture_output=True).returncode == 0:
        return [*apart, *COMMAND]
    return COMMAND


NOWHERE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


class Learner:
    """Does what a step asks, and looks in progress.json whether it counted."""

    def __init__(self, player: Player, chapter: Chapter) -> None:
        self.player, self.chapter = player, chapter

    def done(self, step: Step) -> StepProgress:
        return progress.read()[0].of(self.chapter.slug, step.id)

    def play(self) -> None:
        for number, step in enumerate(self.chapter.steps, 1):
            self.player.wait_for(f" {number}/{len(self.chapter.steps)} ", step.title[:20])
            for question in step.questions:
                self.answer(step, question)
            if step.goals:
                self.player.press("escape")
            for goal in step.goals:
                self.reach(step, goal.id)
            self.player.wait_for(lambda player, step=step: self.done(step).done)
            if number < len(self.chapter.steps):
                self.enter()

    def answer(self, step: Step, question: Question) -> None:
        """Predict, rightly where the lesson knows, and read what it says then."""
        for _ in range(3):  # past the chapter's opening, past an explanation
            self.enter()
            if "Predict" in self.player.text:
                break
        if question.choices:
            self.player.press(str(question.choices.index(str(question.answer)) + 1))
            self.player.wait_for(f"● {question.choices.index(str(question.answer)) + 1}")
        else:
            typed = f"{question.answer:g}" if isinstance(question.answer, (int, float)) else "0.97"
            self.player.type(typed)
            self.player.wait_for(f"{typed}▏")
        self.player.press("enter")
        self.player.wait_for(lambda player: question.id in self.done(step).answers)
        known = question.answer is not None
        self.player.wait_for("✓ Right" if known else lambda player: re.search("Kept|Right|Not quite", player.text))
        if isinstance(question.answer, (int, float)):
            assert abs(float(self.done(step).answers[question.id]) - question.answer) < 1e-9

    def enter(self) -> None:
        """Go on, and wait for what is read then."""
        before = self.reads()
        self.player.press("enter")
        self.player.wait_for(lambda player: self.reads() != before)
        self.player.settle(quiet=0.15)  # the whole of it has arrived

    def reads(self) -> list[str]:
        """What stands in the left column."""
        return [line[:38] for line in self.player.lines[1:17]]

    def reach(self, step: Step, goal: str) -> None:
        def reached(player: Player) -> bool:
            return goal in self.done(step).goals

        for key in GOALS[f"{step.id}/{goal}"].split(" "):
            times, name = re.fullmatch(r"(?:(\d+)\*)?(.+)", key).groups()  # type: ignore[union-attr]
            if name.startswith("?"):
                self.player.wait_for(name[1:])
                continue
            if "~" in name:
                self.until(name, reached)
                continue
            before = len(RunStore().runs())
            for _ in range(int(times or 1)):
                self.player.press(name)
            if step.run is not None and name in ("space", "a"):
                self.a_run(before)
        self.player.wait_for(reached, within=20)

    def until(self, key: str, reached: object) -> None:
        name, _, text = key.partition("~")
        for _ in range(40):
            self.player.press(name)
            end = time.monotonic() + 1.0
            while time.monotonic() < end:
                if re.search(text, self.player.text) if text else reached(self.player):  # type: ignore[operator]
                    return
                time.sleep(0.02)
        raise AssertionError(f"40 times {name}, and never {text or 'the goal'}:\n{self.player.text}")

    def a_run(self, before: int) -> None:
        """Wait for the run that was just started."""
        self.player.wait_for(lambda player: len(RunStore().runs()) > before)
        run = max(RunStore().runs(), key=lambda run: run.id)
        self.player.wait_for(lambda player: not run.state().live and run.state().phase != "new", within=A_RUN)


@pytest.mark.timeout(900)
def test_both_chapters_are_played_by_keys_from_the_first_to_the_last(home: Path) -> None:
    chapters = loader.chapters()
    asked = {f"{step.id}/{goal.id}" for chapter in chapters for step in chapter.steps for goal in step.goals}
    assert asked == set(GOALS)
    with Player(command=offline(), env=NOWHERE) as player:
        player.wait_for("Contents", "0 of 22")
        player.press("enter")
        Learner(player, chapters[0]).play()
        player.press("escape", "escape")
        player.wait_for("Contents", "11 of 22")
        player.wait_for("Go on with A first CNN")  # a chapter that is done leads on to the next
        player.press("enter")
        Learner(player, chapters[1]).play()
        player.press("escape", "escape")
        player.wait_for("22 of 22")
        player.press("q")
        assert player.ended() == 0
    kept, trouble = progress.read()
    assert not trouble
    assert [kept.done(chapter) for chapter in chapters] == [11, 11]
    assert not list((home / "data").glob("*")), "something was downloaded"
