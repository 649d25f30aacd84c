"""In a real terminal: a key held down, junk pasted, sizes and suspensions in between; the app answers at once."""

import random
import time
from pathlib import Path

import pytest

from fastai_tui.lessons import progress
from tests.player import NAMED, Player
from tests.shipped import CHAPTERS, STEPS
from tests.tui.test_torture import KEYS, SIZES

COUNTS = {chapter.slug: len(chapter.steps) for chapter in CHAPTERS.values()}
REPEAT = 1 / 40  # seconds between two keys of a key that is held down
HELD, BACKLOG = 10, 2.5  # seconds: what fell behind would need about as long as the key was held, on any machine


def held(player: Player, key: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        player.press(key)
        time.sleep(REPEAT)


def answers_at_once(player: Player, within: float = BACKLOG) -> None:
    """The next key has its effect, and no thousand others before."""
    player.press("?")
    player.wait_for("Keys", within=within)
    player.press("escape")


@pytest.mark.parametrize(("step", "key"), [("matrix", "right"), ("map", "space")])
def test_a_key_held_down_for_ten_seconds_leaves_no_backlog(step: str, key: str) -> None:
    with Player("--chapter", "convolution", "--step", step) as player:
        player.wait_for("/11")
        player.settle()
        held(player, key, HELD)
        assert player.settle(quiet=0.4) < BACKLOG
        answers_at_once(player)


@pytest.mark.acceptance
@pytest.mark.parametrize(("chapter", "step"), STEPS)
def test_any_key_held_down_in_any_pane(chapter: str, step: str) -> None:
    with Player("--chapter", chapter, "--step", step, size=(120, 40)) as player:
        player.wait_for(f"/{COUNTS[chapter]}")
        player.settle()
        for key in ("right", "down", "v", "d", "+", "k"):
            held(player, key, HELD)
            assert player.settle(quiet=0.4) < BACKLOG, key
        answers_at_once(player)


def test_junk_is_pasted_and_the_app_goes_on(home: Path) -> None:
    junk = "".join(map(chr, range(1, 27))) + "\x1b[A\x1b[31m7 q\x00 漢" + "x" * 200
    with Player("--chapter", "convolution", "--step", "window") as player:
        player.wait_for("2/11")
        player.paste(junk * 300)
        player.press("enter")
        player.wait_for("Predict", within=10)
        player.paste("9" * 100_000)
        player.press("escape")
        player.wait_gone("Predict", within=10)
        player.press("down")
        player.wait_for("at (2,1)")
        player.press("q")
        assert player.ended() == 0
    assert not progress.read()[0].of("convolution", "window").answers


def test_hundreds_of_keys_sizes_and_suspensions(home: Path) -> None:
    chance = random.Random(7)
    keys = [key for key in KEYS if (key in NAMED or len(key) == 1) and key not in ("space", "ctrl+z")]
    with Player("--chapter", "convolution", "--step", "window") as player:
        player.wait_for("2/11")
        for number in range(500):
            player.press(chance.choice(keys))
            if number % 97 == 0:
                player.resize(*chance.choice(SIZES))
            if number % 250 == 249:
                player.settle(within=20)
                player.suspend()
                player.resume()
            if number % 20 == 0:
                player.settle(0.05, within=20)
        player.resize(80, 24)
        player.settle(within=20)
        assert player.state in "RS"
        player.kill(15)
        assert player.ended() in (0, 143)
    kept, trouble = progress.read()
    assert not trouble
    assert kept.place is not None
    assert not (home / "errors.log").exists()
