"""What goes on in a recurrent layer while it reads a text, as plain values: what the lab says and panes show."""

from functools import cached_property

import msgspec

VIEWS = {
    "rnn": ("state",),
    "gru": ("state", "reset", "update", "candidate"),
    "lstm": ("state", "cell", "input", "forget", "output", "candidate"),
}
GATES = ("reset", "update", "input", "forget", "output")  # 0, shut, to 1, open; the others have two signs
STEPS = 32767  # of a value between nought and the largest of its view


class View(msgspec.Struct, frozen=True, dict=True):
    """One view of a layer: `values` are 16-bit integers, a row of characters for each unit, in units of `largest` /
    32,767; `means` are taken over all units at each character, of the sizes where there are two signs."""

    largest: float
    values: bytes
    means: list[float]

    @cached_property
    def numbers(self) -> memoryview:
        """The integers."""
        return memoryview(self.values).cast("h")

    def at(self, unit: int, character: int) -> float:
        """The value of a unit, from 0, at a character, from 0, to within `largest` / 65,534."""
        return self.numbers[unit * len(self.means) + character] / STEPS * self.largest


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A layer's views after each character of a text.

    `source` and `step` are those of the network; `layer`, from 1, is one of `layers`; of `units` the first `told` are
    told of, `order` names these from the one whose state changes most to the one that changes least. `begins` are the
    places, from 0, at which the state begins anew; `unknown` are characters without a number.
    """

    source: str
    step: int
    kind: str
    layer: int
    layers: int
    units: int
    told: int
    length: int
    begins: list[int]
    unknown: str
    order: list[int]
    views: dict[str, View]


class Term(msgspec.Struct, frozen=True, array_like=True):
    """One product of a sum: the place in the vector, from 0, the weight and the number it is multiplied by."""

    place: int
    weight: float
    number: float


class Weighted(msgspec.Struct, frozen=True):
    """A row of a matrix times a vector, plus a bias. `terms` are the largest products, the largest first; `others` is
    what the remaining ones add up to, `many` how many there are in all."""

    total: float
    bias: float
    terms: list[Term]
    others: float
    many: int


class Part(msgspec.Struct, frozen=True):
    """A gate, a candidate, or the plain cell's new state: what comes from the input and from the state before, their
    sum (a GRU's reset gate multiplies the second first, where it is a candidate), and what is made of that."""

    name: str
    input: Weighted
    hidden: Weighted
    sum: float
    value: float


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """All that one unit, from 0, of a layer does at one character, from 0, of a text.

    `before` and `value` are its state before and after, `cell_before` and `cell` an LSTM's cell state (0 without one);
    `course` is its state after each character. The rest is as in `Layer`.
    """

    source: str
    step: int
    kind: str
    layer: int
    layers: int
    units: int
    unit: int
    character: int
    begins: list[int]
    unknown: str
    before: float
    value: float
    cell_before: float
    cell: float
    parts: list[Part]
    course: list[float]

    def part(self, name: str) -> Part:
        """The part of that name."""
        return next(part for part in self.parts if part.name == name)
