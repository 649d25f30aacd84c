"""How processes without torch ask the lab process for what needs it: once, or again and again (`lab_client`)."""

import os
import subprocess
import sys
from typing import Any

import msgspec

from fastai_tui.engine import errors
from fastai_tui.engine.lab import Reply
from fastai_tui.engine.threads import thread_environment

PATIENCE = 300.0  # seconds: torch from a cold network home may take one minute, a driver that hangs takes for ever
COMMAND = [sys.executable, "-m", "fastai_tui.engine.lab"]


def ask(request: str, **arguments: Any) -> Any:
    """The lab's answer, as plain values. Raises the `FastaiTuiError` that stood in its way, `RunFailed` if no answer
    comes."""
    done = _lab(encoded(request, arguments))
    try:
        reply = decoded((done.stdout.splitlines() or [b""])[-1])
    except errors.NOT_JSON:
        why = last_words(done.stderr) or f"it said nothing (status {done.returncode})"
        raise errors.RunFailed(f"The lab process ended without an answer: {why}") from None
    return answer(reply)


def encoded(request: str, arguments: dict[str, Any]) -> bytes:
    """The line that asks."""
    return msgspec.json.encode({"request": request, "arguments": msgspec.to_builtins(arguments)}) + b"\n"


def decoded(line: bytes) -> Reply:
    """What a line of the lab's says. Raises `errors.NOT_JSON` for what is no reply."""
    return msgspec.json.decode(line, type=Reply)


def answer(reply: Reply) -> Any:
    """The answer itself. Raises the error that the lab reports."""
    if reply.error is not None:
        raise getattr(errors, reply.error.kind)(reply.error.message)
    return reply.answer


def environment() -> dict[str, str]:
    """The variables for the lab process."""
    return os.environ | thread_environment()


def last_words(said: bytes) -> str:
    """The last line that a process wrote to its standard error, or nothing."""
    return (said.decode(errors="replace").strip().splitlines() or [""])[-1]


def not_answering(patience: float) -> str:
    """The sentence about a lab process that hangs."""
    return (
        f"The lab process has not answered for {patience:.0f} seconds and was ended; a device's driver may hang: "
        "look at what `nvidia-smi` says, or try --device cpu."
    )


def not_started(error: OSError) -> errors.RunFailed:
    """The sentence about a lab process that there is not."""
    return errors.RunFailed(f"The lab process could not be started: {(error.strerror or str(error)).lower()}.")


def _lab(line: bytes) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(
            COMMAND, input=line, capture_output=True, check=False, env=environment(), timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise errors.RunFailed(not_answering(PATIENCE)) from None
    except OSError as error:
        raise not_started(error) from error
