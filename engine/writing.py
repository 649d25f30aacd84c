"""The lab's part in writing: some more characters of a text at a time, however often it is taken back and changed."""

import math
import time
from functools import lru_cache
from typing import Any

import msgspec
from torch import Tensor

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.text_model import TextModel, text_model
from fastai_tui.engine.manner import LONGEST, Character, Choice, Manner, Piece
from fastai_tui.engine.sampling import Dice, Place, Reader, distribution, drawn

LOOK = 0.15  # seconds of writing for one request: long enough to be worth asking, short enough to be live
KEPT = 4096  # places in the text that going back to is free: some megabytes for an LSTM of 512×2
TOP = 10  # choices told for a character


class _Held:
    """The one text of the lab process: what was read of it, and where the reader was after each character."""

    def __init__(self, model: TextModel) -> None:
        self.model, self.reader = model, Reader(model.network, model.window)
        self.empty = self.reader.place
        self.tokens: list[int] = []
        self.places: list[Place] = []  # after each of the last tokens

    def go_to(self, tokens: list[int]) -> None:
        """Have read just these tokens. What was read before is not read again, as far as it is the same."""
        same = next((i for i, (a, b) in enumerate(zip(self.tokens, tokens, strict=False)) if a != b), None)
        same = min(len(self.tokens), len(tokens)) if same is None else same
        forgotten = len(self.tokens) - len(self.places)
        if same <= forgotten:
            same = forgotten = 0
            self.places = []
        del self.tokens[same:], self.places[same - forgotten :]
        self.reader.place = self.places[-1] if self.places else self.empty
        for token in tokens[same:]:
            self.read(token)

    def read(self, token: int) -> None:
        """Read one more."""
        self.reader.read(token)
        self.tokens.append(token)
        self.places.append(self.reader.place)
        if len(self.places) > KEPT:
            del self.places[: KEPT // 2]


_held: list[_Held] = []  # at most one


def answer(source: str, prompt: str, written: list[int], length: int, manner: dict[str, Any], top: int = TOP) -> Piece:
    """Go on with a text by at most `length` characters, as many as a moment allows, one at least (0: none, only what
    could come next). `written` are the numbers of the characters that came after `prompt` so far. A lab request.

    Raises `BadInput` for a manner or a length out of bounds, and what `text_model` raises.
    """
    how = msgspec.convert(manner, Manner).checked()
    if not 0 <= length <= LONGEST:
        raise BadInput(f"{length} characters are out of bounds; give a whole number from 1 to {LONGEST:,}.")
    held = _taken(text_model(source))
    vocabulary = held.model.vocabulary
    begin = vocabulary.encode(prompt) or vocabulary.encode("\n")
    if not all(0 <= number < len(vocabulary) for number in written):
        raise BadInput("The text so far was written with another vocabulary; begin anew.")
    held.go_to([*begin, *written])
    characters: list[Character] = []
    until = time.monotonic() + LOOK
    while len(characters) < length and (not characters or time.monotonic() < until):
        place = len(written) + len(characters)
        characters.append(_next(held, how, _dice(how.seed)[place], top))
        held.read(characters[-1].number)
    _held.append(held)
    return Piece(
        characters=characters,
        next=_choices(held, *_chances(held, how), top),
        unknown=vocabulary.unknown(prompt),
        source=held.model.name,
        step=held.model.step,
    )


def _taken(model: TextModel) -> _Held:
    """The text that is held, if it is that model's; what fails in the middle is not gone on with."""
    held = _held.pop() if _held else None
    return held if held is not None and held.model is model else _Held(model)


@lru_cache(maxsize=4)
def _dice(seed: int) -> Dice:
    return Dice(seed)


def _next(held: _Held, manner: Manner, number: float, top: int) -> Character:
    """Choose one."""
    plain, chances = _chances(held, manner)
    token = drawn(chances, number)
    choices = _choices(held, plain, chances, top)
    return Character(token, held.model.vocabulary.decode([token]), -math.log(float(plain[token])), choices)


def _chances(held: _Held, manner: Manner) -> tuple[Tensor, Tensor]:
    """What the network itself says of the next character, and the probabilities that it is drawn with."""
    logits = held.reader.place.logits
    plain = distribution(logits, Manner())
    asked = manner.takes_best or manner.top_k or manner.temperature != 1
    return plain, distribution(logits, manner) if asked else plain


def _choices(held: _Held, plain: Tensor, chances: Tensor, top: int) -> list[Choice]:
    """The likeliest characters, as the network has them."""
    if not top:
        return []
    decode, order = held.model.vocabulary.decode, plain.argsort(descending=True, stable=True)[:top].tolist()
    return [Choice(decode([i]), float(plain[i]), float(chances[i])) for i in order if plain[i] > 0]
