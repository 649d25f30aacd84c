"""Every chapter, played by keys from the first step to the last in a real terminal, without a network.

Questions and goals are read from the chapters; what reaches a goal stands in `tests/goal_keys.py`. A goal that is not
there, or that its keys do not reach, fails the test: a learner could not reach it either.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fastai_tui.app.tui.tasks import asked
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import loader, progress
from fastai_tui.lessons.progress import StepProgress
from fastai_tui.lessons.schema import Chapter, Question, Step
from tests import short_lessons
from tests.goal_keys import GOALS
from tests.player import Player
from tests.runs import kill_all
from tests.warm import APP

# The key with which a pane starts a run; in the others the space bar does something else
STARTERS = ("train", "schedule", "activations", "snapshots", "groups", "doctor", "refactor")
TRAINS = {**dict.fromkeys(STARTERS, "space"), "compare": "a"}
# These play with pieces of their data; and what most of their runs have to load besides torch
SHORT: dict[str, tuple[str, ...]] = {"char-lm": (), "cifar10": (), "transfer": ("torchvision",), "cam": ()}
CACHES = {"files-cache", "pictures-cache", "activations-cache"}  # of data that came with the program, or with the test
A_RUN = 240.0  # seconds that a run may take where other tests run beside it


def offline(app: Sequence[str]) -> Sequence[str]:
    """The app in a network namespace of its own, where that can be had. Its runs are processes that need not load
    torch first; `test_app_survives.py` and others have those that the app starts by itself."""
    apart = ["unshare", "--user", "--map-root-user", "--net"]
    if shutil.which("unshare") and subprocess.run([*apart, "true"], capture_output=True).returncode == 0:
        return [*apart, *app]
    return app


NOWHERE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


class Learner:
    """Does what a step asks, and looks in progress.json whether it counted."""

    def __init__(self, player: Player, chapter: Chapter) -> None:
        self.player, self.chapter = player, chapter

    def done(self, step: Step) -> StepProgress:
        return progress.read()[0].of(self.chapter.slug, step.id)

    def play(self) -> None:
        for number, step in enumerate(self.chapter.steps, 1):
            first = step.title.split()[0]  # the others may give way to what the pane leaves out
            self.player.wait_for(f" {number}/{len(self.chapter.steps)} ", first)
            order = asked(step)
            for task, before in zip(order, [None, *order], strict=False):
                if isinstance(task, Question):
                    self.answer(step, task)
                    continue
                if isinstance(before, Question):
                    self.player.press("escape")
                self.reach(step, task.id)
            self.player.wait_for(lambda player, step=step: self.done(step).done)
            if number < len(self.chapter.steps):
                self.enter()

    def answer(self, step: Step, question: Question) -> None:
        """Predict, rightly where the lesson knows, and read what it says then."""
        for _ in range(3):  # past the chapter's opening, past an explanation
            self.enter()
            if "this is my prediction" in self.player.text:
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

        starts = TRAINS.get(step.pane, "none")
        for key in GOALS[self.chapter.slug][f"{step.id}/{goal}"].split(" "):
            times, name = re.fullmatch(r"(?:(\d+)\*)?(.+)", key).groups()  # type: ignore[union-attr]
            if name.startswith("?"):
                self.player.wait_for(name[1:], within=A_RUN)  # the lab may start first
                continue
            if "~" in name:
                self.until(name, reached)
                continue
            before = len(RunStore().runs())
            for _ in range(int(times or 1)):
                self.player.press(name.lstrip("&!"))
            if name in (starts, f"&{starts}"):
                self.a_run(before, "running" if name.startswith("&") else "")
        self.player.wait_for(reached, within=A_RUN)  # the lab may have to measure

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

    def a_run(self, before: int, phase: str) -> None:
        """Wait for the run that was just started: until it is in this phase, or over."""
        self.player.wait_for(lambda player: len(RunStore().runs()) > before)
        run = max(RunStore().runs(), key=lambda run: run.id)

        def there(player: Player) -> bool:
            state = run.state()
            return len(run.steps()) > 0 if phase == state.phase else not state.live and state.phase != "new"

        self.player.wait_for(there, within=A_RUN)
        self.player.wait_for(lambda player: f"{run.id} · {run.state().phase}" in player.text)  # the app knows it, too


@pytest.fixture(autouse=True)
def nothing_outlives_its_test() -> Iterator[None]:
    yield
    kill_all()


def test_every_goal_has_its_keys() -> None:
    asked = {chapter.slug: {f"{s.id}/{g.id}" for s in chapter.steps for g in s.goals} for chapter in loader.chapters()}
    assert asked == {slug: set(keys) for slug, keys in GOALS.items()}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("slug", GOALS)
def test_a_chapter_is_played_by_keys_from_the_first_step_to_the_last(home: Path, tmp_path: Path, slug: str) -> None:
    chapters = loader.chapters()
    chapter = next(chapter for chapter in chapters if chapter.slug == slug)
    after = next((other for other in chapters if other.number > chapter.number), None)
    count, steps = len(chapter.steps), sum(len(one.steps) for one in chapters)
    app = short_lessons.command(tmp_path, *SHORT[slug]) if slug in SHORT else APP
    with Player(command=offline(app), env=NOWHERE) as player:
        player.wait_for("Contents", f"0 of {steps}")
        player.press("slash")
        player.wait_for("Search")
        player.type(chapter.steps[0].title)
        player.wait_for(chapter.steps[0].title)
        player.settle()
        player.press("enter")
        Learner(player, chapter).play()
        player.press("escape", "escape")
        player.wait_for("Contents", f"{count} of {steps}")
        if after is not None:
            player.wait_for(f"Go on with {after.title}")  # a chapter that is done leads on to the next
        mapped = Path(f"/proc/{player.process.pid}/maps").read_text()
        assert "python" in mapped
        assert "torch" not in mapped, "what draws has loaded torch"
        player.press("q")
        assert player.ended() == 0
    kept, trouble = progress.read()
    assert not trouble
    assert kept.done(chapter) == count
    kept_data = {place.name for place in (home / "data").glob("*")}
    assert kept_data <= CACHES, "something was downloaded"
