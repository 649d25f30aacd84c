"""A table of labels, `labels.csv`: one row for each picture, its name and its class, as Kaggle's data sets have it."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.pictures import shown

ENDINGS = ("png", "jpg", "jpeg", "webp", "bmp", "gif", "ppm")
FIRST = frozenset(("train", "training", "trn"))  # whose pictures count where several folders have one of that name


def labelled(pictures: Iterable[str], table: str, content: bytes, where: str) -> list[tuple[str, str]]:
    """Each picture of the table with its class, in the table's order; pictures that it does not name do not count.

    The first column names a picture, with or without folders (from the table's own on) and ending, the second one its
    class; a first row that names no picture is a header. Raises `BadInput`.
    """
    at_hand = _by_name(pictures, PurePosixPath(table).parent)
    rows = _rows(content, f"{where}: {shown(table)}")
    if rows and _key(rows[0][0]) not in at_hand:
        rows = rows[1:]
    found, absent = dict[str, str](), list[str]()
    for name, label in rows:
        candidates = at_hand.get(_key(name), [])
        if not candidates:
            absent.append(name)
            continue
        path = _chosen(candidates)
        if path in found:
            raise BadInput(f"{where}: {shown(table)} names {shown(name)} twice; keep one row for each picture.")
        found[path] = label
    if absent or not found:
        few = f"{shown(absent[0])}{f' and {len(absent) - 1:,} more' if len(absent) > 1 else ''}" if absent else "any"
        raise BadInput(f"{where} has no picture of {few}, which {shown(table)} names; put the pictures beside it.")
    return list(found.items())


def _rows(content: bytes, where: str) -> list[tuple[str, str]]:
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{where} is no table of commas in UTF-8 ({error}); its rows are picture,class.") from error
    found = []
    for number, line in enumerate(lines, 1):
        fields = [field.strip() for field in line]
        if not any(fields):
            continue
        if len(fields) < 2 or not fields[0] or not fields[1]:
            raise BadInput(f"{where}, row {number}: a picture's name and its class belong there.")
        found.append((fields[0], fields[1]))
    return found


def _by_name(pictures: Iterable[str], base: PurePosixPath) -> dict[str, list[PurePosixPath]]:
    """Pictures by whatever a table may call them: their name, or their path within `base`."""
    found: dict[str, list[PurePosixPath]] = defaultdict(list)
    for path in map(PurePosixPath, pictures):
        inner = path.relative_to(base) if path.is_relative_to(base) else path
        for name in {_key(inner.as_posix()), _key(inner.name)}:
            found[name].append(path)
    return dict(found)


def _key(name: str) -> str:
    """A name without an ending, which a table may leave out."""
    stem, dot, ending = name.rpartition(".")
    return stem if dot and ending.lower() in ENDINGS else name


def _chosen(candidates: list[PurePosixPath]) -> str:
    """Of pictures with one name, that in a folder to train on, or else the first."""
    return str(min(candidates, key=lambda path: (not FIRST.intersection(map(str.lower, path.parts[:-1])), path)))
