"""How good a network with batch norm is in evaluation, by whose mean and variance it goes: plain values, free of torch;
`interpret.evaluation` measures them."""

import msgspec

from fastai_tui.engine.viewed import Score

STATISTICS = ("batch", "last", "running")  # each batch's own, the last batch's of training, averages over training
SIZES = tuple(2**i for i in range(9))  # images in a batch of evaluation
BATCH_SIZES = (1, 512)  # images in a batch of training


class Row(msgspec.Struct, frozen=True):
    """The same weights evaluated on the same `images` in batches of `size`, mixed or (`by_class`) of one class each:
    normalised by each batch's own numbers, and by what batches of training, of `bs` images each, have left behind:
    number `draw`, if that had been the last one, and running averages. `own_bs` is what the run was trained with."""

    run: str
    step: int
    images: int
    own_bs: int
    size: int
    by_class: bool
    bs: int
    draw: int
    batch: Score
    last: Score
    running: Score

    def score(self, statistics: str) -> Score:
        """That of one of `STATISTICS`."""
        found: Score = getattr(self, statistics)
        return found
