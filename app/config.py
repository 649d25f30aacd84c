"""What the user has chosen: `config.toml`, read with care and never overwritten when it could not be understood.

What is written by hand and unknown here (or to come in a later version) is kept when a choice is changed; comments are
not, for TOML writers do not keep them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from fastai_tui.engine.errors import BadInput, DiskTrouble
from fastai_tui.engine.home import home, private_dir, writable, write_whole

VERSION = 1
LARGEST_FILE = 1024 * 1024
LINKS = ("auto", "on", "off")
Link = Literal["auto", "on", "off"]


@dataclass(frozen=True)
class Config:
    """The choices. `theme` "" means what suits the terminal; `bell` rings when a run of at least `bell_after` seconds
    ends; `link` says when only changed cells are sent; `prose_width` in cells is for wide terminals, 0 for half."""

    theme: str = ""
    bell: bool = False
    bell_after: int = 60
    link: Link = "auto"
    prose_width: int = 0
    others: Mapping[str, Any] = field(default_factory=dict, compare=False)


# Key → (is the value one it may have?, what it may be in words)
_ALLOWED: dict[str, tuple[type, str]] = {
    "theme": (str, "a theme's name"),
    "bell": (bool, "true or false"),
    "bell_after": (int, "seconds from 0 to 86400"),
    "link": (str, "auto, on or off"),
    "prose_width": (int, "cells from 0 to 200"),
}
_TOP = {"bell_after": 86_400, "prose_width": 200}


def path() -> Path:
    """Where it is kept."""
    return home() / "config.toml"


def read() -> tuple[Config, str]:
    """The choices, and a sentence about what could not be read or kept (then the rest is as if nothing was chosen)."""
    place = path()
    try:
        config, trouble = _decoded(_content(place), place)
    except FileNotFoundError:
        return Config(), ""
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        return Config(), f"{place} can not be read ({why}): the defaults are used, and it is left as it is."
    except BadInput as error:
        return Config(), str(error)
    if not trouble and not writable(place):
        trouble = f"{place} is read-only: what you choose now is not kept; make it writable (chmod u+w) to go on."
    return config, trouble


def update(**changes: Any) -> Config:
    """Change choices and keep them, at once and whole. Raises `BadInput` for a value that makes no sense, `DiskTrouble`
    where the file must not or can not be changed."""
    config, trouble = read()
    if trouble:
        raise DiskTrouble(trouble)
    for key, value in changes.items():
        if not _fits(key, value):
            raise BadInput(f"{key} can not be {value!r}: give {_ALLOWED[key][1]}.")
    changed = replace(config, **changes)
    private_dir(home())
    write_whole(path().resolve(), encode(changed))
    return changed


def encode(config: Config) -> bytes:
    """The choices as TOML; what is as it would be anyway is left out."""
    import tomli_w

    usual = Config()
    chosen = {key: getattr(config, key) for key in _ALLOWED if getattr(config, key) != getattr(usual, key)}
    return tomli_w.dumps({"version": VERSION, **chosen, **config.others}).encode()


def _decoded(content: bytes, place: Path) -> tuple[Config, str]:
    import tomllib

    left = "the defaults are used, and it is left as it is"
    if not content.strip():
        raise BadInput(f"{place} is empty: {left}; delete it to begin anew.")
    try:
        values = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{place} is damaged ({_short(error)}): {left}; put it right, or delete it.") from error
    version = values.pop("version", VERSION)
    if type(version) is not int or version > VERSION:
        raise BadInput(f"{place} is from a newer version of fastai-tui (format {version}, here {VERSION}): {left}.")
    known = {key: value for key, value in values.items() if key in _ALLOWED}
    good = {key: value for key, value in known.items() if _fits(key, value)}
    others = {key: value for key, value in values.items() if key not in _ALLOWED}
    config = Config(**good, others=others)
    if bad := next((key for key in known if key not in good), ""):
        return config, f"{place}: {bad} has to be {_ALLOWED[bad][1]}; its default is used, and the file left as it is."
    return config, ""


def _fits(key: str, value: object) -> bool:
    if type(value) is not _ALLOWED[key][0]:  # True is an int, but no number of seconds
        return False
    if isinstance(value, int) and not 0 <= value <= _TOP.get(key, 1):
        return False
    return key != "link" or value in LINKS


def _content(place: Path) -> bytes:
    if not place.exists():
        raise FileNotFoundError(place)
    if not place.is_file():
        raise BadInput(f"{place} is no file: the defaults are used; move it away to have your choices kept.")
    with place.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise BadInput(f"{place} is larger than any list of choices: the defaults are used; move it away.")
    return content


def _short(error: Exception) -> str:
    text = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())
    return text[:1].lower() + text[1:100]
