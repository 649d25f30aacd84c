"""The lab process: answers what needs torch and comes at once. One JSON request a line on standard input, one answer a
line on standard output; it ends with its input, with the process that started it, or when nothing has been asked for a
while (`python -m fastai_tui.engine.lab SECONDS`).
"""

import contextlib
import importlib
import os
import select
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from fastai_tui.engine import mishap
from fastai_tui.engine.errors import FastaiTuiError

REQUESTS: Mapping[str, str] = {
    "ready": "fastai_tui.engine.interpret.trained:ready",
    "summary": "fastai_tui.engine.interpret.summary:answer",
    "receptive_field": "fastai_tui.engine.interpret.receptive:answer",
    "batch_norm": "fastai_tui.engine.interpret.batch_norm:answer",
    "moved": "fastai_tui.engine.interpret.moved:answer",
    "convolve_batch": "fastai_tui.engine.interpret.batch:answer",
    "learned": "fastai_tui.engine.interpret.learned:answer",
    "maps": "fastai_tui.engine.interpret.maps:answer",
    "mistakes": "fastai_tui.engine.interpret.mistakes:answer",
    "localised": "fastai_tui.engine.interpret.localise:answer",
    "cam": "fastai_tui.engine.interpret.looking:answer",
    "cam_agreement": "fastai_tui.engine.interpret.compared:agreement",
    "cam_canvas": "fastai_tui.engine.interpret.compared:canvas",
    "hooked": "fastai_tui.engine.interpret.hooked:answer",
    "ranked": "fastai_tui.engine.interpret.ranked:answer",
    "ranked_photo": "fastai_tui.engine.interpret.ranked:photo",
    "heated": "fastai_tui.engine.interpret.heated:answer",
    "feature": "fastai_tui.engine.interpret.features:answer",
    "photo_facts": "fastai_tui.engine.interpret.photo_facts:facts",
    "photo_draws": "fastai_tui.engine.interpret.photo_draws:answer",
    "photo": "fastai_tui.engine.interpret.photo_facts:photo",
    "precompute_costs": "fastai_tui.engine.interpret.precompute_costs:answer",
    "ensemble": "fastai_tui.engine.interpret.ensemble:answer",
    "views": "fastai_tui.engine.interpret.views:answer",
    "views_of_all": "fastai_tui.engine.interpret.views:scores",
    "evaluation": "fastai_tui.engine.interpret.evaluation:answer",
    "device": "fastai_tui.engine.device:answer",
    "describe": "fastai_tui.engine.runs.process:describe",
    "write": "fastai_tui.engine.writing:answer",
    "fold": "fastai_tui.engine.interpret.text_batch:answer",
    "history": "fastai_tui.engine.history:answer",
    "surprise": "fastai_tui.engine.interpret.surprise:answer",
    "influence": "fastai_tui.engine.interpret.influence:answer",
    "states": "fastai_tui.engine.interpret.states:states",
    "cell": "fastai_tui.engine.interpret.states:cell",
    "trace": "fastai_tui.engine.interpret.loop_trace:answer",
    "images": "fastai_tui.engine.interpret.images:facts",
    "augmented": "fastai_tui.engine.interpret.images:augmented",
    "loading": "fastai_tui.engine.interpret.loading:answer",
    "signals": "fastai_tui.engine.signals:answer",
    "residuals": "fastai_tui.engine.interpret.residuals:answer",
    "find_rate": "fastai_tui.engine.finder:answer",
    "leave_rate": "fastai_tui.engine.finder:let_go",
}
PIECE = 2**16  # bytes read at a time
GLANCE = 2.0  # seconds between two looks whether the process that started this one still lives


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


def reply(line: bytes) -> bytes:
    """Carry one request out: an encoded `Reply`, whatever happens. What nobody foresaw is logged."""
    try:
        return msgspec.json.encode(Reply(answer=_carried_out(line)))
    except FastaiTuiError as error:
        trouble = Trouble(type(error).__name__, str(error))
    except Exception as error:  # a bug must not take the lab with it
        trouble = Trouble("RunFailed", mishap.report(error))
    return msgspec.json.encode(Reply(error=trouble))


def _carried_out(line: bytes) -> Any:
    asked = msgspec.json.decode(line, type=Request)
    module, _, function = REQUESTS[asked.request].partition(":")
    return getattr(importlib.import_module(module), function)(**asked.arguments)


def main(idle: float | None = None) -> None:
    """Answer until the input ends, or nothing has come for `idle` seconds. What libraries print goes to standard error:
    standard output is for answers."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):  # nobody waits for the answer any more
        for line in _lines(idle):
            answers.write(reply(line) + b"\n")
            answers.flush()


def _lines(idle: float | None) -> Iterator[bytes]:
    """The lines of standard input, until its end or `idle` seconds of silence."""
    pieces: list[bytes] = []
    while select.select([0], [], [], idle)[0] and (piece := os.read(0, PIECE)):
        first, *others = piece.split(b"\n")
        pieces.append(first)
        for other in others:
            yield b"".join(pieces)
            pieces = [other]


def _end_with_parent(parent: int) -> None:
    """End at once when the process that started this one has died: a request that hangs would never see the input's
    end. An orphan gets another parent."""
    while os.getppid() == parent:
        time.sleep(GLANCE)
    os._exit(1)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else None)
