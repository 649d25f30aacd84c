"""How processes without torch ask the lab process for what needs it."""

import os
import subprocess
import sys
from typing import Any

import msgspec

from fastai_tui.engine import errors
from fastai_tui.engine.threads import thread_environment


def ask(request: str, **arguments: Any) -> Any:
    """The lab's answer, as plain values. Raises the `FastaiTuiError` that stood in its way."""
    line = msgspec.json.encode({"request": request, "arguments": msgspec.to_builtins(arguments)}) + b"\n"
    command = [sys.executable, "-m", "fastai_tui.engine.lab"]
    done = subprocess.run(command, input=line, capture_output=True, check=False, env=os.environ | thread_environment())
    if not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise errors.RunFailed(f"The lab process ended without an answer: {said[-1] if said else 'it said nothing'}")
    reply = msgspec.json.decode(done.stdout)
    if trouble := reply.get("error"):
        raise getattr(errors, trouble["kind"])(trouble["message"])
    return reply.get("answer")
