"""Getting a data set in the background: real processes, which say what `data get` says."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fastai_tui.app.getting import COMMAND, Getting

ARRIVING = """
import json, sys, time
say = lambda **what: print(json.dumps(what), flush=True)
print("no JSON at all", flush=True)
say(type="progress", file="a.tar.gz", address="http://a", done=3, total=12, speed=1.5)
say(type="notice", file="a.tar.gz", message="The first address did not answer.")
"""


def running(program: str) -> Getting:
    return Getting("cifar10", [sys.executable, "-c", program])


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_tells_how_far_it_is_and_that_it_is_here() -> None:
    getting = running(ARRIVING + "sys.stdin.read(); say(type='done', name='cifar10')")
    until(lambda: getting.ended)
    assert getting.here
    assert not getting.trouble
    assert getting.progress is not None
    assert (getting.progress.done, getting.progress.total) == (3, 12)
    assert not getting.unpacks


def test_when_all_has_arrived_it_is_being_unpacked() -> None:
    getting = running(ARRIVING + "say(type='progress', file='a', address='b', done=12, total=12, speed=1)")
    until(lambda: getting.ended)
    assert getting.unpacks


def test_what_stood_in_the_way_is_the_sentence_of_the_command() -> None:
    getting = running("import sys; print('fastai-tui: There is no network.', file=sys.stderr); sys.exit(1)")
    until(lambda: getting.ended)
    assert (getting.here, getting.trouble) == (False, "There is no network.")
    mute = running("import sys; sys.exit(3)")
    until(lambda: mute.ended)
    assert "status 3" in mute.trouble


@pytest.mark.parametrize("deaf", [False, True])
def test_it_can_be_stopped_even_if_it_does_not_listen(deaf: bool) -> None:
    ignore = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" if deaf else ""
    getting = running(ignore + ARRIVING + "time.sleep(60)")
    until(lambda: getting.progress is not None)
    getting.stop()
    if deaf:
        getting.stop()
    until(lambda: getting.ended)
    assert getting.stopped
    assert "what has arrived of cifar10 is kept" in getting.trouble


def test_it_can_be_stopped_before_it_has_begun() -> None:
    getting = running("import time; time.sleep(60)")
    getting.stop()
    getting.stop()
    until(lambda: getting.ended)
    assert getting.stopped


def test_a_command_that_is_not_there_is_a_sentence() -> None:
    getting = Getting("cifar10", ["/nowhere/at/all"])
    until(lambda: getting.ended)
    assert "could not be started" in getting.trouble


def test_the_real_command_says_what_to_do_without_a_network(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("FASTAI_TUI_MIRROR", "http://127.0.0.1:9")
    monkeypatch.setenv("FASTAI_TUI_MIRROR_ONLY", "1")
    getting = Getting("cifar10", COMMAND)
    until(lambda: getting.ended)
    assert not getting.here
    assert "fastai-tui data import cifar10 PATH" in getting.trouble
    assert not (home / "data" / "cifar10").exists()
