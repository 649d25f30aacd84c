"""How a network is surprised by a text: the lab's part."""

import math

import torch
from torch import Tensor, nn

from fastai_tui.engine.data.vocabulary import PADDING, SPECIALS, Vocabulary
from fastai_tui.engine.errors import BadInput, RunFailed
from fastai_tui.engine.expectations import LONGEST, Expected, Foreseen, Guess, Surprise
from fastai_tui.engine.interpret.text_model import text_model
from fastai_tui.engine.sampling import LINE_END, Reader

TOP = 10  # characters told for a place
MOST_TOLD = 100
NO_TEXT = SPECIALS.index(PADDING)


def answer(source: str, text: str, top: int = TOP) -> Surprise:
    """What the network of a run, or an embedded one, expects at every character of a text, and how surprised it is by
    the one that is there; the `top` likeliest are told. A lab request.

    Raises `BadInput` for a text or a number out of bounds, and what `text_model` raises.
    """
    if not 1 <= top <= MOST_TOLD:
        raise BadInput(f"{top} characters for a place are out of bounds; give a whole number from 1 to {MOST_TOLD}.")
    model = text_model(source)
    tokens = encoded(model.vocabulary, text)
    expected = expectations(model.network, tokens, model.window)
    told = [_expected(model.vocabulary, row, top) for row in expected]
    return Surprise(
        characters=[
            _foreseen(model.vocabulary, row, token, each)
            for row, token, each in zip(expected, tokens, told[:-1], strict=False)
        ],
        next=told[-1],
        vocabulary=len(model.vocabulary),
        unknown=model.vocabulary.unknown(text),
        source=model.name,
        step=model.step,
        network=type(model.network).__name__,
    )


@torch.no_grad()
def expectations(network: nn.Module, tokens: list[int], window: int = 0) -> Tensor:
    """The logarithms of all probabilities at every token and after the last one: (length + 1, vocabulary), float64.

    The text is read as the beginning of a line: the first token is expected after a line's end. Nothing is left out,
    so that the mean surprise is the loss that training has. Raises `RunFailed` where a network gives no numbers.
    """
    reader = Reader(network, window)
    return log_probabilities(torch.stack([reader.read(token) for token in (LINE_END, *tokens)]))


def log_probabilities(logits: Tensor) -> Tensor:
    """The logarithm of the softmax over the last axis, in float64. Raises `RunFailed` for what is no number."""
    if not bool(logits.isfinite().all()):
        raise RunFailed("The network gives no numbers any more, because it diverged: it expects nothing.")
    return logits.double().log_softmax(-1)


def encoded(vocabulary: Vocabulary, text: str) -> list[int]:
    """A text's tokens. Raises `BadInput` for one that is too long to be looked at."""
    if len(text) > LONGEST:
        raise BadInput(f"The text has {len(text):,} characters; give at most {LONGEST:,}.")
    return vocabulary.encode(text)


def _foreseen(vocabulary: Vocabulary, row: Tensor, token: int, expected: Expected) -> Foreseen:
    rank = 1 + int((row > row[token]).sum())
    return Foreseen(vocabulary.decode([token]), -float(row[token]), rank, expected)


def _expected(vocabulary: Vocabulary, row: Tensor, top: int) -> Expected:
    """The likeliest characters at a place; padding is none."""
    order = [i for i in row.argsort(descending=True, stable=True)[: top + 1].tolist() if i != NO_TEXT][:top]
    return Expected(
        entropy=-float((row.exp() * row).sum()),
        top=[Guess(vocabulary.decode([i]), math.exp(float(row[i]))) for i in order],
    )
