"""How a text is to be written, and what is told of every character: plain values, so that any process can hold them."""

import math

import msgspec

from fastai_tui.engine.errors import BadInput

HOTTEST, MOST_KEPT, MOST_SEED, LONGEST = 100.0, 1_000_000, 2**32 - 1, 1_000_000
GRAM = 20  # characters in a row that count as a repetition


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How the next character is chosen from the network's probabilities.

    They are sharpened (`temperature` below 1) or flattened (above), and but the `top_k` likeliest are left out (0: none
    are); then one is drawn, by the random numbers of `seed`. `greedy`, temperature 0 and top_k 1 are the same: always
    the likeliest.
    """

    temperature: float = 1.0
    top_k: int = 0
    greedy: bool = False
    seed: int = 42

    @property
    def takes_best(self) -> bool:
        """Is nothing left to chance?"""
        return self.greedy or self.temperature == 0 or self.top_k == 1

    def checked(self) -> "Manner":
        """Itself. Raises `BadInput` for what makes no sense."""
        if not (math.isfinite(self.temperature) and 0 <= self.temperature <= HOTTEST):
            raise BadInput(
                f"The temperature {self.temperature:g} is out of bounds; give a number from 0 to {HOTTEST:g}."
            )
        if not 0 <= self.top_k <= MOST_KEPT:
            raise BadInput(
                f"The number of characters to choose among, {self.top_k}, is out of bounds; give a whole number from 1 "
                "on, or 0 for all."
            )
        if not 0 <= self.seed <= MOST_SEED:
            raise BadInput(f"The seed {self.seed} is out of bounds; give a whole number from 0 to {MOST_SEED}.")
        return self


class Choice(msgspec.Struct, frozen=True):
    """A character that may come next: the network's probability for it, `p`, and that which it is drawn with, `q`."""

    text: str
    p: float
    q: float


class Character(msgspec.Struct, frozen=True):
    """A character that was written: its number in the vocabulary, the surprise in nats (−ln p), and the likeliest
    choices that there were."""

    number: int
    text: str
    nats: float
    top: list[Choice]


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Some more characters of a text, and the likeliest choices for the one after them.

    `source` is the run's id, or the embedded model's name; `step` the batches that its weights were trained on (0 for
    an embedded model). `unknown` holds the characters of the prompt that the network has never seen, each once.
    """

    characters: list[Character]
    next: list[Choice]
    unknown: str
    source: str
    step: int


def repeats(text: str) -> float:
    """The share of a text's 20-grams that it had already held before: near 1 for one that goes round in circles."""
    grams = [text[i : i + GRAM] for i in range(len(text) - GRAM + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
