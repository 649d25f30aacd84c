"""What the learner has done so far: `progress.json`, written at once and whole, and never over something unread.

A file that is empty, cut, from a newer version or read-only is left as it is: `read` says so in a sentence, and
`update` refuses. Several open apps do not undo each other: every change is made to what the file says then.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec

from fastai_tui.engine.errors import BadInput, DiskTrouble
from fastai_tui.engine.home import disk_errors, home, private_dir, writable, write_whole
from fastai_tui.lessons.schema import Answer, Chapter, Step, finished

VERSION = 1
LARGEST_FILE = 16 * 1024 * 1024  # far above what any learner can fill; a larger file is something else
WAY_OUT = "move it away, or put an export in its place with: fastai-tui progress import FILE"

State = dict[str, str | int | float | list[int | float | str]]


class StepProgress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One step: `answers` by question, `hints` shown, ids of the `goals` met; `state` is what its pane wants back."""

    done: bool = False
    answers: dict[str, Answer] = {}
    hints: Annotated[int, msgspec.Meta(ge=0)] = 0
    goals: tuple[str, ...] = ()
    state: State = {}


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the learner left off: slugs of a chapter and of a step in it."""

    chapter: str
    step: str


class Progress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything done so far: chapter slug → step id → progress. What is no longer taught is kept all the same."""

    version: int = VERSION
    place: Place | None = None
    chapters: dict[str, dict[str, StepProgress]] = {}

    def of(self, chapter: str, step: str) -> StepProgress:
        """A step's progress; of one never opened, none."""
        return self.chapters.get(chapter, {}).get(step, StepProgress())

    def done(self, chapter: Chapter) -> int:
        """How many of a chapter's steps are done."""
        return sum(self.of(chapter.slug, step.id).done for step in chapter.steps)

    def put(self, chapter: str, step: str, **changes: Any) -> "Progress":
        """The same with some fields of one step's progress changed."""
        changed = msgspec.structs.replace(self.of(chapter, step), **changes)
        steps = {**self.chapters.get(chapter, {}), step: changed}
        return msgspec.structs.replace(self, chapters={**self.chapters, chapter: steps})

    def at(self, chapter: str, step: str) -> "Progress":
        """The same with the learner at another place."""
        return msgspec.structs.replace(self, place=Place(chapter, step))

    def answered(self, chapter: str, step: Step, question: str, answer: Answer) -> "Progress":
        """The same with a question answered. The first answer counts: a prediction is made once."""
        answers = {question: answer, **self.of(chapter, step.id).answers}
        return self.put(chapter, step.id, answers=answers)._judged(chapter, step)

    def reached(self, chapter: str, step: Step, goal: str) -> "Progress":
        """The same with a goal met."""
        goals = tuple(dict.fromkeys((*self.of(chapter, step.id).goals, goal)))
        return self.put(chapter, step.id, goals=goals)._judged(chapter, step)

    def _judged(self, chapter: str, step: Step) -> "Progress":
        """A step once done stays done, even if a later version asks more of it."""
        now = self.of(chapter, step.id)
        return self.put(chapter, step.id, done=now.done or finished(step, now.answers, now.goals))


def path() -> Path:
    """Where progress is kept."""
    return home() / "progress.json"


def kept() -> Progress:
    """What the file holds, or nothing done where there is none. Raises `DiskTrouble` where it can not be read."""
    place = path()
    try:
        return decode(_content(place), str(place))
    except FileNotFoundError:
        return Progress()
    except OSError as error:
        why = f"{place} can not be read ({(error.strerror or str(error)).lower()})"
        raise DiskTrouble(f"{why}; it is kept, and nothing new is saved: {WAY_OUT}.") from error
    except BadInput as error:
        raise DiskTrouble(f"{str(error).rstrip('.')}; it is kept, and nothing new is saved: {WAY_OUT}.") from error


def read() -> tuple[Progress, str]:
    """Progress so far, and a sentence about why it can not be read or kept (then it is as if nothing was done yet)."""
    try:
        progress = kept()
    except DiskTrouble as error:
        return Progress(), str(error)
    place = path()
    if place.exists() and not writable(place):
        return progress, f"{place} is read-only: what you do now is not saved; make it writable (chmod u+w) to go on."
    return progress, ""


def update(change: Callable[[Progress], Progress]) -> Progress:
    """Change what is kept, at once. Raises `DiskTrouble` where that must not or can not be, `BadInput` for values
    that could not be read back."""
    with _locked():
        progress, trouble = read()
        if trouble:
            raise DiskTrouble(trouble)
        changed = change(progress)
        write_whole(path().resolve(), encode(changed))
    return changed


def replace(progress: Progress) -> Path | None:
    """Keep `progress` instead of what there is, whose backup's path is the answer. Raises `DiskTrouble`."""
    content = encode(progress)
    with _locked():
        backup = _set_aside(path())
        write_whole(path().resolve(), content)
    return backup


def reset() -> Path | None:
    """Begin anew. What there was is renamed to the path that is the answer. Raises `DiskTrouble`."""
    with _locked():
        return _set_aside(path(), keep=False)


def encode(progress: Progress) -> bytes:
    """Progress as JSON that `decode` takes. Raises `BadInput` for values JSON has no words for."""
    try:
        content = msgspec.json.format(msgspec.json.encode(progress), indent=1) + b"\n"
    except UnicodeEncodeError as error:
        raise BadInput("The answer holds characters that can not be kept: type it again.") from error
    decode(content, "What was to be kept")  # a number that is not finite would make the file unreadable
    return content


def decode(content: bytes, name: str) -> Progress:
    """The progress in a file's content; `name` begins the sentence about what is wrong with it. Raises `BadInput`."""
    if not content.strip():
        raise BadInput(f"{name} is empty.")
    try:
        version = msgspec.json.decode(content, type=_Versioned).version
        if version < VERSION:
            raise BadInput(f"{name} is damaged: there never was a format {version}.")
        if version > VERSION:
            raise BadInput(f"{name} is from a newer version of fastai-tui (format {version}, here {VERSION}).")
        return msgspec.json.decode(content, type=Progress)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BadInput(f"{name} is damaged, or no progress file ({_short(error)}).") from error


class _Versioned(msgspec.Struct):
    version: int


def _short(error: Exception) -> str:
    text = "".join(c if c.isprintable() else "?" for c in str(error))
    return text[:1].lower() + text[1:100]


def _content(place: Path) -> bytes:
    if not place.exists():
        raise FileNotFoundError(place)
    if not place.is_file():
        raise BadInput(f"{place} is no file.")
    with place.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise BadInput(f"{place} is larger than any progress file.")
    return content


def _set_aside(place: Path, *, keep: bool = True) -> Path | None:
    """Give what stands at `place` the name of a backup (a copy, if it is to `keep` its place until it is replaced)."""
    if not place.exists():
        return None
    if not writable(place):
        raise DiskTrouble(f"{place} is read-only, so it is left as it is: make it writable (chmod u+w) and try again.")
    stamp = time.strftime("%Y%m%d-%H%M%S")
    names = (place.with_name(f"progress-{stamp}{more}.json") for more in ("", *(f"-{n}" for n in range(2, 1000))))
    backup = next(name for name in names if not name.exists())
    with disk_errors(f"set {place} aside"):
        if keep and place.is_file():
            write_whole(backup, place.read_bytes())
        else:
            place.rename(backup)
    return backup


@contextmanager
def _locked() -> Iterator[None]:
    """One writer at a time, where the file system knows locks."""
    import fcntl

    lock = private_dir(home()) / "progress.lock"
    with disk_errors(f"write {lock}"):
        file = open(lock, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115
    with file:
        with suppress(OSError):  # a file system without locks: written whole, one of two changes still stands
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
