"""Runs after crashes, full disks and meddling: the story stays whole, and what is wrong is a sentence."""

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from fastai_tui.engine import events
from fastai_tui.engine.errors import BadInput, DiskTrouble
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs import lock, log, store
from fastai_tui.engine.runs.inbox import Inbox
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.steps import StepWriter, row_type
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.runs.stream import EventStream
from fastai_tui.engine.runs.writer import RunWriter

JOB = Job(experiment="mnist", builder="nowhere:build", settings={"lr": 0.1})


def made() -> Run:
    return RunStore().create(JOB, "", ["test"])


def record(run: Run, *told: events.AnyEvent) -> None:
    for event in told:
        log.append(run.path / "events.jsonl", events.encode(event))


def rows(run: Run, count: int) -> None:
    StepWriter(run.path / "steps", 1).write(1, np.zeros(count, row_type(1)))


def epoch(step: int, number: int) -> events.Epoch:
    return events.Epoch(time=1.0, step=step, epoch=number, train_loss=1.0, valid_loss=1.0, metrics={}, seconds=1.0)


def resumed(step: int, number: int) -> events.Resumed:
    return events.Resumed(time=1.0, step=step, epoch=number, versions={})


def ended(step: int, reason: str) -> events.RunEnded:
    return events.RunEnded(time=1.0, step=step, epoch=0, reason=reason, message=reason, seconds=1.0)


def test_an_epoch_validated_again_after_a_kill_is_told_once() -> None:
    run = made()
    rows(run, 10)
    record(run, epoch(5, 0), epoch(10, 1), resumed(10, 1), epoch(10, 1), ended(10, "finished"))
    assert [e.epoch for e in run.epochs()] == [0, 1]
    again = made()
    record(again, epoch(5, 0), resumed(5, 1), epoch(10, 1))
    assert [e.epoch for e in again.epochs()] == [0, 1]


@pytest.mark.parametrize("at", [0, 8, 10, 12])
def test_the_end_is_told_last_and_once_wherever_its_process_was(at: int) -> None:
    run = made()
    rows(run, 10)
    record(run, ended(10, "stopped"), resumed(5, 0), ended(at, "failed"), ended(at, "failed"))
    for told in (list(run.events()), EventStream(run).poll()):
        assert [e.step for e in told if isinstance(e, events.Batch)] == list(range(1, 11))
        assert [type(e) for e in told].count(events.RunEnded) == 1
        assert isinstance(told[-1], events.RunEnded)


def test_rows_that_come_with_the_end_are_told_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run = made()
    rows(run, 3)
    stream = EventStream(run)
    stream.poll()
    poll = log.LineReader.poll

    def late(reader: log.LineReader) -> list[bytes]:
        rows(run, 5)
        record(run, ended(5, "finished"))
        return poll(reader)

    monkeypatch.setattr(log.LineReader, "poll", late)
    told = stream.poll()
    assert [type(e).__name__ for e in told] == ["Batch", "Batch", "RunEnded"]


def test_a_folder_that_a_crash_left_is_passed_over_is_not_last_and_can_be_removed() -> None:
    run, runs = made(), RunStore()
    left = runs.place / "0002-mnist"
    (left / "checkpoints").mkdir(parents=True)
    assert [r.id for r in runs.runs()] == [run.id]
    assert [path for path, _ in runs.unreadable] == [left]
    assert runs.find("last").id == run.id
    with pytest.raises(DiskTrouble, match="0002-mnist"):
        runs.find("2")
    runs.remove(runs.folder("2"))
    assert not left.exists()


def test_a_run_that_cannot_be_made_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first, whole = made(), store.write_whole

    def full(path: Path, content: bytes, *, sync: bool = True) -> None:
        if path.name == "run.json":
            raise DiskTrouble("The disk is full.")
        whole(path, content, sync=sync)

    monkeypatch.setattr(store, "write_whole", full)
    with pytest.raises(DiskTrouble):
        made()
    assert [p.name for p in RunStore().place.iterdir() if not p.name.startswith(".")] == [first.id]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"-3", b"9" * 5000, b"1e5"])
def test_a_damaged_counter_does_no_harm(content: bytes) -> None:
    run = made()
    (RunStore().place / ".count").write_bytes(content)
    assert made().id != run.id


@pytest.mark.parametrize("ref", ["9" * 5000, "٣", "1" * 20])
def test_numbers_of_no_run_get_a_sentence(ref: str) -> None:
    made()
    with pytest.raises(BadInput):
        RunStore().find(ref)


@pytest.mark.parametrize("name", ["events.jsonl", "steps"])
def test_a_folder_in_a_file_s_place_is_a_sentence(name: str) -> None:
    run = made()
    (run.path / name).mkdir()
    (run.path / name / ("x" * 200)).touch()
    with pytest.raises(DiskTrouble, match="Could not read"):
        run.state(), run.steps().read(0, 1), list(run.events())


@pytest.mark.parametrize("content", [b"garbage", b"\xff" * 5000, b'{"host":"\xff"}', b"[" * 100_000, b"{}"])
def test_garbage_in_the_lock_is_no_holder_and_is_overwritten(content: bytes) -> None:
    run = made()
    (run.path / "lock").write_bytes(content)
    assert not run.state().live
    held = lock.Lock(run.path / "lock")
    held.acquire()
    assert lock.read(run.path / "lock") == held.holder
    held.release()


def test_commands_that_are_garbage_are_passed_over() -> None:
    run = made()
    inbox = Inbox(lock.Lock(run.path / "lock"))
    lines = [b"\xff\xfe", b'{"id":"\xff","do":"stop"}', b"[" * 100_000, b"{}", b"null", b'{"id": 3, "do": "stop"}']
    (run.path / "commands.jsonl").write_bytes(b"\n".join(lines) + b'\n{"id": "x", "do": "pause"}\n{"id": "half"')
    assert [command.do for command in inbox.poll()] == ["pause"]
    assert not inbox.stopping


def test_a_lock_that_a_killed_process_has_not_given_back_yet_is_waited_for(tmp_path: Path) -> None:
    program = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as dying:
        assert dying.stdout is not None
        dying.stdout.readline()
        threading.Timer(0.5, dying.kill).start()
        begun = time.monotonic()
        held = lock.Lock(tmp_path / "lock")
        held.acquire()
        assert time.monotonic() - begun > 0.3
        held.release()


def test_the_heart_beats_while_its_process_does_something_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "HEARTBEAT", 0.05)
    held = lock.Lock(tmp_path / "lock")
    held.acquire()
    os.utime(held.path, (0, 0))
    time.sleep(0.5)
    assert held.path.stat().st_mtime > 1e9
    held.release()


@pytest.mark.parametrize("call", ["pwrite", "fsync", "write"])
def test_a_full_disk_is_one_sentence_wherever_it_strikes(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    run = made()
    writer = RunWriter(run.path, 1, 0)
    batches = {name: np.ones(2) for name in ("time", "epoch", "loss", "smooth_loss", "momentum", "samples_per_second")}
    batches["lr"] = np.ones((2, 1))
    writer.emit(epoch(1, 0))

    def fail(*given: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(DiskTrouble, match="full; free some space"):
            (writer.flush(1, batches), writer.sync())
    writer.last_words(ended(0, "failed"))
    assert run.state().phase == "failed"


def test_a_disk_too_full_to_begin_is_a_sentence_and_keeps_no_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    run = made()

    def fail(*given: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", fail)
    with pytest.raises(DiskTrouble, match="full"):
        RunWriter(run.path, 1, 0)
    assert not (run.path / ".reserve").exists()


def test_time_only_goes_forwards_when_the_clock_jumps(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = RunWriter(made().path, 1, 0)
    before = writer.now()
    monkeypatch.setattr(time, "time", lambda: 12.0)
    assert before <= writer.now() < before + 60


def test_a_run_whose_data_vanished_says_so_and_keeps_its_story() -> None:
    from tests.runs import client, finish, new_run

    run = new_run()
    rows(run, 4)
    missing = run.path.parent.parent / "data"
    shutil.rmtree(missing, ignore_errors=True)
    text = (run.path / "run.json").read_text().replace('"mnist-sample"', '"/no/such/place"')
    (run.path / "run.json").write_text(text)
    client.launch(run)
    state = finish(run)
    assert state.phase == "failed"
    assert "/no/such/place" in state.message
    assert "Error" not in state.message
    end = list(run.events())[-1]
    assert isinstance(end, events.RunEnded)
    assert end.step == 4
