"""TOML with line numbers: a block of a lesson's file, read into frozen structs, every mistake with its line."""

import difflib
import math
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec

from fastai_tui.lessons.problems import Problems, shown

T = TypeVar("T", bound=msgspec.Struct)
Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w\s.\"'-]+?)\s*\]\]?\s*(#.*)?", re.ASCII)
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[\w-]+)\s*[.=]""", re.ASCII)
_AT = re.compile(r" \(at line (\d+), column \d+\)$")
_EXPECTED = {
    "str": 'a text in "quotes"',
    "int": "a whole number",
    "float": "a number",
    "tuple[str, ...]": 'a list of texts, as in ["one", "two"]',
}
_NAMES_BY_INLINE = "a table, as in { name = 1 }"


class Block:
    """A TOML text that begins on `line` of its file, below its opening mark: its `values`, and where they stand."""

    def __init__(self, text: str, line: int, problems: Problems) -> None:
        self.line, self.problems = line, problems
        self.values = self._parsed(text)
        self._lines = _places(text, line)

    def _parsed(self, text: str) -> dict[str, Any] | None:
        try:
            return tomllib.loads(text)
        except RecursionError:
            self.problems.add(self.line, "the block is nested too deeply", "take some of its brackets away")
        except ValueError as error:  # TOMLDecodeError is one, and so is what int() says of 5,000 digits
            place = _AT.search(str(error))
            line = self.line + int(place[1]) - 1 if place else self.line + text.count("\n")
            what = _AT.sub("", str(error)).replace(" (at end of document)", " at the end of the block")
            self.problems.add(line, f"this is not TOML: {_lower(what)}", "see lessons/README.md for an example")
        return None

    def line_of(self, *path: str | int) -> int:
        """The line on which what `path` leads to stands, or the nearest thing around it."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return self.line - 1

    def tables(self, key: str) -> list[dict[str, Any]]:
        """The `[[key]]` tables. What has another form is a problem, and left out."""
        found = (self.values or {}).get(key, [])
        if isinstance(found, list) and all(isinstance(one, dict) for one in found):
            return found
        self.problems.add(self.line_of(key), f"{key} is not a list of tables", f"write [[{key}]] above its lines")
        return []

    def build(self, kind: type[T], values: Mapping[str, Any], path: Path, label: str, **given: Any) -> T | None:
        """`values`, which stand at `path`, as a `kind`; every mistake is a problem, and then there is None.

        `given` are fields that do not come from the block.
        """
        fields = {field.encode_name: field for field in _fields(kind) if field.name not in given}
        before = len(self.problems.found)
        self._names(values, fields, path, label)
        read = {name: self._value(fields[name], values[name], (*path, name)) for name in fields if name in values}
        return kind(**read, **given) if len(self.problems.found) == before else None

    def _names(self, values: Mapping[str, Any], fields: Mapping[str, Any], path: Path, label: str) -> None:
        for name in values:
            if name not in fields:
                near = difflib.get_close_matches(name[:80], fields, n=1)
                remedy = f"did you mean {near[0]}?" if near else f"it can have {', '.join(fields)}"
                self.problems.add(self.line_of(*path, name), f"{label} has no {shown(name)}", remedy)
        for name, field in fields.items():
            if field.required and name not in values:
                example = '"…"' if field.type is str else "…"
                self.problems.add(self.line_of(*path), f"{label} lacks {name}", f"add {name} = {example}")

    def _value(self, field: Any, value: Any, path: Path) -> Any:
        try:
            read = msgspec.convert(value, field.type)
        except (msgspec.ValidationError, OverflowError):
            expected = _EXPECTED.get(_type_name(field.type), _NAMES_BY_INLINE if "dict" in str(field.type) else "")
            remedy = f"write {expected}" if expected else "see lessons/README.md for what it can be"
            self.problems.add(self.line_of(*path), f"{field.name} can not be {_value_name(value)}", remedy)
            return None
        for wrong, remedy in _faults(value, field.required):
            self.problems.add(self.line_of(*path), f"{field.name} {wrong}", remedy)
        return read


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind)


def _faults(value: Any, required: bool) -> list[tuple[str, str]]:
    """What is wrong with a value whatever its meaning: nothing to show, or nothing that should be shown."""
    if isinstance(value, str):
        if bad := hidden(value):
            return [(f"holds a character that can not be shown ({bad})", "take it out, or write it in words")]
        if required and not value.strip():
            return [("is empty", "write it, it will be shown")]
    elif isinstance(value, int) and abs(value) >= 2**63:
        return [("is beyond what TOML's whole numbers can be", "write a smaller number")]
    elif isinstance(value, float) and not math.isfinite(value):
        return [(f"can not be {value}", "write a finite number")]
    elif isinstance(value, list):
        return [fault for one in value for fault in _faults(one, True)][:1]
    elif isinstance(value, dict):
        return [fault for name, one in value.items() for fault in (*_faults(name, True), *_faults(one, False))][:1]
    return []


def decoded(content: bytes, problems: Problems) -> str | None:
    """A file's text with the line ends that TOML and markdown expect, or None and a problem where it is none."""
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.add(line, f"byte {error.object[error.start]:#04x} is not UTF-8", "save the file as UTF-8")
        return None


def hidden(text: str) -> str:
    """The code of the first character that a terminal would not show as one, or nothing."""
    if text.isprintable() or text.replace("\n", "").isprintable():  # the whole text at once: it is read at every start
        return ""
    return next((f"U+{ord(c):04X}" for c in text if not c.isprintable() and c != "\n"), "")


def _places(text: str, first: int) -> dict[Path, int]:
    """Where the keys and tables of a TOML text stand: their paths, and their lines (the text begins on `first`)."""
    places: dict[Path, int] = {}
    prefix: Path = ()
    counts: dict[Path, int] = {}
    inside = ""
    for line, content in enumerate(text.split("\n"), first):
        if inside:
            inside = "" if content.count(inside) % 2 else inside
            continue
        if "[" in content and (header := _HEADER.fullmatch(content)):
            prefix = tuple(part.strip(" \"'") for part in header[2].split("."))
            if header[1] == "[[":
                places.setdefault(prefix, line)
                counts[prefix] = counts.get(prefix, -1) + 1
                prefix = (*prefix, counts[prefix])
            places.setdefault(prefix, line)
        elif key := _KEY.match(content):
            places.setdefault((*prefix, key[1].strip("\"'")), line)
        inside = next((mark for mark in ('"""', "'''") if content.count(mark) % 2), "")
    return places


def _type_name(kind: Any) -> str:
    if kind in (str, int, float):
        return str(kind.__name__)
    text = str(kind)
    return {"float | None": "float", "int | None": "int"}.get(text, text)


def _value_name(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, (int, float)) and abs(value) < 1e15:
        return str(value)
    return "a table" if isinstance(value, dict) else "this list" if isinstance(value, list) else "this value"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
