"""Every chapter, played by keys from the first step to the last in a real terminal, without a network.

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

from fastai_tui.app.tui.tasks import asked
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons import loader, progress
from fastai_tui.lessons.progress import StepProgress
from fastai_tui.lessons.schema import Chapter, Question, Step
from tests import short_lessons
from tests.player import Player
from tests.warm import APP

# Keys are separated by spaces: `7*down` is pressed seven times, `k~sob.l` until the screen matches that, `0~` until
# the goal is reached; `?total` waits for what the lab has to say. What is trained, and then the goal, is waited for;
# `&space` only until it trains, and `!space` starts nothing.
GOALS: dict[str, dict[str, str]] = {
    "convolution": {
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
    },
    "first-cnn": {
        "linear/walk": "?total 3*down",
        "baseline/trained": "space",
        "broken/end": "?total end",
        "crash/failed": "space",
        "strided/walk": "?total 9*down",
        "training/trained": "space",
        "kernels/both": "?conv1 3*right v",
        "kernels/deeper": "v ] ?conv2 8*right",
        "maps/own": "i home 5*down 8*right space 10*right 14*down e",
        "maps/stranger": "0~",
        "mistakes/look": "v~",
        "knobs/pair": "a a",
        "knobs/nothing": "2*- a",
        "ten/trained": "space",
    },
    "stability": {
        "ten/five": "?total + ?208 9*down",
        "baseline/watched": "space",
        "inside/layers": "4*]",
        "inside/crash": "3*[ home 6*. 2*right",
        "batches/twice": "space space",
        "schedule/trained": "space",
        "schedule/later": "tab 7*+",
        "momentum/found": "3*+ f",
        "momentum/flown": "z 2*+ f",
        "colours/point": "home . 10*right",
        "colours/others": "] 2*[",
        "idea/stages": "?raw 3*right",
        "idea/undone": "tab 9*- tab 5*+",
        "averages/fed": "?running 10*space",
        "averages/still": "m space",
        "norm/trained": "space",
        "smooth/beside": "m",
        "smooth/layers": "] 4*[",
        "longer/trained": "space",
        "doctor/read": "3 down 3 down 3 down 3",
        "doctor/cured": "home space",
    },
    "learning-rate": {
        "descent/slow": "- f",
        "descent/out": "z 5*+ f",
        "descent/wide": "k 4*- f",
        "finder/done": "space",
        "finder/valley": "[~",
        "finder/slide": "]~",
        "ends/further": "+ space",
        "trace/same": "space",
        "trace/left": "m",
        "choose/three": "a + a 2*- a",
        "anneal/two": "space 3*+ space",
        "restarts/planned": "2*+ 2*tab +",
        "restarts/trained": "space",
        "ensemble/each": "4*left",
        "ensemble/ensemble": "a",
        "ensemble/equals": "+ tab - space a",
        "by-hand/turned": "&space - ?goes -",
        "by-hand/paused": "!space",
        "by-hand/trained": "!space",
        "groups/frozen": "2*+ space",
        "groups/unfrozen": "- space",
        "rates/trained": "space v",
        "rates/fixed": "tab +",
        "decay/apart": "f",
        "decay/sgd": "2*tab +",
        "saving/gone-on": "&space u ?stopped p",
        "saving/seen": "?finished 3*left",
    },
    "char-lm": {
        "characters/moved": "?pydocs: 4*down",
        "characters/batches": "2*space",
        "three/trained": "space",
        "loop/trained": "space",
        "loop/views": "2*v",
        "concat/trained": "v space",
        "rnn/trained": "2*v space",
        "every/every": "?pydocs: v 3*space",
        "seq/trained": "v space",
        "identity/both": "a",
        "streams/seen": "?pydocs: 4*space",
        "streams/epoch": ".",
        "streams/wide": "+",
        "stateful/trained": "2*v space",
        "history/done": "f",
        "cell/worked": "?unit f",
        "cell/more": "4*right",
        "gru/trained": "2*v space",
        "mix/worked": "?unit f",
        "mix/kept": "5*right down~",
        "lstm/trained": "2*v space",
        "gates/stop": "?mean 28*right",
        "gates/views": "3*v",
        "gates/typed": "e ?type x enter",
        "callbacks/hooks": "?before_batch 12*space",
        "callbacks/kept": "f~",
        "live/trained": "space",
        "surprise/slip": "?nats f",
        "surprise/typed": "e ?type x enter",
        "influence/walked": "9*left",
        "influence/typed": "e ?type x enter",
        "writing/greedy": "m f",
        "writing/drawn": "m k~seed.46",
        "writing/cool": "- e ?type x enter ?nothing f",
    },
    "cifar10": {
        "images/classes": "4*k",
        "images/channels": "2*v 2*]",
        "augmentation/twelve": "12*space",
        "augmentation/alternating": "+ 4*space",
        "augmentation/border": "tab + f",
        "linear/trained": "space",
        "list/failed": "space",
        "conv/trained": "v space",
        "pooling/three": "tab + tab + 2*shift+tab 7*+ tab 2*- tab 2*- 2*shift+tab 10*- tab 5*+ tab 5*+",
        "pooling/head": "v",
        "layers/trained": "v space",
        "loading/measured": "space",
        "loading/another": "+ space",
        "finder/three": "space ?done k ?ready space ?done k ?ready space",
        "finder/further": "2*tab + tab 2*- space",
        "explode/nan": "f",
        "explode/slow": "2*tab 2*- f",
        "explode/norm": "tab +",
        "norm/trained": "v space",
        "byhand/stages": "?raw 3*right",
        "byhand/changed": "10*+ tab 10*+",
        "evaluation/all": "a",
        "evaluation/sorted": "m a",
        "evaluation/draws": "2*l",
        "order/done": "space",
        "first/kernels": "5*right",
        "first/first": "v",
        "deep/trained": "v space",
        "skips/trained": "v space",
        "residuals/visited": "3*down",
        "residuals/off": "space",
        "residuals/each": "a",
        "gradients/norm": "tab +",
        "gradients/skip": "- tab +",
        "gradients/both": "shift+tab +",
        "block/trained": "v space",
        "preact/trained": "v space",
        "wide/trained": "space",
        "mistakes/seen": "4*right",
        "mistakes/matrix": "v~",
        "tta/all": "v",
        "tta/changed": "v j",
        "ladder/trained": "down",
        "study/study": "space",
        "study/read": "v~",
        "years/two": "a",
        "years/all": "down",
    },
}
# The key with which a pane starts a run; in the others the space bar does something else
STARTERS = ("train", "schedule", "activations", "snapshots", "groups", "doctor", "refactor")
TRAINS = {**dict.fromkeys(STARTERS, "space"), "compare": "a"}
SHORT = ("char-lm", "cifar10")  # play with pieces of their data
A_RUN = 120.0  # seconds that a run may take where other tests run beside it


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
                self.player.wait_for(name[1:])
                continue
            if "~" in name:
                self.until(name, reached)
                continue
            before = len(RunStore().runs())
            for _ in range(int(times or 1)):
                self.player.press(name.lstrip("&!"))
            if name in (starts, f"&{starts}"):
                self.a_run(before, "running" if name.startswith("&") else "")
        self.player.wait_for(reached, within=A_RUN if step.run else 20)

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
    with Player(command=offline(short_lessons.command(tmp_path) if slug in SHORT else APP), env=NOWHERE) as player:
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
        player.press("q")
        assert player.ended() == 0
    kept, trouble = progress.read()
    assert not trouble
    assert kept.done(chapter) == count
    assert not list((home / "data").glob("*")), "something was downloaded"
