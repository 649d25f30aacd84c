"""The terminal goes, the run stays: tmux killed, a link cut, Ctrl-C; in real terminals and through an SSH daemon."""

import contextlib
import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from fastai_tui.engine import events
from fastai_tui.engine.runs.store import RunStore
from tests.runs import PATIENCE, Run, finish, reach
from tests.warm import command

COMMAND = f"{sys.executable} -m fastai_tui.app.cli.main"
EPOCHS = 3
TRAIN = f"train mnist --data mnist-sample --set bs=64 --epochs {EPOCHS} --device cpu"


def the_run(home: Path) -> Run:
    """The only run there is, once there is one."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := RunStore(home / "runs").runs():
            return found[0]
        time.sleep(0.05)
    raise AssertionError("no run began")


def expect_whole(run: Run) -> None:
    """It finishes, and `watch` tells of it from its first step."""
    assert finish(run).phase == "finished"
    told = list(run.events())
    assert isinstance(told[0], events.RunStarted)
    steps = [e.step for e in told if isinstance(e, events.Batch)]
    assert steps == list(range(1, told[0].batches_per_epoch * EPOCHS + 1))
    watched = command("watch", "last", "--json")
    assert watched.returncode == 0
    heard = [json.loads(line) for line in watched.stdout.splitlines()]
    assert [e["step"] for e in heard if e["type"] == "batch"] == steps


@pytest.fixture
def tmux(home: Path) -> Iterator[list[str]]:
    """A tmux server of its own."""
    if not shutil.which("tmux"):
        pytest.skip("no tmux here")
    server = ["tmux", "-L", f"survival-{os.getpid()}", "-f", "/dev/null"]
    subprocess.run([*server, "new-session", "-d", "-x", "80", "-y", "24", "sh"], check=True)
    yield server
    subprocess.run([*server, "kill-server"], check=False, capture_output=True)


@pytest.mark.parametrize("how", ["--detach", ""])
def test_a_run_outlives_its_tmux_server(home: Path, tmux: list[str], how: str) -> None:
    subprocess.run([*tmux, "send-keys", f"FASTAI_TUI_HOME={home} {COMMAND} {TRAIN} {how}", "Enter"], check=True)
    run = the_run(home)
    reach(run, 20)
    subprocess.run([*tmux, "kill-server"], check=True)
    expect_whole(run)


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[list[str]]:
    """How to log in to an SSH daemon on the loopback address, started for this test."""
    daemon = shutil.which("sshd") or "/usr/sbin/sshd"
    if not os.path.exists(daemon) or not shutil.which("ssh"):
        pytest.skip("no SSH daemon or client here")
    place = tmp_path / "ssh"
    place.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (place / "config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {place}/host\nAuthorizedKeysFile {place}/user.pub\nStrictModes no\n"
        "UsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\nPidFile none\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    server = subprocess.Popen([daemon, "-D", "-e", "-f", str(place / "config")], stderr=subprocess.PIPE)
    client = ["ssh", "-tt", "-i", str(place / "user"), "-p", str(port), "-o", "StrictHostKeyChecking=no"]
    client += ["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", f"{getpass.getuser()}@127.0.0.1"]
    for _ in range(100):
        if subprocess.run([*client, "true"], capture_output=True, stdin=subprocess.DEVNULL).returncode == 0:
            break
        if server.poll() is not None:
            pytest.skip(f"the SSH daemon does not start here: {server.stderr and server.stderr.read().decode()}")
        time.sleep(0.1)
    else:
        server.kill()
        pytest.skip("cannot log in to an SSH daemon here")
    yield client
    server.kill()


def test_a_run_outlives_the_ssh_connection_that_started_it(home: Path, ssh: list[str]) -> None:
    there = pexpect.spawn(ssh[0], [*ssh[1:], f"FASTAI_TUI_HOME={home} {COMMAND} {TRAIN}"], timeout=PATIENCE)
    run = the_run(home)
    reach(run, 20)
    os.kill(there.pid, signal.SIGKILL)  # the link is cut: no good-bye is sent
    expect_whole(run)


def test_ctrl_c_ends_train_with_a_checkpoint_and_130(home: Path) -> None:
    terminal = pexpect.spawn(f"{COMMAND} {TRAIN} --set wd=0.02 --epochs 60", timeout=PATIENCE, dimensions=(24, 80))
    run = the_run(home)
    reach(run, 20)
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 130
    assert run.state().phase == "stopped"
    told = list(run.events())
    end = told[-1]
    assert isinstance(end, events.RunEnded)
    assert [e.step for e in told if isinstance(e, events.Checkpoint)][-1] == end.step
    assert (run.path / [e.path for e in told if isinstance(e, events.Checkpoint)][-1]).exists()


@pytest.mark.parametrize("keys", ["\x03", pytest.param("q", marks=pytest.mark.acceptance)])
def test_leaving_watch_is_0_and_leaves_the_run_untouched(home: Path, keys: str) -> None:
    subprocess.run([*COMMAND.split(), *TRAIN.split(), "--detach"], check=True, capture_output=True)
    run = the_run(home)
    reach(run, 20)
    os.kill(run.state().pid, signal.SIGSTOP)  # it waits, however long the terminal takes
    terminal = pexpect.spawn(f"{COMMAND} watch last", timeout=PATIENCE, dimensions=(24, 80))
    terminal.expect("epoch")
    terminal.send(keys)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert run.state().live
    os.kill(run.state().pid, signal.SIGCONT)
    expect_whole(run)


def test_a_hangup_of_the_terminal_ends_the_front_end_and_not_the_run(home: Path) -> None:
    terminal = pexpect.spawn(f"{COMMAND} {TRAIN}", timeout=PATIENCE, dimensions=(24, 80))
    run = the_run(home)
    reach(run, 20)
    terminal.kill(signal.SIGHUP)
    with contextlib.suppress(pexpect.EOF):
        terminal.expect(pexpect.EOF)
    expect_whole(run)
