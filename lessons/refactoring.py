"""What differs between one network's code and the next's: their classes as they stand in their files, read and not
imported, without their docstrings, for it is the code that is compared."""

import ast
import textwrap
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.settings import Value
from fastai_tui.lessons import sources
from fastai_tui.lessons.problems import shown

_LM, _STATE, _CELLS = "engine.models.char_lm:", "engine.models.char_state:", "engine.models.cells:"
_STATEFUL, _CELL = f"{_STATE}Stateful", f"{_CELLS}Cell"
# What there is to read of each network of `char-lm`: its own class last
NETWORKS: dict[str, tuple[str, ...]] = {
    "three": (f"{_LM}CharThree",),
    "loop": (f"{_LM}CharLoop",),
    "concat": (f"{_LM}CharLoopConcat",),
    "rnn": (f"{_LM}CharRnn",),
    "seq": (f"{_LM}CharSeqRnn",),
    "stateful": (_STATEFUL, f"{_STATE}CharStatefulRnn"),
    "cell": (_STATEFUL, _CELL, f"{_CELLS}RnnCell", f"{_STATE}CharCellRnn"),
    "gru": (_STATEFUL, f"{_STATE}CharGru"),
    "gru-by-hand": (_STATEFUL, _CELL, f"{_CELLS}GruCell", f"{_STATE}CharGruByHand"),
    "lstm": (_STATEFUL, f"{_STATE}CharLstm"),
    "lstm-by-hand": (_STATEFUL, _CELL, f"{_CELLS}LstmCell", f"{_STATE}CharLstmByHand"),
}
_CIFAR, _RESIDUAL, _FAST = "engine.models.cifar10:", "engine.models.residual:", "engine.models.cifar10_fast:"
_NORM = (f"{_CIFAR}NormLayer", "engine.models.batch_norm:BatchNormByHand", f"{_CIFAR}NormNet")
_SKIPS = (*_NORM, f"{_CIFAR}DeepNet", f"{_CIFAR}SkipLayer", f"{_CIFAR}SkipNet")
_BLOCKS = (f"{_RESIDUAL}conv3", f"{_RESIDUAL}Block", f"{_RESIDUAL}ResNet")
# The same of `cifar10`
LADDER: dict[str, tuple[str, ...]] = {
    "linear": (f"{_CIFAR}LinearNet",),
    "conv": (f"{_CIFAR}ConvNet",),
    "layers": (f"{_CIFAR}ConvLayer", f"{_CIFAR}LayerNet"),
    "norm": _NORM,
    "deep": (*_NORM, f"{_CIFAR}DeepNet"),
    "skips": _SKIPS,
    "wide": (*_SKIPS, f"{_CIFAR}WideNet"),
    "resnet": _BLOCKS,
    "preact": (*_BLOCKS, f"{_RESIDUAL}PreactBlock", f"{_RESIDUAL}PreactResNet"),
    "fast": (f"{_FAST}Group", f"{_FAST}FastNet"),
    "unlisted": (f"{_CIFAR}UnlistedNet",),
}
_HEAD = "engine.models.heads:"
# Heads for a pretrained network
HEADS: dict[str, tuple[str, ...]] = {
    "fastai-head": (f"{_HEAD}ConcatPool", f"{_HEAD}_three", f"{_HEAD}ConcatHead"),
    "cam-head": (f"{_HEAD}CamHead",),
}
_EVERY = NETWORKS | LADDER | HEADS
# What a run with one of them is asked for, where that is not the setting `model`
_ASKED: dict[str, dict[str, Value]] = {
    "fastai-head": {"head": "concat", "kernel": "3"},
    "cam-head": {"head": "cam", "kernel": "1"},
}


class Pair(NamedTuple):
    """A row of two texts side by side: the numbers (from 0) of the lines that stand there, None for a gap."""

    before: int | None
    after: int | None
    same: bool


class Refactoring(NamedTuple):
    """Two texts, line by line, and how they stand beside each other."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    pairs: tuple[Pair, ...]

    @property
    def added(self) -> int:
        """Lines that only the second has."""
        return sum(pair.after is not None for pair in self.pairs if not pair.same)

    @property
    def removed(self) -> int:
        """Lines that only the first has."""
        return sum(pair.before is not None for pair in self.pairs if not pair.same)

    @property
    def unified(self) -> "Refactoring":
        """The same in one column: of every change first what goes, then what comes."""
        rows: list[Pair] = []
        first = 0
        for i in [*(i for i, pair in enumerate(self.pairs) if pair.same), len(self.pairs)]:
            change = self.pairs[first:i]
            rows += [pair._replace(after=None) for pair in change if pair.before is not None]
            rows += [pair._replace(before=None) for pair in change if pair.after is not None]
            rows += self.pairs[i : i + 1]
            first = i + 1
        return self._replace(pairs=tuple(rows))


def family(*names: object) -> dict[str, tuple[str, ...]]:
    """The networks that can be set beside each other, of which these are the names: `LADDER`, `HEADS` or `NETWORKS`."""
    given = {name for name in names if isinstance(name, str)}
    return next((those for those in (LADDER, HEADS) if given & those.keys()), NETWORKS)


def settings_of(network: str) -> dict[str, Value]:
    """The settings by which a run has that network."""
    return _ASKED.get(network, {"model": network})


@lru_cache(maxsize=32)
def refactoring(before: str, after: str) -> Refactoring:
    """From one network of a family to another. Raises `BadInput` for a name that is no network."""
    return compared(code_of(before), code_of(after))


def compared(before: str, after: str) -> Refactoring:
    """From one text to another."""
    one, other = before.split("\n"), after.split("\n")
    pairs: list[Pair] = []
    for what, i, i_end, j, j_end in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        for at in range(max(i_end - i, j_end - j)):
            here, there = (i + at if i + at < i_end else None), (j + at if j + at < j_end else None)
            pairs.append(Pair(here, there, what == "equal"))
    return Refactoring(tuple(one), tuple(other), tuple(pairs))


def code_of(network: str) -> str:
    """The code of a network, without docstrings. Raises `BadInput` for a name that is no network."""
    return "\n\n".join(without_docstrings(sources.source(reference)) for reference in _references(network))


def about(network: str) -> str:
    """What its own class says of it, in one sentence. Raises `BadInput` for a name that is no network."""
    own = ast.parse(sources.source(_references(network)[-1])).body[0]
    words = " ".join(((isinstance(own, ast.ClassDef) and ast.get_docstring(own)) or "").replace("`", "").split())
    end = words.find(". ")
    return words if end < 0 else words[: end + 1]


def without_docstrings(code: str) -> str:
    """Code as it stands there but for its docstrings, and the empty lines after them."""
    return "\n".join(line for _, line in numbered(code))


def numbered(code: str, first: int = 1) -> list[tuple[int, str]]:
    """The same, line by line with the numbers that lines had, the first one's being `first`."""
    lines = code.split("\n")
    parts = [*_docstrings(ast.parse(textwrap.dedent(code)))]
    gone = {number for begin, end in parts for number in range(begin, end + 1)}
    gone |= {end + 1 for _, end in parts if end < len(lines) and not lines[end].strip()}
    return [(first - 1 + number, line) for number, line in enumerate(lines, 1) if number not in gone]


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """Their first and last lines; a docstring that is all there is stays."""
    for node in ast.walk(tree):
        if isinstance(node, sources.Definition) and ast.get_docstring(node) is not None and len(node.body) > 1:
            yield node.body[0].lineno, node.body[0].end_lineno or node.body[0].lineno


def _references(network: str) -> tuple[str, ...]:
    if network not in _EVERY:
        raise BadInput(f"There is no network {shown(network)}: take one of {', '.join(_EVERY)}.")
    return _EVERY[network]
