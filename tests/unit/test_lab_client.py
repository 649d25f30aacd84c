"""The lab of an app that stays open: order, superseding, crashes, hangs, silence, orphans."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fastai_tui.engine import errors
from fastai_tui.engine.lab_client import Lab

TOYS = """
import os, sys, time
from fastai_tui.engine import lab

def add(a, b): return {"sum": a + b}
def pid(): return os.getpid()
def refuse(kind, message):
    from fastai_tui.engine import errors
    raise getattr(errors, kind)(message)
def crash(): raise ZeroDivisionError("dear me")
def odd(): return object()
def huge(size): return "x" * size
def rest(seconds): time.sleep(seconds); return seconds
def die(code): os._exit(code)
def shot(number): os.kill(os.getpid(), number)
def die_once(mark):
    if not os.path.exists(mark):
        open(mark, "w").close()
        sys.stderr.write("torch: out of luck\\n")
        os._exit(3)
    return "alive"
def hang_once(mark):
    if not os.path.exists(mark):
        open(mark, "w").close()
        time.sleep(600)
    return "awake"
def ready(): pass

names = "add pid refuse crash odd huge rest die shot die_once hang_once ready".split()
lab.REQUESTS = {name: "toys:" + name for name in names}
sys.modules["toys"] = sys.modules["__main__"]
print("junk before the first answer", flush=True)
lab.main(float(sys.argv[1]))
"""


class Play:
    """Runs a coroutine with a lab of toys; `news` is what it said."""

    def __init__(self, script: Path) -> None:
        self.command, self.news = [sys.executable, str(script)], list[str]()

    def __call__(self, scene: Callable[[Lab], Awaitable[Any]], **options: Any) -> Any:
        async def whole() -> Any:
            lab = Lab(self.news.append, command=self.command, **options)
            try:
                return await scene(lab)
            finally:
                await lab.close()

        return asyncio.run(whole())


@pytest.fixture
def play(tmp_path: Path) -> Play:
    script = tmp_path / "toys.py"
    script.write_text(TOYS)
    return Play(script)


def gone(pid: int, within: float = 10.0) -> bool:
    """Does the process end within so many seconds? (A zombie nobody has buried yet is gone.)"""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            if " Z " in Path(f"/proc/{pid}/stat").read_text():
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


def test_one_process_answers_everything_in_order(play: Play) -> None:
    async def scene(lab: Lab) -> None:
        assert lab.pid == 0
        answers = await asyncio.gather(*(lab.ask("add", a=i, b=1) for i in range(20)))
        assert [answer["sum"] for answer in answers] == list(range(1, 21))
        first = await lab.ask("pid")
        assert first == lab.pid
        assert await lab.ask("pid") == first
        assert os.getsid(first) == first  # a session of its own: the terminal's keys do not reach it

    play(scene)
    assert play.news == []


def test_warm_starts_it_early(play: Play) -> None:
    async def scene(lab: Lab) -> None:
        lab.warm()
        while not lab.pid:
            await asyncio.sleep(0.01)
        assert await lab.ask("pid") == lab.pid

    play(scene)


@pytest.mark.parametrize("kind", ["BadInput", "DataMissing", "RunFailed", "DeviceTrouble", "DiskTrouble"])
def test_sentences_cross_over_with_their_class(play: Play, kind: str) -> None:
    async def scene(lab: Lab) -> None:
        with pytest.raises(errors.FastaiTuiError) as caught:
            await lab.ask("refuse", kind=kind, message="Nothing “works” today.")
        assert (type(caught.value).__name__, str(caught.value)) == (kind, "Nothing “works” today.")
        assert (await lab.ask("add", a=1, b=1))["sum"] == 2

    play(scene)


@pytest.mark.parametrize(("request_name", "said"), [("crash", "dear me"), ("odd", "object"), ("no_such", "no_such")])
def test_a_bug_is_a_sentence_and_the_lab_lives_on(play: Play, home: Path, request_name: str, said: str) -> None:
    async def scene(lab: Lab) -> None:
        before = await lab.ask("pid")
        with pytest.raises(errors.RunFailed, match=f"unexpected went wrong .*{said}.*errors.log"):
            await lab.ask(request_name)
        assert await lab.ask("pid") == before

    play(scene)
    assert play.news == []
    assert "Traceback" in (home / "errors.log").read_text()


def test_huge_answers_and_questions(play: Play) -> None:
    async def scene(lab: Lab) -> None:
        assert len(await lab.ask("huge", size=10_000_000)) == 10_000_000
        question = "y" * 3_000_000
        assert await lab.ask("add", a=question, b="!") == {"sum": question + "!"}

    play(scene)


def test_the_newest_of_a_topic_wins(play: Play) -> None:
    async def scene(lab: Lab) -> list[Any]:
        busy = asyncio.create_task(lab.ask("rest", seconds=0.3))
        await asyncio.sleep(0)
        older = [asyncio.create_task(lab.ask("add", topic="t", a=i, b=0)) for i in range(5)]
        other = asyncio.create_task(lab.ask("add", topic="u", a=7, b=0))
        none = asyncio.create_task(lab.ask("add", a=8, b=0))
        return await asyncio.gather(busy, *older, other, none, return_exceptions=True)

    busy, *older, last, other, none = play(scene)
    assert busy == 0.3
    assert all(isinstance(answer, asyncio.CancelledError) for answer in older)
    assert len(older) == 4
    assert (last, other, none) == ({"sum": 4}, {"sum": 7}, {"sum": 8})


def test_a_caller_that_leaves_is_not_answered_and_holds_nobody_up(play: Play) -> None:
    async def scene(lab: Lab) -> None:
        busy = asyncio.create_task(lab.ask("rest", seconds=0.3))
        waiting = asyncio.create_task(lab.ask("rest", seconds=600))
        await asyncio.sleep(0.05)
        busy.cancel()
        waiting.cancel()
        assert (await lab.ask("add", a=1, b=1))["sum"] == 2

    play(scene)


def test_what_dies_once_is_asked_once_more_and_told(play: Play, tmp_path: Path) -> None:
    async def scene(lab: Lab) -> None:
        assert await lab.ask("die_once", mark=str(tmp_path / "mark")) == "alive"

    play(scene)
    assert play.news == ["The lab process ended unexpectedly (status 3: torch: out of luck) and was started again."]


def test_what_hangs_once_is_asked_once_more_and_told(play: Play, tmp_path: Path) -> None:
    async def scene(lab: Lab) -> None:
        await lab.ask("ready")
        assert await lab.ask("hang_once", mark=str(tmp_path / "mark")) == "awake"

    play(scene, patience=3.0)
    assert play.news == ["The lab process ended unexpectedly (no answer for 3 seconds) and was started again."]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (("die", {"code": 9}), "status 9"),
        (("shot", {"number": 9}), "killed by signal 9, perhaps memory was short"),
        (("shot", {"number": 11}), "killed by signal 11, a crash in compiled code"),
        (("shot", {"number": 15}), r"killed by signal 15\)"),
    ],
)
def test_what_kills_it_twice_is_given_up(play: Play, request_: tuple[str, dict[str, Any]], said: str) -> None:
    async def scene(lab: Lab) -> None:
        with pytest.raises(errors.RunFailed, match=f"ended twice over the same request .{said}"):
            await lab.ask(request_[0], **request_[1])
        assert (await lab.ask("add", a=1, b=1))["sum"] == 2

    play(scene)
    assert len(play.news) == 1


def test_one_that_is_killed_between_requests_is_started_again(play: Play) -> None:
    async def scene(lab: Lab) -> None:
        first = await lab.ask("pid")
        os.kill(first, signal.SIGKILL)
        assert await lab.ask("pid") != first
        second = lab.pid
        os.kill(second, signal.SIGKILL)
        while lab.pid:
            await asyncio.sleep(0.01)
        assert await lab.ask("pid") not in (first, second)

    play(scene)
    told = "The lab process ended unexpectedly (killed by signal 9, perhaps memory was short) and was started again."
    assert play.news == [told, told]


def test_after_a_while_of_silence_it_ends_and_is_silently_started_again(play: Play) -> None:
    async def scene(lab: Lab) -> None:
        first = await lab.ask("pid")
        while lab.pid:
            await asyncio.sleep(0.02)
        assert gone(first)
        assert await lab.ask("pid") != first

    play(scene, idle=0.5)
    assert play.news == []


def test_a_lab_that_cannot_start_is_a_sentence(tmp_path: Path) -> None:
    async def scene() -> None:
        lab = Lab(command=[str(tmp_path / "no-such-python")])
        lab.warm()
        for _ in range(2):
            with pytest.raises(errors.RunFailed, match="could not be started: no such file"):
                await lab.ask("add", a=1, b=1)
        await lab.close()

    asyncio.run(scene())


def test_closing_ends_it_and_tells_who_waits(play: Play) -> None:
    async def scene(lab: Lab) -> int:
        first: int = await lab.ask("pid")
        waiting = [asyncio.create_task(lab.ask("rest", seconds=600)) for _ in range(2)]
        await asyncio.sleep(0.05)
        begun = time.monotonic()
        await lab.close()
        assert time.monotonic() - begun < 5
        for answer in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(answer, errors.RunFailed)
        with pytest.raises(errors.RunFailed, match="closed"):
            await lab.ask("pid")
        return first

    assert gone(play(scene))


@pytest.mark.parametrize("busy", [False, True])
def test_no_orphan_is_left_when_the_app_is_killed(tmp_path: Path, play: Play, busy: bool) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        f"""
import asyncio
from fastai_tui.engine.lab_client import Lab
async def main():
    lab = Lab(command={play.command!r})
    print(await lab.ask("pid"), flush=True)
    if {busy}:
        await lab.ask("rest", seconds=600)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    )
    with subprocess.Popen([sys.executable, str(app)], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        pid = int(running.stdout.readline())
        running.kill()
    assert gone(pid)


def test_the_app_s_half_loads_no_torch() -> None:
    modules = "fastai_tui.engine.lab_client, fastai_tui.engine.receptive"
    program = f"import sys, {modules}; print('torch' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_real_lab_answers() -> None:
    async def scene() -> Any:
        lab = Lab()
        answer = await lab.ask("convolve_batch", pictures=["mnist-sample:1502"], kernels=[[[1]]])
        await lab.close()
        return answer

    assert asyncio.run(scene())["output"] == [1, 1, 28, 28]
