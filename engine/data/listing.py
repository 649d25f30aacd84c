"""Which pictures of a folder or an archive belong to which part and class: told by their paths, or by a table."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from fastai_tui.engine.data.label_table import ENDINGS, labelled
from fastai_tui.engine.errors import BadInput

SUFFIXES = tuple(f".{ending}" for ending in ENDINGS)
TABLE = "labels.csv"
TRAIN = ("train", "training", "trn")
VALID = ("valid", "val", "validation", "test", "testing", "tst")  # the first that has classes counts
NUMBERED = re.compile(r"[0-9]+_(?P<label>.+)")  # 123_cat.png
HELD_OUT, SEED = 5, 42  # one in five
MOST_CLASSES = 256
FORM = f"train/<class>/*.png and valid/<class>/*.png, a folder for each class, 123_cat.png, or {TABLE}"


class NoPictures(BadInput):
    """There are none at all; the sentence can be the end of a longer one."""


@dataclass(frozen=True)
class Listing:
    """Pictures by their paths, and the class of each, counted from 0 in the order of `classes`; and the path of the
    table that tells them, if one does."""

    classes: tuple[str, ...]
    train: tuple[tuple[str, int], ...]
    valid: tuple[tuple[str, int], ...]
    table: str = ""


def listed(paths: Iterable[str], where: str, table: str = "", content: bytes = b"") -> Listing:
    """The parts of what is at `where`, whose files have these paths within it, with `/` between folders.

    Parts are the folders `train` and `valid`, `val` or `test`; without the latter a fifth is held out. In each of them
    (or without parts) the class is a folder's name, or follows the number in the file's. Where there is a table of
    labels, with that path and content, its pictures alone count, and a fifth of its rows is held out. Raises
    `BadInput`.
    """
    named = sorted(path for path in paths if is_picture(path))
    if not named:
        raise NoPictures(f"no pictures in {where}; what is read is {FORM}.")
    if table:
        return _numbered(*_held_out(labelled(named, table, content, where)), where, table)
    pictures = _unwrapped(named)
    train, valid = (_part(pictures, names) for names in (TRAIN, VALID))
    if valid and not train:
        raise BadInput(f"{where} has pictures to validate and none to train on; add a folder train.")
    if train and valid:
        found = _labelled(train, where), _labelled(valid, where)
    else:
        found = _held_out(_labelled(train or pictures, where))
    return _numbered(*found, where)


def is_picture(path: str) -> bool:
    """Does a path end like a picture's, and is nothing on it hidden?"""
    parts = PurePosixPath(path).parts
    return path.lower().endswith(SUFFIXES) and not any(part.startswith((".", "__MACOSX")) for part in parts)


def held_out(count: int) -> tuple[list[int], list[int]]:
    """The rows to train on and those held out: of numpy's legacy permutation with seed 42, the last whole fifth
    (`get_cv_idxs` of fast.ai 0.7 with `cv_idx=4`)."""
    import numpy as np

    order, fifth = np.random.RandomState(SEED).permutation(count), count // HELD_OUT
    held = order[(HELD_OUT - 1) * fifth : HELD_OUT * fifth]
    return np.setdiff1d(np.arange(count), held).tolist(), held.tolist()


_Paths = list[tuple[str, tuple[str, ...]]]  # a picture's path, and what is left of it below the part's folder
_Labelled = list[tuple[str, str]]


def _unwrapped(paths: Sequence[str]) -> _Paths:
    """The paths without folders around everything, such as an archive's own."""
    found = [(path, PurePosixPath(path).parts) for path in paths]
    while found and _wrapped([parts for _, parts in found]):
        found = [(path, parts[1:]) for path, parts in found]
    return found


def _wrapped(every: Sequence[tuple[str, ...]]) -> bool:
    first = every[0][0]
    if first.lower() in TRAIN + VALID or any(parts[0] != first for parts in every):
        return False
    flat = all(len(parts) == 2 and NUMBERED.fullmatch(_stem(parts[1])) for parts in every)
    return flat or all(len(parts) > 2 for parts in every)


def _part(pictures: _Paths, names: Sequence[str]) -> _Paths:
    """What is in the first of these folders that has any picture with a class."""
    for name in names:
        found = [(path, parts[1:]) for path, parts in pictures if len(parts) > 1 and parts[0].lower() == name]
        if any(_label(parts) for _, parts in found):
            return found
    return []


def _labelled(pictures: _Paths, where: str) -> _Labelled:
    """Every picture with its class. Where classes are folders, what lies beside them does not count."""
    in_folders = [(path, parts) for path, parts in pictures if len(parts) > 1]
    found = [(path, _label(parts)) for path, parts in in_folders or pictures]
    if without := [path for path, label in found if not label]:
        few = f"{without[0]}{f' and {len(without) - 1:,} more' if len(without) > 1 else ''}"
        raise BadInput(f"{where}: nothing tells the class of {few}; what is read is {FORM}.")
    return found


def _label(parts: tuple[str, ...]) -> str:
    numbered = NUMBERED.fullmatch(_stem(parts[-1]))
    return parts[0] if len(parts) > 1 else numbered["label"] if numbered else ""


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _held_out(every: _Labelled) -> tuple[_Labelled, _Labelled]:
    train, valid = held_out(len(every))
    return [every[row] for row in train], [every[row] for row in valid]


def _numbered(train: _Labelled, valid: _Labelled, where: str, table: str = "") -> Listing:
    classes = tuple(sorted({label for _, label in (*train, *valid)}))
    for part, pictures in (("training", train), ("validation", valid)):
        held = Counter(label for _, label in pictures)
        if absent := [name for name in classes if name not in held]:
            raise BadInput(f"{where} has no {part} pictures of {_few(absent)}: add some, or take the class out.")
    if not 2 <= len(classes) <= MOST_CLASSES:
        held_apart = f"2 to {MOST_CLASSES} can be told apart: a folder (or a name like 7_cat.png) for each."
        raise BadInput(f"{where} has pictures of {len(classes)} class{'es' * (len(classes) > 1)}; {held_apart}")
    number = {name: row for row, name in enumerate(classes)}
    parts = [tuple((path, number[label]) for path, label in part) for part in (train, valid)]
    return Listing(classes, parts[0], parts[1], table)


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more classes" if len(names) > 3 else shown
