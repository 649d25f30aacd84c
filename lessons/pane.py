"""What a kind of pane is to the lessons: a declaration, so that chapters can be checked without any screen."""

from typing import Literal

import msgspec

OptionKind = Literal["picture", "kernel", "kernels", "cell", "number", "word"]
MeasureKind = Literal["number", "place", "word"]


class Pane(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of pane. `options` may stand in a step's `show`, `measures` in its goals; `trains` asks for a [run]."""

    about: str
    options: dict[str, OptionKind] = {}
    knobs: tuple[str, ...] = ()
    measures: dict[str, MeasureKind] = {}
    trains: bool = False
