"""The vocabulary of a text: which characters have a number, and which number. The only module that knows torchtext.

torchtext 0.6 is what the course uses: a `Field` lower-cases and splits what is given to it, counts, and numbers what
occurs often enough, the most frequent first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from fastai_tui.engine.errors import BadInput

UNKNOWN, PADDING, END = "<unk>", "<pad>", "<eos>"
SPECIALS = (UNKNOWN, PADDING, END)  # torchtext numbers them 0, 1 and 2
SHOWN = "\N{REPLACEMENT CHARACTER}"  # for what has no character of its own


@dataclass(frozen=True)
class Vocabulary:
    """Tokens by number: `<unk>`, `<pad>`, `<eos>` (the line's end), then lower-case characters, the commonest first."""

    itos: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.itos)

    @cached_property
    def stoi(self) -> dict[str, int]:
        """Numbers by token."""
        return {token: number for number, token in enumerate(self.itos)}

    def encode(self, text: Iterable[str]) -> list[int]:
        """The numbers of characters (a short text's, say); 0 for those that have none."""
        return [self.stoi.get(token_of(character), 0) for character in text]

    def decode(self, numbers: Iterable[int]) -> str:
        """The text that numbers stand for; unknown characters and padding are shown as one sign."""
        shown = {0: SHOWN, 1: SHOWN, 2: "\n"}
        return "".join(shown.get(number) or self.itos[number] for number in numbers)

    def unknown(self, text: str) -> str:
        """Those characters of a text, each once, that have no number."""
        return "".join(dict.fromkeys(c for c, number in zip(text, self.encode(text), strict=True) if not number))


def token_of(character: str) -> str:
    """The token of one character: itself in lower case, and `<eos>` for a line's end."""
    return END if character == "\n" else character.lower()


def numbered(counts: Mapping[str, int], min_freq: int, where: str) -> Vocabulary:
    """The vocabulary of a text in which each character occurs as often as `counts` says: those tokens that occur at
    least `min_freq` times. Raises `BadInput`, naming `where`, if none does."""
    from torchtext.data import Field

    field = Field(lower=True, tokenize=list, unk_token=UNKNOWN, pad_token=PADDING, eos_token=END)
    tokens: dict[str, int] = {}
    for character, count in counts.items():
        for token in field.preprocess(character):  # torchtext takes line ends off
            tokens[token] = tokens.get(token, 0) + count
    field.build_vocab([tokens], min_freq=min_freq)
    found = Vocabulary(tuple(field.vocab.itos))
    if len(found) == len(SPECIALS):
        raise BadInput(f"No character occurs {min_freq} times in {where}: give more text, or a smaller min_freq.")
    return found


def smallest(values: int) -> str:
    """The smallest integers of torch, as numpy names them, that can tell so many values apart."""
    return "u1" if values <= 256 else "i2" if values <= 32_768 else "i4"
