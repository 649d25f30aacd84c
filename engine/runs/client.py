"""What front ends do to runs: start them as processes of their own, ask things of them, resume them."""

import os
import subprocess
import sys
import time
import uuid
from typing import Any

import msgspec

from fastai_tui.engine import events, ranks
from fastai_tui.engine.errors import BadInput, RunFailed
from fastai_tui.engine.home import PRIVATE_FILE, disk_errors
from fastai_tui.engine.runs import log
from fastai_tui.engine.runs.run import Run, State
from fastai_tui.engine.threads import thread_environment, threads

LOOPBACK = "127.0.0.1"
ANSWER_WITHIN = 20.0  # seconds: a batch of a large network on a slow CPU


def launch(run: Run) -> "subprocess.Popen[bytes]":
    """Start the run's process, detached: in a session of its own, so that no terminal's end reaches it. Returns once it
    holds the run's lock (which it takes before it imports torch), or has ended."""
    command, more = _command(run)
    with disk_errors(f"start the run {run.id}"):
        output = os.open(run.path / "output.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=os.environ | thread_environment() | more,
            )
        finally:
            os.close(output)
    end = time.monotonic() + run.starting()
    while process.poll() is None and not _taken(run, process.pid) and time.monotonic() < end:
        time.sleep(0.02)
    return process


def _command(run: Run) -> tuple[list[str], dict[str, str]]:
    """What trains the run, and what its environment has besides. Several processes on this machine are started by
    torchrun; they meet in a file, and talk over the loopback device alone. Within a torchrun of the user's own, this
    process's part of it."""
    own = ["-m", "fastai_tui.engine.runs.process", str(run.path)]
    if (count := run.spec.gpus) == 1 or ranks.mine() is not None:
        return [sys.executable, *own], {}
    meeting = run.path / "meeting"
    with disk_errors(f"start the run {run.id}"):
        meeting.unlink(missing_ok=True)
    options = {"nproc-per-node": count, "rdzv-backend": "c10d", "rdzv-conf": "store_type=file", "local-addr": LOOPBACK}
    torchrun = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        *(f"--{name}={value}" for name, value in options.items()),
    ]
    device = "lo0" if sys.platform == "darwin" else "lo"
    more = {
        "FASTAI_TUI_MEETING": str(meeting),
        "GLOO_SOCKET_IFNAME": device,
        "NCCL_SOCKET_IFNAME": device,
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",  # which would listen to the whole network
        "OMP_NUM_THREADS": str(max(1, threads() // count)),
    }
    return [*torchrun, *own], more


def _taken(run: Run, pid: int) -> bool:
    """Has the process that was started, or the leading one of those that it starts, the run's lock?"""
    state = run.state()
    return state.live and (state.pid == pid or run.spec.gpus > 1)


def resume(run: Run) -> "subprocess.Popen[bytes]":
    """Go on with a run whose process has ended. Raises `BadInput` if there is nothing to go on with."""
    state = run.state()
    if state.live:
        raise BadInput(f"{run.id} is {state.phase} already; `fastai-tui watch {run.id}` shows it.")
    if state.phase == "finished":
        raise BadInput(f"{run.id} has finished; train again with more --epochs to go further.")
    return launch(run)


def send(run: Run, do: str, *, by: str = "command", settings: dict[str, Any] | None = None) -> str:
    """Ask a live run to stop, pause, resume or set; the answer is the command's id. Raises `BadInput` if none lives."""
    state = run.state()
    if not state.live:
        raise BadInput(_not_live(run, state))
    command = log.Command(id=uuid.uuid4().hex, do=do, by=by, settings=settings or {})
    log.append(run.path / "commands.jsonl", msgspec.json.encode(command))
    return command.id


def wait_for(run: Run, command: str, within: float = ANSWER_WITHIN) -> events.Changed | None:
    """The event that acknowledges a command; None if the run ended first.

    Raises `BadInput` if the run refuses it, `RunFailed` if no answer comes.
    """
    reader, end = log.LineReader(run.path / "events.jsonl"), time.monotonic() + within
    while time.monotonic() < end:
        live = run.state().live
        for event in log.decoded(reader.poll()):
            if isinstance(event, events.Changed) and event.command == command:
                return event
            if isinstance(event, events.Warned) and event.command == command:
                raise BadInput(event.message)
        if not live:
            return None
        time.sleep(0.05)
    raise RunFailed(
        f"{run.id} has not answered for {within:.0f} seconds; it may still do so, `fastai-tui watch` tells."
    )


def wait_for_end(run: Run, within: float) -> State:
    """The state once the run's process is gone, or after so many seconds."""
    end = time.monotonic() + within
    while (state := run.state()).live and time.monotonic() < end:
        time.sleep(0.05)
    return state


def _not_live(run: Run, state: State) -> str:
    if state.phase == "finished":
        return f"{run.id} has finished; there is nothing left to steer."
    return f"{run.id} is not running ({state.phase}); `fastai-tui resume {run.id}` goes on with it."
