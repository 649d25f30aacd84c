"""All that is to be seen of two poolings of one grid, in words and numbers; what is to be predicted first, veiled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from fastai_tui.engine.pooling import Pooling, Window, pooled

Kind = Literal["adaptive", "ordinary"]
KINDS: tuple[Kind, Kind] = ("adaptive", "ordinary")
# What tells of the one, or of the other, and is not to be seen while it is to be predicted
TELLING: dict[Kind, frozenset[str]] = {
    "adaptive": frozenset({"smallest", "largest", "overlap", "possible"}),
    "ordinary": frozenset({"ordinary", "agree", "left", "same"}),
}
VALUES: dict[Kind, str] = {"adaptive": "value", "ordinary": "value_ordinary"}


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: both poolings of `grid`, the output that the cursor is `at`, the kind whose windows are
    marked where there is room for one, the channels of the head."""

    pooling: Pooling
    grid: Sequence[Sequence[int]]
    at: tuple[int, int] = (0, 0)
    which: Kind = "adaptive"
    channels: int = 80
    hidden: frozenset[str] = frozenset()

    def windows(self, kind: Kind) -> list[Window]:
        """Along an axis."""
        return self.pooling.adaptive if kind == "adaptive" else self.pooling.ordinary

    @cached_property
    def values(self) -> dict[Kind, list[list[int]]]:
        """What each gives."""
        return {kind: pooled(self.grid, self.windows(kind)) for kind in KINDS}

    def secret(self, kind: Kind) -> bool:
        """Is what a kind does to be predicted first?"""
        return bool(TELLING[kind] & self.hidden)

    def veiled(self, kind: Kind) -> bool:
        """Are its values?"""
        return self.secret(kind) or bool({VALUES[kind], "same"} & self.hidden)

    def value(self, kind: Kind) -> int | None:
        """What it gives at the cursor, if it has an output there."""
        return self.values[kind][self.at[0]][self.at[1]] if max(self.at) < len(self.values[kind]) else None

    @property
    def same(self) -> int:
        """Values that are equal, place by place."""
        both = zip(*self.values.values(), strict=False)
        return sum(a == b for one, other in both for a, b in zip(one, other, strict=False))

    @property
    def flat(self) -> int:
        """Numbers for each image after `view(bs, -1)`."""
        return self.channels * self.pooling.output**2

    def side(self, kind: Kind) -> str:
        """`14×14`"""
        count = len(self.windows(kind))
        return "?" if self.secret(kind) and kind == "ordinary" else f"{count}×{count}"

    def name(self, kind: Kind) -> str:
        """A kind with its numbers."""
        if kind == "adaptive":
            return f"adaptive({self.pooling.output})"
        return f"kernel {self.pooling.kernel_size}, stride {self.pooling.stride}"

    def marks(self, kind: Kind) -> dict[tuple[int, int], float]:
        """The cells that it takes for the output at the cursor."""
        windows = self.windows(kind)
        if self.secret(kind) or max(self.at) >= len(windows):
            return {}
        rows, columns = (range(*windows[index]) for index in self.at)
        return {(row, column): 0.55 for row in rows for column in columns}

    def taken(self, kind: Kind) -> tuple[str, str, str]:
        """Rows, columns and the largest value at the cursor, in words."""
        windows, value = self.windows(kind), self.value(kind)
        if value is None or self.secret(kind):
            word = "?" if self.secret(kind) else "none"
            return word, word, word
        rows, columns = (_span(windows[index]) for index in self.at)
        return rows, columns, "?" if self.veiled(kind) else str(value)

    def said(self, kind: Kind, *, short: bool = False) -> tuple[str, str]:
        """What it takes at the cursor, and the largest value there."""
        if self.value(kind) is None and not self.secret(kind):
            return f"{kind}: no such output", ""
        rows, columns, value = self.taken(kind)
        return (f"{kind} {rows} × {columns}: max " if short else f"{kind}: rows {rows}, columns {columns}: max "), value

    @property
    def verdict(self) -> str:
        """Whether they agree."""
        pooling = self.pooling
        if self.secret("ordinary"):
            return "Do they take the same cells?"
        if not pooling.ordinary:
            return f"A window of {pooling.kernel_size} is larger than the grid."
        if pooling.agree:
            return "They agree: the same cells."
        if not pooling.possible and not self.secret("adaptive"):
            return "They differ; no kernel and stride do it."
        if len(pooling.ordinary) != pooling.output:
            return f"They differ: {self.side('adaptive')} and {self.side('ordinary')}."
        equal = sum(a == b for a, b in zip(pooling.adaptive, pooling.ordinary, strict=True))
        return f"They differ: {equal} of {pooling.output} windows alike."

    @property
    def notes(self) -> Iterator[str]:
        """What else is worth saying, the most important first."""
        pooling = self.pooling
        if not self.secret("adaptive"):
            sides = sorted(set(pooling.sides))
            if not pooling.possible:
                why = f"of {sides[0]} and {sides[-1]} cells" if len(sides) > 1 else "unevenly apart"
                yield f"Adaptive windows are {why}."
            if pooling.overlap:
                yield f"Neighbouring adaptive windows overlap by up to {pooling.overlap}."
        if pooling.left and pooling.ordinary and not self.secret("ordinary"):
            yield f"Ordinary windows leave {pooling.left} of {pooling.size} rows out."
        if not (self.veiled("adaptive") or self.veiled("ordinary")) and not pooling.agree and pooling.ordinary:
            yield f"{self.same} of {pooling.output**2} values are equal all the same."


def _span(window: Window) -> str:
    return f"{window[0]}–{window[1] - 1}" if window[1] - window[0] > 1 else f"{window[0]}"
