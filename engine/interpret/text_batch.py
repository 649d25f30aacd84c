"""The lab's part in showing how a text becomes batches: one batch at a time, from the loaders that runs train with."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from fastai_tui.engine.data.streams import SHORTEST, StreamLoader, TextData, WindowLoader, stream_data, window_data
from fastai_tui.engine.data.text import TextSet, text
from fastai_tui.engine.data.vocabulary import smallest
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.text_batch import AROUND, MOST_ROWS, VIEWS, Folded, FoldedRow, View

MIN_FREQ = 3  # rarer characters have no number, as in the experiment
CPU = torch.device("cpu")


def answer(
    data: str,
    view: View,
    bs: int,
    size: int,
    stride: int = 1,
    seed: int = 42,
    epoch: int = 0,
    batch: int = 0,
    own: str = "",
) -> Folded:
    """The batch of that number (or the last, if there are fewer) of an epoch, both from 0. A lab request.

    `data` is a text's name or path, `own` the learner's own text instead of it, in the same vocabulary. `size` is the
    length of `windows`, which begin every `stride` characters, of those with `every` next character as a target, which
    do not overlap, and what `streams` draw their batches' lengths around. Raises `BadInput` for a text that is too
    short, and what `text` raises.
    """
    if view not in VIEWS or bs < 1 or size < 1 or stride < 1 or epoch < 0:
        raise BadInput(f"{view} of {size} characters, {bs} at a time, cannot be made: take at least 1 of each.")
    found = _loaders(data, own, view, bs, size, stride, seed)
    loader = found.train
    batch = min(max(batch, 0), len(loader) - 1)
    xb, yb = next(iter(loader.batches(epoch, batch)))
    tokens = _tokens(data, own)
    if isinstance(loader, StreamLoader):
        borders = loader.cuts(epoch)
        first, long = borders[batch], loader.streams.shape[1]
        near = range(max(batch - AROUND // SHORTEST, 0), min(batch + AROUND, len(borders)))
        cuts = [(number, borders[number]) for number in near if abs(borders[number] - first) <= AROUND]
        starts = np.arange(bs) * long + first
        inputs, dropped = loader.items, len(tokens.train) - bs * long
    else:
        assert isinstance(loader, WindowLoader)
        first, long, cuts = 0, 0, []
        starts = _order(data, own, view, bs, size, stride, seed, epoch)[batch * bs :][:bs] * loader.stride
        inputs, dropped = len(loader) * bs * size, loader.items - len(loader) * bs
    return Folded(
        data=found.facts.name,
        view=view,
        tokens=len(tokens.train),
        streams=bs,
        long=long,
        stride=loader.stride if isinstance(loader, WindowLoader) else 0,
        dropped=dropped,
        epoch=epoch,
        batch=batch,
        batches=len(loader),
        first=first,
        length=xb.shape[1],
        inputs=inputs,
        predictions=inputs if view != "windows" else len(loader) * bs,
        rows=_rows(tokens, starts.tolist(), xb, yb.view(len(xb), -1)),
        cuts=cuts,
        unknown=tokens.vocabulary.unknown(own),
    )


def _rows(found: TextSet, starts: list[int], xb: Tensor, yb: Tensor) -> list[FoldedRow]:
    """The rows of a batch, with the text around them."""
    decode = found.vocabulary.decode
    rows = []
    for start, numbers, targets in zip(starts[:MOST_ROWS], xb.tolist(), yb.tolist(), strict=False):
        end = start + len(numbers)
        before = decode(found.train[max(start - AROUND, 0) : start].tolist())
        after = decode(found.train[end : end + AROUND].tolist())
        rows.append(FoldedRow(start, before, decode(numbers), after, numbers, targets))
    return rows


@lru_cache(maxsize=2)  # the text of the run and another one
def _text(data: str) -> TextSet:
    return text(data, min_freq=MIN_FREQ)


def _tokens(data: str, own: str) -> TextSet:
    """The text that is cut up."""
    found = _text(data)
    if not own:
        return found
    tokens = np.array(found.vocabulary.encode(own), smallest(len(found.vocabulary)))
    return TextSet("your text", "path", tokens, tokens, found.vocabulary, len(set(own)))


@lru_cache(maxsize=1)
def _loaders(data: str, own: str, view: View, bs: int, size: int, stride: int, seed: int) -> TextData:
    found = _tokens(data, own)
    if view == "streams":
        return stream_data(found, bs=bs, bptt=size, seed=seed, device=CPU)
    every = view == "every"
    return window_data(found, size=size, stride=size if every else stride, bs=bs, seed=seed, device=CPU, every=every)


@lru_cache(maxsize=1)  # of a long text an epoch's order takes longer than a batch
def _order(data: str, own: str, view: View, bs: int, size: int, stride: int, seed: int, epoch: int) -> "np.ndarray":
    loader = _loaders(data, own, view, bs, size, stride, seed).train
    assert isinstance(loader, WindowLoader)
    return loader.order(epoch)
