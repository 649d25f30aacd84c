"""Finding, making and removing runs; whether they live; their story in order."""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from fastai_tui.engine import events
from fastai_tui.engine.errors import BadInput, DiskTrouble, RunFailed
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs import lock, log, spec
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.steps import StepWriter, row_type
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.runs.stream import EventStream

JOB = Job(experiment="mnist", builder="nowhere:build", settings={"lr": 0.1})


@pytest.fixture
def store(home: Path) -> RunStore:
    return RunStore()


def made(store: RunStore, name: str = "") -> Run:
    return store.create(JOB, name, ["fastai-tui", "train", "mnist"])


def record(run: Run, *told: events.AnyEvent) -> None:
    for event in told:
        log.append(run.path / "events.jsonl", events.encode(event))


def batches(run: Run, first: int, losses: list[float]) -> None:
    rows = np.zeros(len(losses), row_type(1))
    rows["loss"] = losses
    StepWriter(run.path / "steps", 1).write(first, rows)


def at(step: int) -> dict[str, float]:
    return {"time": 1.0, "step": step, "epoch": 0}


def ended(step: int, reason: str = "finished") -> events.RunEnded:
    return events.RunEnded(**at(step), reason=reason, message=reason, seconds=1.0)


def test_runs_are_found_by_id_number_prefix_name_and_last(store: RunStore) -> None:
    first, second = made(store, "baseline"), made(store)
    assert (first.id, second.id) == ("0001-mnist", "0002-mnist")
    assert store.find("0001-mnist").id == store.find("1").id == store.find("0001").id == store.find("baseline").id
    assert store.find("last").id == store.find("0002").id == "0002-mnist"


@pytest.mark.parametrize("ref", ["", "000", "3", "nothing", "../../etc", "0001-mnist/", "x" * 500, "\0", "-1"])
def test_what_no_run_is_called_gets_a_sentence(store: RunStore, ref: str) -> None:
    made(store), made(store)
    with pytest.raises(BadInput):
        store.find(ref)


def test_the_newest_of_two_runs_with_one_name_is_meant(store: RunStore) -> None:
    made(store, "same")
    assert store.find("same").id != made(store, "same").id == store.find("same").id


def test_an_id_is_not_given_twice_even_after_removal(store: RunStore) -> None:
    store.remove(made(store).path)
    assert made(store).id == "0002-mnist"


@pytest.mark.parametrize("name", ["last", "12", "a b", "../x", "-x", "é" * 61, "a/b", "\n"])
def test_names_that_would_be_mistaken_for_something_else_are_refused(store: RunStore, name: str) -> None:
    with pytest.raises(BadInput):
        made(store, name)


def test_folders_are_private(store: RunStore) -> None:
    run = made(store)
    assert run.path.stat().st_mode & 0o777 == 0o700
    assert (run.path / "run.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"schema_version": 1}', b"\xff\xfe", b'{"schema_version": "x"}']
)
def test_a_damaged_folder_is_passed_over_named_and_removable(store: RunStore, content: bytes) -> None:
    good, bad = made(store), made(store)
    (bad.path / "run.json").write_bytes(content)
    assert [run.id for run in store.runs()] == [good.id]
    assert store.unreadable[0][0] == bad.path
    with pytest.raises(DiskTrouble):
        store.find(bad.id)
    store.remove(store.folder(bad.id))
    assert not bad.path.exists()


def test_a_folder_from_a_newer_version_says_so(store: RunStore) -> None:
    run = made(store)
    newer = {"schema_version": spec.SCHEMA_VERSION + 1, "id": run.id}
    (run.path / "run.json").write_bytes(msgspec.json.encode(newer))
    with pytest.raises(DiskTrouble, match="newer"):
        store.find(run.id)


def test_a_run_that_ended_without_a_word_is_lost_and_nothing_is_written_down(store: RunStore) -> None:
    run = made(store)
    record(run, ended(3, "stopped"), events.Resumed(**at(3), versions={}))
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    assert run.state().phase == "lost"
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == before


def test_a_run_nobody_has_begun_yet_is_new_for_a_while_then_lost(store: RunStore) -> None:
    run = made(store)
    assert run.state().phase == "new"
    old = msgspec.structs.replace(run.spec, created=time.time() - 1000)
    (run.path / "run.json").write_bytes(spec.encode(old))
    assert run.state().phase == "lost"


def test_a_run_whose_process_died_at_its_start_is_not_taken_for_new(store: RunStore) -> None:
    run = made(store)
    mine = lock.Lock(run.path / "lock")
    mine.acquire()
    mine.release()
    assert run.state().phase == "lost"


def test_a_run_whose_writer_lives_cannot_be_removed_or_written_twice(store: RunStore) -> None:
    run = made(store)
    mine = lock.Lock(run.path / "lock")
    mine.acquire()
    assert run.state().live
    with pytest.raises(BadInput, match="still going"):
        store.remove(run.path)
    with pytest.raises(RunFailed, match="another process"):
        lock.Lock(run.path / "lock").acquire()
    mine.release()
    assert not run.state().live


def test_a_recycled_process_id_a_restart_and_another_host_do_not_count_as_alive(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    me = lock.myself()
    assert lock.alive(me, path)
    assert not lock.alive(msgspec.structs.replace(me, started="1"), path)
    assert not lock.alive(msgspec.structs.replace(me, boot="another boot"), path)
    assert not lock.alive(msgspec.structs.replace(me, pid=2**22 - 3), path)
    elsewhere = msgspec.structs.replace(me, host=platform.node() + "-other")
    assert lock.alive(elsewhere, path)  # its heart beat a moment ago
    os.utime(path, (time.time() - 1000,) * 2)
    assert not lock.alive(elsewhere, path)


def test_a_lock_whose_holder_was_killed_is_free(store: RunStore) -> None:
    run = made(store)
    program = "import sys; from pathlib import Path; from fastai_tui.engine.runs import lock; "
    program += "l = lock.Lock(Path(sys.argv[1])); l.acquire(); print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(run.path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    assert run.state().live
    holder.kill()
    holder.wait()
    assert not run.state().live
    lock.Lock(run.path / "lock").acquire()


def test_the_story_has_every_step_once_and_events_where_they_belong(store: RunStore) -> None:
    run = made(store)
    epoch = events.Epoch(**at(2), train_loss=1.0, valid_loss=1.0, metrics={}, seconds=1.0)
    record(run, events.Checkpoint(**at(0), path="x", best=False), epoch)
    batches(run, 1, [3, 2, 1])
    told = list(run.events())
    assert [type(e).__name__ for e in told] == ["Checkpoint", "Batch", "Batch", "Epoch", "Batch"]
    assert [e.step for e in told if isinstance(e, events.Batch)] == [1, 2, 3]


def test_a_resume_makes_void_what_is_done_again(store: RunStore) -> None:
    run = made(store)
    first = events.Epoch(**at(2), train_loss=9.0, valid_loss=9.0, metrics={}, seconds=1.0)
    record(run, first, ended(3, "stopped"), events.Resumed(**at(1), versions={}))
    batches(run, 1, [3, 2, 1])
    record(run, events.Epoch(**at(2), train_loss=1.0, valid_loss=1.0, metrics={}, seconds=1.0), ended(3))
    told = list(run.events())
    assert [e.train_loss for e in told if isinstance(e, events.Epoch)] == [1.0]
    assert [e.reason for e in told if isinstance(e, events.RunEnded)] == ["finished"]
    assert [e.step for e in told if isinstance(e, events.Batch)] == [1, 2, 3]


def test_a_live_reader_hears_the_same_story_as_a_replay(store: RunStore) -> None:
    run = made(store)
    stream = EventStream(run)
    heard = stream.poll()
    batches(run, 1, [3, 2])
    heard += stream.poll()
    record(run, events.Epoch(**at(3), train_loss=1.0, valid_loss=1.0, metrics={}, seconds=1.0))
    heard += stream.poll()  # its last batch is not there yet: the epoch has to wait
    assert not any(isinstance(e, events.Epoch) for e in heard)
    batches(run, 3, [1, 0.5])
    record(run, ended(4))
    heard += stream.poll()
    assert heard == list(run.events())


def test_lines_that_are_no_events_are_passed_over(store: RunStore) -> None:
    run = made(store)
    with open(run.path / "events.jsonl", "wb") as file:
        file.write(b'{"type": "epo\n\xff\xfe\n{}\n[1]\n' + events.encode(ended(0)) + b'\n{"type"')
    assert [type(e).__name__ for e in run.log()] == ["RunEnded"]
    assert run.state().phase == "finished"
