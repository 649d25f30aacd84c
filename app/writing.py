"""A text as it is being written, for whoever shows it: plain values, what is measured of it, and how they are said."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from fastai_tui.engine.manner import Character, Choice, Manner, Piece, repeats

EMBEDDED = "pydocs"  # the embedded text, and the model that has learnt it
SIGNS = {"\n": "⏎", " ": "␣", "\t": "⇥"}  # for characters that are not seen by themselves


@dataclass(frozen=True)
class Writing:
    """A `prompt` and what a network has written after it. `next` is what may follow, once the lab has said so; `run`
    the run's id, or the embedded model's name, and `step` the batches that it was trained on."""

    prompt: str = ""
    characters: tuple[Character, ...] = ()
    next: tuple[Choice, ...] = ()
    unknown: str = ""
    run: str = ""
    step: int = 0

    @property
    def text(self) -> str:
        """What was written, without the prompt."""
        return "".join(character.text for character in self.characters)

    @property
    def numbers(self) -> list[int]:
        """The same as the lab takes it."""
        return [character.number for character in self.characters]

    @property
    def repeats(self) -> float:
        """The share of its 20-grams that it had held before."""
        return repeats(self.text)

    @property
    def surprise(self) -> float:
        """The mean of −ln p of what was written, in nats."""
        count = len(self.characters)
        return sum(character.nats for character in self.characters) / count if count else 0.0

    def grown(self, piece: Piece) -> "Writing":
        """With a piece after it."""
        return replace(
            self,
            characters=(*self.characters, *piece.characters),
            next=tuple(piece.next),
            unknown=piece.unknown,
            run=piece.source,
            step=piece.step,
        )

    def shorter(self) -> "Writing":
        """Without its last character; what could have come there is known."""
        if not self.characters:
            return self
        return replace(self, characters=self.characters[:-1], next=tuple(self.characters[-1].top))


def piece(answer: object) -> Piece:
    """The lab's answer to `write`."""
    return msgspec.convert(answer, Piece)


def sign(character: str) -> str:
    """A character so that it is seen."""
    return SIGNS.get(character, character if character.isprintable() else "?")


def read_as_unknown(unknown: str) -> str:
    """A sentence about the characters of a prompt that the network does not know; none if it knows all."""
    if not unknown:
        return ""
    named = " ".join(sign(character) for character in unknown[:20])
    they, them = ("is", "it") if len(unknown) == 1 else ("are", "them")
    return f"{named} {they} not in the vocabulary: the network reads {them} as <unk>."


def _exactly(value: float) -> str:
    """A number so that it is read as the same: another temperature would be another text."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def arguments(source: str, prompt: str, length: int, manner: Manner) -> Sequence[str]:
    """The arguments of the command that writes the same text."""
    chosen = [f"--temperature={_exactly(manner.temperature)}"] if not manner.greedy and manner.temperature != 1 else []
    chosen += [f"--top-k={manner.top_k}"] if manner.top_k and not manner.greedy else []
    chosen += ["--greedy"] if manner.greedy else [f"--seed={manner.seed}"]
    return ["sample", source, f"--prompt={prompt}", f"--length={length}", *chosen]
