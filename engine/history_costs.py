"""What a pass backwards costs, and what it brings: plain values, free of torch; `history` measures them."""

import msgspec


class Cost(msgspec.Struct, frozen=True):
    """Of one batch: through how many layers the gradient went, the bytes that were kept for that, and the seconds of
    computing that it took."""

    layers: int
    memory: int
    seconds: float


class Costs(msgspec.Struct, frozen=True):
    """The same batch with the history and without. `differs` is the length of the difference of the two gradients as a
    share of the length of the first."""

    uncut: Cost
    cut: Cost
    differs: float


class History(msgspec.Struct, frozen=True):
    """Batch after batch, as far as they have been measured; `full`: another one would need too much memory. An epoch of
    `data` in so many `streams` has `batches`."""

    points: list[Costs]
    full: bool
    data: str
    streams: int
    batches: int
