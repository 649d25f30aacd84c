"""One batch of a text as it is shown: its rows with the text around them, and what an epoch of such batches comes to.
Plain values, free of torch; `interpret.text_batch` makes them."""

from typing import Literal, get_args

import msgspec

View = Literal["windows", "every", "streams"]
VIEWS: tuple[View, ...] = get_args(View)
AROUND = 120  # characters of the text that are told before and after a row's own
MOST_ROWS = 256  # rows of a batch that are told


class FoldedRow(msgspec.Struct, frozen=True):
    """A row of a batch: where it begins in the text (from 0), the characters before it, those that it gives to the
    network, and those after. `numbers` and `targets` are what the network is given and is to say; windows with one
    target have that of the character after the last."""

    start: int
    before: str
    text: str
    after: str
    numbers: list[int]
    targets: list[int]


class Folded(msgspec.Struct, frozen=True):
    """A batch. `data` names the text, `tokens` its characters to train on, `unknown` those without a number.

    `batch` (from 0) is one of the epoch's `batches`; its rows begin at `first` of their streams, which have `long`
    characters each (both 0 for windows, which begin every `stride` characters). `dropped` characters (or windows) are
    left over. In an epoch the network reads `inputs` characters and makes `predictions`. `cuts` are the batches that
    begin around this one, as (number, place in the streams).
    """

    data: str
    view: View
    tokens: int
    streams: int
    long: int
    stride: int
    dropped: int
    epoch: int
    batch: int
    batches: int
    first: int
    length: int
    inputs: int
    predictions: int
    rows: list[FoldedRow]
    cuts: list[tuple[int, int]] = []
    unknown: str = ""
