"""What nobody foresaw: told in one sentence, and kept in full for whoever mends it."""

import os
import traceback

from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.home import home, private_dir


def report(error: BaseException) -> str:
    """A sentence about an unexpected error; its traceback is added to `errors.log` in the user's home."""
    what = f"{type(error).__name__}: {error}"
    try:
        path = private_dir(home()) / "errors.log"
        with open(path, "a", opener=lambda name, flags: os.open(name, flags, 0o600)) as log:
            log.write("".join(traceback.format_exception(error)) + "\n")
    except (OSError, FastaiTuiError):
        return f"Something unexpected went wrong ({what})."
    return f"Something unexpected went wrong ({what}); the details are in {path}."
