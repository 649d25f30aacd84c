"""How processes without torch ask the lab process for what needs it."""

import os
import subprocess
import sys
from typing import Any

import msgspec

from fastai_tui.engine import errors
from fastai_tui.engine.threads import thread_environment

PATIENCE = 300.0  # seconds: torch from a cold network home may take one minute, a driver that hangs takes for ever
COMMAND = [sys.executable, "-m", "fastai_tui.engine.lab"]


class _Reply(msgspec.Struct):
    answer: Any = None
    error: dict[str, str] | None = None


def ask(request: str, **arguments: Any) -> Any:
    """The lab's answer, as plain values. Raises the `FastaiTuiError` that stood in its way, `RunFailed` if no answer
    comes."""
    done = _lab(msgspec.json.encode({"request": request, "arguments": msgspec.to_builtins(arguments)}) + b"\n")
    try:
        reply = msgspec.json.decode((done.stdout.splitlines() or [b""])[-1], type=_Reply)
    except errors.NOT_JSON:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        why = said[-1] if said else f"it said nothing (status {done.returncode})"
        raise errors.RunFailed(f"The lab process ended without an answer: {why}") from None
    if reply.error is not None:
        raise getattr(errors, reply.error["kind"])(reply.error["message"])
    return reply.answer


def _lab(line: bytes) -> "subprocess.CompletedProcess[bytes]":
    environment = os.environ | thread_environment()
    try:
        return subprocess.run(COMMAND, input=line, capture_output=True, check=False, env=environment, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise errors.RunFailed(
            f"The lab process has not answered for {PATIENCE:.0f} seconds and was ended; a device's driver may hang: "
            "look at what `nvidia-smi` says, or try --device cpu."
        ) from None
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise errors.RunFailed(f"The lab process could not be started: {why}.") from error
