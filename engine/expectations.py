"""What a network expects at every character of a text, and how far back characters have a say in it: plain values, so
that any process can hold them, and what is read off them.

The influence of a character is the length of the gradient of ln p, the prediction at a place, with regard to that
character's embedding: by how much the prediction would change if the network read something a little different there.
"""

import math
from collections.abc import Sequence

import msgspec

LONGEST = 2000  # characters of a text that is looked at
MOST = 0.9  # the share of all influence that the reach holds
FAINT = 0.01  # of the strongest influence: what is weaker is as good as none
PLACES = 16  # of a text that a mean is taken over


class Guess(msgspec.Struct, frozen=True):
    """A character that may come, and its probability."""

    text: str
    p: float


class Expected(msgspec.Struct, frozen=True):
    """What may come at a place: the likeliest characters, and the entropy (nats) of all of them."""

    entropy: float
    top: list[Guess]


class Foreseen(msgspec.Struct, frozen=True):
    """A character of the text, as the network reads it: the surprise in nats (−ln p), its rank among all that might
    have come (1: it was the likeliest), and what was expected."""

    text: str
    nats: float
    rank: int
    expected: Expected


class Surprise(msgspec.Struct, frozen=True, kw_only=True):
    """A text, character by character, and what is expected after it.

    `vocabulary` counts the characters that the network knows; `unknown` are those of the text that it does not, each
    once. `source` is the run's id, or the embedded model's name; `step` the batches that its weights were trained on (0
    for an embedded model); `network` the class of the network.
    """

    characters: list[Foreseen]
    next: Expected
    vocabulary: int
    unknown: str
    source: str
    step: int
    network: str

    @property
    def mean(self) -> float:
        """Nats for each character of the text; 0 for an empty one."""
        count = len(self.characters)
        return sum(character.nats for character in self.characters) / count if count else 0.0

    @property
    def ignorance(self) -> float:
        """Nats for each character of whoever knows nothing: all are equally likely."""
        return math.log(self.vocabulary)

    @property
    def worst(self) -> int:
        """The place of the most surprising character; 0 in an empty text."""
        return next(iter(surprising(self)), 0)

    def expected(self, place: int) -> Expected:
        """What is expected at a place, of which the last is after the text."""
        return self.characters[place].expected if place < len(self.characters) else self.next


def surprising(found: Surprise) -> Sequence[int]:
    """The places of a text's characters, the most surprising first."""
    return sorted(range(len(found.characters)), key=lambda i: -found.characters[i].nats)


# Influence


class Influence(msgspec.Struct, frozen=True, kw_only=True):
    """The influence on the predictions at some `places` of a text.

    `norms` has for each place the influence of every character before it, the nearest first; `targets` the characters
    whose probabilities (`chances`) are the predictions. `window` says how many characters the network is given, 0 if it
    carries a state; the rest as in `Surprise`.
    """

    places: list[int]
    norms: list[list[float]]
    targets: list[str]
    chances: list[float]
    window: int
    unknown: str
    source: str
    step: int
    network: str


def shares(norms: Sequence[float]) -> list[float]:
    """Each one's share of all influence; none where there is none."""
    total = sum(norms)
    return [norm / total for norm in norms] if total else [0.0] * len(norms)


def reach(norms: Sequence[float], most: float = MOST) -> int:
    """How many characters, counted from the nearest, hold the share `most` of all influence; 0 where there is none."""
    total, sum_ = sum(norms), 0.0
    for back, norm in enumerate(norms, 1):
        sum_ += norm
        if total and sum_ >= most * total:
            return back
    return 0


def farthest(norms: Sequence[float]) -> int:
    """How many characters back the farthest influence comes from that is not faint; 0 where there is none."""
    strongest = max(norms, default=0.0)
    return max((back for back, norm in enumerate(norms, 1) if strongest and norm >= FAINT * strongest), default=0)


def mean_places(length: int) -> list[int]:
    """Places all over the second half of a text, so that there is text before each of them; its end if it is short."""
    half = max((length + 1) // 2, 1)
    count = min(PLACES, max(length - half, 0))
    return [half + i * (length - half) // count for i in range(count)] or [length]


def mean(found: Influence) -> list[float]:
    """The mean share of influence by distance, as far back as there is text before each of the places."""
    depth = min((len(norms) for norms in found.norms), default=0)
    each = [shares(norms[:depth]) for norms in found.norms]
    return [sum(row[back] for row in each) / len(each) for back in range(depth)]


def strength(norm: float, strongest: float, decades: float) -> float:
    """Where an influence lies, 0 to 1, on a logarithmic scale that ends so many powers of ten below the strongest."""
    if norm <= 0 or strongest <= 0:
        return 0.0
    return max(1 + math.log10(norm / strongest) / decades, 0.0)
