"""Where a network looks, against where it ought to, as plain values, free of torch; measured by `interpret`."""

import msgspec


class Localised(msgspec.Struct, frozen=True):
    """All validation canvases: the shares that are named right and on which the map's peak lies in the digit's box, and
    the rows of those where it does not. `before` and `after` are the means of the largest probability, on the whole
    canvas and on the piece of `side` pixels around the peak alone, of which `cut_accuracy` are named right."""

    run: str
    step: int
    total: int
    accuracy: float
    inside: float
    outside: list[int]
    before: float
    after: float
    cut_accuracy: float
    side: int
