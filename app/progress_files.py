"""What has been done so far, as files: export, import and reset for every front end. Each answers with a sentence."""

from __future__ import annotations

from pathlib import Path

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.home import write_whole
from fastai_tui.lessons import progress
from fastai_tui.lessons.progress import LARGEST_FILE as LARGEST_FILE
from fastai_tui.lessons.progress import Progress


def export_to(file: Path) -> str:
    """Write progress to a new file. Raises `BadInput` where that can not be, `DiskTrouble`."""
    done = progress.kept()
    content = progress.encode(done)
    if file.exists() or file.is_symlink():
        raise BadInput(f"{shown(file)} exists already: choose another name, or take it away first.")
    if not file.absolute().parent.is_dir():
        raise BadInput(f"There is no folder {shown(file.absolute().parent)}: make it first, or choose another.")
    write_whole(file, content)
    return f"Exported {summary(done)} to {shown(file)}."


def import_from(content: bytes, name: str) -> str:
    """Take over an export. Raises `BadInput` where it is none, `DiskTrouble`."""
    done = progress.decode(content, name)
    backup = progress.replace(done)
    before = f" What was here before is in {backup}." if backup else ""
    return f"Imported {summary(done)}.{before}"


def reset() -> str:
    """Begin anew. Raises `DiskTrouble`."""
    backup = progress.reset()
    return f"Done: you begin anew. What was here is in {backup}." if backup else "There was nothing to reset."


def content_of(file: Path) -> bytes:
    """An export's bytes. Raises `BadInput` for what is no file, can not be read or is far too large."""
    try:
        if not file.is_file():
            raise BadInput(f"{shown(file)} is no file: give one that `progress export` wrote.")
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BadInput(f"{shown(file)} can not be read ({(error.strerror or '').lower()}).") from error
    return checked(content, shown(file))


def checked(content: bytes, name: str) -> bytes:
    """The content, if it is not larger than an export can be. Raises `BadInput`."""
    if len(content) > LARGEST_FILE:
        raise BadInput(f"{name} is larger than any progress file: give one that `progress export` wrote.")
    return content


def summary(done: Progress) -> str:
    """How much that is: `7 finished steps in 2 chapters`."""
    steps = sum(step.done for chapter in done.chapters.values() for step in chapter.values())
    return f"{_count(steps, 'finished step')} in {_count(len(done.chapters), 'chapter')}"


def shown(path: Path) -> str:
    """A path as one line of at most 200 characters, without what a terminal would obey."""
    text = "".join(c if c.isprintable() else "?" for c in str(path))
    return text if len(text) <= 200 else f"{text[:197]}…"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
