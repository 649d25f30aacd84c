"""Text as numbers: a token for every character, kept in one compact array. No list of the text's characters is made.

A file is read twice, a million characters at a time: once to count, once to number. A hundred million characters take
as many bytes, and some megabytes beside them.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from fastai_tui.engine.data.catalogue import DATA_SETS, data_set
from fastai_tui.engine.data.idx import DAMAGE, unpacked
from fastai_tui.engine.data.store import file_path, missing, present
from fastai_tui.engine.data.text_archive import TEXTS, is_archive, unpacked_texts
from fastai_tui.engine.data.vocabulary import SPECIALS, Vocabulary, numbered, smallest
from fastai_tui.engine.errors import BadInput, DataMissing, DiskTrouble

if TYPE_CHECKING:
    from numpy import ndarray

CHUNK = 1 << 20  # characters at a time
NEWLINE = ord("\n")
FEW_LINES = 5  # fewer are cut at a character, not at a line's end
PARTS = {"train": r"(train|trn).*", "valid": r"(valid|val|test|tst).*"}  # a folder's files, or folders of files


@dataclass(frozen=True)
class TextSet:
    """A text for training and one for validation, as read-only arrays of token numbers (uint8, or wider if need be).

    Every character is a token, and so is every line's end. `characters` counts the distinct ones as they were written.
    `source` is `full`, `sample` or `path`, as in `events.DataFacts`.
    """

    name: str
    source: str
    train: "ndarray"
    valid: "ndarray"
    vocabulary: Vocabulary
    characters: int


@dataclass(frozen=True)
class _Files:
    """What is read: files for training and files for validation; without the latter the last fifth is held out."""

    name: str
    source: str
    train: tuple[Path, ...]
    valid: tuple[Path, ...] = ()


def text(name_or_path: str, *, min_freq: int = 3) -> TextSet:
    """A text of the catalogue, a `.txt` file, a folder (with files or folders `train…` and `valid…`, or any files), or
    a `.tar` of such.

    Where nothing is set aside for validation, it is the last fifth of the lines (of a text of fewer than five lines,
    of the characters). The vocabulary is that of the training part. Raises `BadInput`, `DataMissing`, `DiskTrouble`.
    """
    import numpy as np

    files = _files(name_or_path)
    tokens, characters, cut = _ranks(files)
    train = tokens[:cut]
    vocabulary = numbered(_counts(train, characters), min_freq, files.name)
    _renumber(tokens, np.array(vocabulary.encode(characters)))
    tokens.flags.writeable = False
    return TextSet(files.name, files.source, tokens[:cut], tokens[cut:], vocabulary, len(characters))


def _files(name_or_path: str) -> _Files:
    if name_or_path in DATA_SETS:
        return _catalogued(name_or_path)
    path = Path(os.path.expanduser(name_or_path))
    if not os.path.exists(path):
        raise DataMissing(f"There is nothing at {path}; give a .txt file, or a folder of them.")
    if is_archive(path) and path.is_file():
        return _folder(unpacked_texts(path), str(path))
    return _folder(path, str(path)) if path.is_dir() else _Files(str(path), "path", (path,))


def _folder(path: Path, name: str) -> _Files:
    """The texts in a folder, which is called `name` by whoever gave it."""
    parts = {part: _part(path, pattern) for part, pattern in PARTS.items()}
    if all(parts.values()):
        return _Files(name, "path", parts["train"], parts["valid"])
    if one := next((part for part in parts if parts[part]), ""):
        other = {"train": "valid", "valid": "train"}[one]
        raise BadInput(f"{name} has a {one} text and no {other} text; add {other}.txt, or name the file otherwise.")
    if not (found := _texts(path)):
        raise BadInput(f"{name} has no .txt files; give a .txt file, or a folder of them.")
    return _Files(name, "path", found)


def _catalogued(name: str) -> _Files:
    entry = data_set(name)
    if entry.kind != "text":
        raise BadInput(f"{name} is no text; pydocs is one, and any .txt file.")
    if not present(entry):
        raise missing(entry)
    return _Files(name, "sample" if entry.embedded else "full", tuple(file_path(entry, f) for f in entry.files))


def _part(folder: Path, pattern: str) -> tuple[Path, ...]:
    """The texts in a folder that belong to a part by their own name, or by that of the folder they are in."""
    named = [path for path in sorted(folder.iterdir()) if re.fullmatch(pattern, path.name.lower())]
    alone = tuple(path for path in named if _is_text(path))
    return alone or tuple(text for path in named if path.is_dir() for text in _texts(path))


def _texts(folder: Path) -> tuple[Path, ...]:
    return tuple(path for path in sorted(folder.iterdir()) if _is_text(path))


def _is_text(path: Path) -> bool:
    return path.name.lower().endswith(TEXTS) and path.is_file()


def _chunks(files: Sequence[Path]) -> Iterator[str]:
    """What the files say, piece by piece: every line is ended by one newline, however the file does it."""
    for path in files:
        last = "\n"
        with _opened(path) as file:
            while chunk := file.read(CHUNK):
                if "\0" in chunk:
                    raise BadInput(f"{path} is no text: it holds bytes of value 0; give a text file, saved as UTF-8.")
                last = chunk[-1]
                yield chunk
        if last != "\n":
            yield "\n"


@contextmanager
def _opened(path: Path) -> Iterator[TextIOWrapper]:
    """A file, unpacked if it is packed, as characters; what goes wrong with reading it is put into a sentence."""
    if not path.is_file():
        raise BadInput(f"{path} is no file; give a .txt file, or a folder of them.")
    try:
        with unpacked(path) as file:
            yield TextIOWrapper(file, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        wrong = error.object[error.start]
        raise BadInput(
            f"{path} is no text in UTF-8 (it has a byte {wrong:02x} where none can be); give a text saved as UTF-8."
        ) from None
    except DAMAGE as error:
        raise DiskTrouble(f"{path} cannot be unpacked ({error}); get or copy it again.") from error
    except OSError as error:
        raise DiskTrouble(f"Could not read {path}: {(error.strerror or str(error)).lower()}.") from error


def _codes(files: Sequence[Path]) -> Iterator["ndarray"]:
    """The same as arrays of code points."""
    import numpy as np

    for chunk in _chunks(files):
        yield np.frombuffer(chunk.encode("utf-32-le"), "<u4")


def _ranks(files: _Files) -> tuple["ndarray", list[str], int]:
    """Every character as its place among the distinct ones, those distinct ones, and where the training part ends."""
    import numpy as np

    counts, ends = _survey(files)
    distinct = np.flatnonzero(counts)
    place = np.zeros(len(counts), smallest(len(distinct) + len(SPECIALS)))
    place[distinct] = np.arange(len(distinct))
    ranks, done = np.empty(ends[-1], place.dtype), 0
    for codes in _codes(files.train + files.valid):
        ranks[done : done + len(codes)] = place[codes[: len(ranks) - done]]
        done += len(codes)
    if done != len(ranks):
        raise DiskTrouble(f"{files.name} changed while it was read; try again.")
    cut = ends[0] if files.valid else _cut(ranks, int(place[NEWLINE]), int(counts[NEWLINE]))
    return ranks, [chr(code) for code in distinct.tolist()], cut


def _survey(files: _Files) -> tuple["ndarray", list[int]]:
    """How often each code point occurs in all files, and how many characters have been read after each part."""
    import numpy as np

    counts, ends = np.zeros(sys.maxunicode + 1, np.int64), list[int]()
    for part in (files.train, files.valid):
        for codes in _codes(part):
            found = np.bincount(codes)
            counts[: len(found)] += found
        ends.append(int(counts.sum()))
    if not ends[-1]:
        raise BadInput(f"{files.name} is empty: there is no text to learn from.")
    return counts, ends


def _cut(ranks: "ndarray", newline: int, lines: int) -> int:
    """Where the last fifth begins: after the first four fifths of the lines, or of the characters if lines are few."""
    import numpy as np

    if lines < FEW_LINES:
        return len(ranks) * 4 // 5
    wanted = lines * 4 // 5
    for start in range(0, len(ranks), CHUNK):
        ends = np.flatnonzero(ranks[start : start + CHUNK] == newline)
        if wanted <= len(ends):
            return start + int(ends[wanted - 1]) + 1
        wanted -= len(ends)
    raise AssertionError("there are as many lines as were counted")


def _counts(ranks: "ndarray", characters: Sequence[str]) -> dict[str, int]:
    """How often each character occurs in a part."""
    import numpy as np

    counts = np.zeros(len(characters), np.int64)
    for start in range(0, len(ranks), CHUNK):
        counts += np.bincount(ranks[start : start + CHUNK], minlength=len(characters))
    return {character: count for character, count in zip(characters, counts.tolist(), strict=True) if count}


def _renumber(ranks: "ndarray", numbers: "ndarray") -> None:
    """Put a token's number where its character's place is."""
    for start in range(0, len(ranks), CHUNK):
        ranks[start : start + CHUNK] = numbers[ranks[start : start + CHUNK]]
