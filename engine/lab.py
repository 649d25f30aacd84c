"""The lab process: answers what needs torch and comes at once. One JSON request a line on standard input, one answer a
line on standard output; it ends with its input.
"""

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from fastai_tui.engine.errors import FastaiTuiError

REQUESTS: Mapping[str, str] = {
    "summary": "fastai_tui.engine.interpret.summary:answer",
    "device": "fastai_tui.engine.device:answer",
    "describe": "fastai_tui.engine.runs.process:describe",
}


class Request(msgspec.Struct, frozen=True):
    """What is asked: a name in `REQUESTS`, and the function's keyword arguments."""

    request: str
    arguments: dict[str, Any]


class Trouble(msgspec.Struct, frozen=True, omit_defaults=True):
    """A sentence for the user instead of an answer; `kind` is its class in `engine.errors`."""

    kind: str
    message: str


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer, or what stood in its way."""

    answer: Any = None
    error: Trouble | None = None


def reply(line: bytes) -> Reply:
    """Carry one request out."""
    try:
        asked = msgspec.json.decode(line, type=Request)
        module, _, function = REQUESTS[asked.request].partition(":")
        return Reply(answer=getattr(importlib.import_module(module), function)(**asked.arguments))
    except FastaiTuiError as error:
        return Reply(error=Trouble(type(error).__name__, str(error)))


def main() -> None:
    """Answer until the input ends. What libraries print goes to standard error: standard output is for answers."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for line in sys.stdin.buffer:
        answers.write(msgspec.json.encode(reply(line)) + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
