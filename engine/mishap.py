"""What nobody foresaw: told in one sentence, and kept in full for whoever mends it."""

import os
import traceback
from collections.abc import Mapping

from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.home import home, private_dir
from fastai_tui.engine.settings import Value

NO_MEMORY = ("out of memory", "can't allocate memory")  # CUDA's words and MPS's, and those of torch on a CPU


def short_of_memory(error: BaseException, settings: Mapping[str, Value] | None = None) -> str:
    """What to do if memory was short, with half the batch size that the settings have; empty for any other error."""
    if not isinstance(error, MemoryError) and not any(sign in str(error).lower() for sign in NO_MEMORY):
        return ""
    bs = (settings or {}).get("bs")
    half = bs // 2 if isinstance(bs, int) and bs > 1 else "…"
    return f"The device ran out of memory; try half the batch size (--set bs={half}), or a smaller model."


def report(error: BaseException) -> str:
    """A sentence about an unexpected error; unless memory was short, its traceback is added to `errors.log` in the
    user's home."""
    if said := short_of_memory(error):
        return said
    what = f"{type(error).__name__}: {error}"
    try:
        path = private_dir(home()) / "errors.log"
        with open(path, "a", opener=lambda name, flags: os.open(name, flags, 0o600)) as log:
            log.write("".join(traceback.format_exception(error)) + "\n")
    except (OSError, FastaiTuiError):
        return f"Something unexpected went wrong ({what})."
    return f"Something unexpected went wrong ({what}); the details are in {path}."
