"""Two processes that train one network over gloo, as `--gpus 2` and torchrun start them, without any GPU."""

import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fastai_tui.engine.events import RunEnded
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs import client, process
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons.experiments import order
from tests.conftest import ROOT
from tests.runs import PATIENCE, finish, kill, losses, reach
from tests.warm import fork

IMAGES = {"norm": "none", "bs": "100", "lr": "0.003"}  # small steps: large ones make of 1e-7 what they like
HELPS = b"RANK=1"  # in the environment of the one that does not lead
LONG = 400.0  # seconds: they wait for each other at every batch, and on a busy machine for a core, too
TEXT = {"model": "gru", "preset": "quick"}


def images(epochs: int = 3) -> Job:
    return order("mnist", IMAGES, epochs=epochs, seed=3, device="cpu", data="mnist-sample")


def created(job: Job, gpus: int) -> Run:
    return RunStore().create(job, "", ["test"], at_once=True, gpus=gpus)


def trained(job: Job, gpus: int) -> Run:
    run = created(job, gpus)
    client.launch(run)
    assert finish(run, LONG).phase == "finished", (run.path / "output.log").read_text()
    return run


def forked(run: Run, where: Path) -> None:
    """The run as torchrun's processes are started, without it: from one that has torch already."""
    where.mkdir()
    meet = {"FASTAI_TUI_MEETING": str(where / "meeting"), "GLOO_SOCKET_IFNAME": "lo", "WORLD_SIZE": "2"}
    both = [
        fork(
            functools.partial(process.main, run.path),
            os.environ | meet | {"RANK": rank, "LOCAL_RANK": rank},
            where / f"out{rank}",
            where / f"err{rank}",
        )
        for rank in "01"
    ]
    for each, rank in zip(both, "01", strict=True):
        each.join(PATIENCE)
        assert each.exitcode == 0, (where / f"err{rank}").read_text()


def processes(run: Run, mark: bytes = b"") -> list[int]:
    """The processes that were started for it, with a mark in their environment."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_bytes().decode().split("\0")
            environment = (place / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(run.path) in command and (not mark or mark in environment):
            found.append(int(place.name))
    return found


def none_is_left(run: Run) -> bool:
    """Wait until all that was started for it has ended."""
    end = time.monotonic() + PATIENCE
    while processes(run) and time.monotonic() < end:
        time.sleep(0.1)
    return not processes(run)


def heard_by_the_network(pids: list[int]) -> list[str]:
    """The addresses at which these processes, or what started them, listen, other than the loopback device's."""
    inodes = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = os.readlink(link)
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    found = []
    for table, home in (("tcp", "0100007F"), ("tcp6", "00000000000000000000000001000000")):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes and fields[1].partition(":")[0] != home:
                found.append(fields[1])
    return found


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="processes are looked at in /proc")
@pytest.mark.timeout(600)
def test_two_processes_learn_as_one_and_go_on_when_one_of_them_was_killed(tmp_path: Path) -> None:
    one = created(images(), 1)
    assert process.main(one.path) == 0
    alone, run = losses(one), created(images(), 2)
    client.launch(run)
    reach(run, 50)
    (helper,) = processes(run, HELPS)
    assert heard_by_the_network([helper, run.state().pid, parent(helper)]) == []
    os.kill(helper, signal.SIGKILL)
    assert finish(run, LONG).phase == "failed"
    ended = run.log()[-1]
    assert isinstance(ended, RunEnded)
    assert ended.message.startswith("One of the 2 processes that trained together has ended")
    assert "`fastai-tui resume`" in ended.message
    assert none_is_left(run)
    forked(run, tmp_path / "again")
    assert run.state().phase == "finished"
    together = losses(run)
    assert len(together) == len(alone) == 3 * 40
    assert np.abs(together - alone).max() < 1e-4
    started = run.started()
    assert started is not None
    assert (started.batches_per_epoch, started.data.train) == (40, 4000)


@pytest.mark.acceptance
@pytest.mark.timeout(900)
def test_a_network_that_carries_a_state_is_resumed_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAI_TUI_CHECKPOINT_SECONDS", "0.2")
    job = order("char-lm", TEXT, epochs=1, seed=3, device="cpu")
    whole = losses(trained(job, 2))
    run = created(job, 2)
    client.launch(run)
    reach(run, len(whole) // 2)
    kill(run)  # this time it is the one that leads
    assert none_is_left(run)
    client.resume(run)
    assert finish(run, LONG).phase == "finished", (run.path / "output.log").read_text()
    assert np.array_equal(losses(run), whole)


@pytest.mark.acceptance
@pytest.mark.timeout(300)
def test_it_trains_under_a_torchrun_of_the_users_own() -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = ["-m", "fastai_tui.app.cli.main", "train", "mnist", "--device", "cpu", "--epochs", "1", "--set", "bs=100"]
    done = subprocess.run([*torchrun, *command], cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    (run,) = RunStore().runs()
    assert run.state().phase == "finished"
    assert run.spec.gpus == 2
