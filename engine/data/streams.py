"""Text as batches: many streams side by side, each going on where it stopped, or windows cut out of the text.

`StreamLoader` is for networks that carry a state from batch to batch: row i of a batch continues row i of the batch
before. `WindowLoader` is for those that begin anew with every window, which may therefore come in any order.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from fastai_tui.engine.data.batches import ALL, Data, Loader, Share
from fastai_tui.engine.data.image import permutation
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.events import DataFacts

if TYPE_CHECKING:
    from fastai_tui.engine.data.text import TextSet
    from fastai_tui.engine.data.vocabulary import Vocabulary

HALVED, SPREAD, SHORTEST = 0.05, 5.0, 5  # fast.ai's: how often bptt is halved, the deviation, the least length
MOST_WINDOWS = 1 << 24  # an epoch's order is kept in memory: 128 MB; a longer text has its windows further apart
VALID_BATCH = 512  # windows, or a batch of training if that is larger


class StreamLoader:
    """The text folded into `bs` parallel streams: batches of tokens (bs, length), and as targets the tokens that come
    next, flattened (bs · length).

    What is left over after the last whole column (the text's length modulo `bs`) is dropped. The lengths are drawn from
    the seed (`lengths`), and put into another order every epoch; without a seed each is `bptt`. The last is what is
    left. Every token but the first of each stream is a target exactly once in an epoch.
    """

    def __init__(self, tokens: Tensor, *, bs: int, bptt: int, seed: int | None = None) -> None:
        self.bs, self.seed = bs, seed
        self.streams = tokens[: len(tokens) // bs * bs].view(bs, -1)
        places = self.streams.shape[1] - 1
        self.lengths = lengths(places, bptt, seed) if seed is not None else _even(places, bptt)
        self.items, self.share = bs * places, ALL

    def __len__(self) -> int:
        return len(self.lengths)

    def cuts(self, epoch: int) -> list[int]:
        """Where the batches of an epoch begin within the streams, and where the last one ends."""
        order = slice(None) if self.seed is None else permutation(len(self), self.seed, epoch)
        return [0, *np.cumsum(self.lengths[order]).tolist()]

    def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of an epoch from the one numbered `start` on, in the order of the text."""
        cuts, streams = self.cuts(epoch), self.streams[self.share.of(0, self.bs)]
        for first, last in zip(cuts[start:], cuts[start + 1 :], strict=False):
            yield streams[:, first:last].long(), streams[:, first + 1 : last + 1].long().flatten()

    def shared(self, number: int, count: int) -> "StreamLoader":
        """The same with some of the streams."""
        found = copy(self)
        found.share = Share(number, count)
        return found


class WindowLoader:
    """Windows of `size` tokens, one every `stride` tokens, in batches (bs, size), and as targets the one token that
    follows (bs), or with `every` the one after each (bs · size).

    With a seed they are shuffled, and an incomplete last batch is left out; without one they come in order, and all of
    them do.
    """

    def __init__(
        self, tokens: Tensor, *, size: int, stride: int, bs: int, every: bool = False, seed: int | None = None
    ) -> None:
        self.stride = max(stride, -(-(len(tokens) - size) // MOST_WINDOWS))
        self.windows = tokens.unfold(0, size + 1, self.stride)
        self.bs, self.every, self.seed = bs, every, seed
        self.items, self.share = len(self.windows), ALL

    def __len__(self) -> int:
        return self.items // self.bs if self.seed is not None else -(-self.items // self.bs)

    def order(self, epoch: int) -> "np.ndarray":
        """The windows in the order of an epoch, by their numbers in the text: number i begins at i · `stride`."""
        return np.arange(self.items) if self.seed is None else permutation(self.items, self.seed, epoch)

    def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of an epoch from the one numbered `start` on."""
        order = self.order(epoch)
        for first in range(start * self.bs, len(self) * self.bs, self.bs):
            piece = order[self.share.of(first, self.bs)]
            rows = torch.from_numpy(piece).to(self.windows.device, non_blocking=True)
            found = self.windows[rows].long()
            yield found[:, :-1], found[:, 1:].flatten() if self.every else found[:, -1]

    def shared(self, number: int, count: int) -> "WindowLoader":
        """The same with a share of every batch."""
        found = copy(self)
        found.share = Share(number, count)
        return found


@dataclass(frozen=True)
class TextData(Data):
    """A text's loaders, the facts about it, and what its numbers mean."""

    vocabulary: "Vocabulary"


def lengths(places: int, bptt: int, seed: int) -> "np.ndarray":
    """The lengths of the batches that use up `places` places of each stream: `bptt`, or half of it 5 % of the time,
    plus a normal deviation of 5, at least 5; the last is what is left.

    After fast.ai's `LanguageModelLoader`, but drawn once, so that all epochs have as many batches."""
    random = np.random.default_rng([seed, bptt])
    most = -(-places // SHORTEST)
    base = np.where(random.random(most) < HALVED, bptt / 2, bptt)
    drawn = np.maximum(SHORTEST, random.normal(base, SPREAD).astype(np.int64))
    count = int(np.searchsorted(np.cumsum(drawn), places)) + 1
    drawn = drawn[:count]
    drawn[-1] -= int(drawn.sum()) - places
    return drawn


def _even(places: int, bptt: int) -> "np.ndarray":
    found = np.full(-(-places // bptt), bptt)
    found[-1] -= int(found.sum()) - places
    return found


def stream_data(found: "TextSet", *, bs: int, bptt: int, seed: int, device: torch.device) -> TextData:
    """The loaders for a network that carries its state; little text to validate is folded into fewer streams. Raises
    `BadInput` for a text that is too short for them."""
    _check(found, 2 * bs, 2, f"{bs} streams (bs={bs}) of two characters each")
    train, valid = _on(device, found)
    held = min(bs, max(1, len(valid) // (bptt + 1)))
    return _data(found, StreamLoader(train, bs=bs, bptt=bptt, seed=seed), StreamLoader(valid, bs=held, bptt=bptt))


def window_data(
    found: "TextSet", *, size: int, stride: int, bs: int, seed: int, device: torch.device, every: bool = False
) -> TextData:
    """The loaders for a network that begins anew with every window of `size` characters; windows to validate lie as
    those to train. Raises `BadInput` for a text that is too short for a batch of them."""
    _check(
        found, size + 1 + (bs - 1) * stride, size + 1, f"a batch of {bs} windows of {size} characters, {stride} apart"
    )
    train, valid = _on(device, found)
    return _data(
        found,
        WindowLoader(train, size=size, stride=stride, bs=bs, every=every, seed=seed),
        WindowLoader(valid, size=size, stride=stride, bs=max(bs, VALID_BATCH), every=every),
    )


def _check(found: "TextSet", least: int, least_valid: int, what: str) -> None:
    if len(found.train) < least:
        raise BadInput(
            f"{found.name} has {len(found.train):,} characters to train on, line ends included, too few for {what}: "
            f"give at least {least:,}, or a smaller bs."
        )
    if len(found.valid) < least_valid:
        raise BadInput(
            f"{found.name} has {len(found.valid):,} characters to validate, line ends included, and {least_valid:,} "
            "are the least: give more text."
        )


def _on(device: torch.device, found: "TextSet") -> list[Tensor]:
    """Both parts on the device, a byte or a few for a character."""
    return [torch.tensor(part, device=device) for part in (found.train, found.valid)]


def _data(found: "TextSet", train: Loader, valid: Loader) -> TextData:
    count, held = len(found.train), len(found.valid)
    facts = DataFacts(
        name=found.name,
        source=found.source,
        train=count,
        valid=held,
        tokens_train=count,
        tokens_valid=held,
        vocabulary=len(found.vocabulary),
        characters=found.characters,
    )
    return TextData(train, valid, facts, found.vocabulary)
