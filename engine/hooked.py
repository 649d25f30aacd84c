"""What passes through a network layer by layer, as plain values: what a hook at each of them would hold. No torch."""

import msgspec


class Passed(msgspec.Struct, frozen=True):
    """A layer: its name in the network, its kind, the shape of what it made of one photo, and a corner of the first
    channel of that (at most 7×7 numbers, one row for what is no map)."""

    name: str
    kind: str
    shape: list[int]
    corner: list[list[float]]


class Hooked(msgspec.Struct, frozen=True):
    """All layers that are called for one photo, in the order of the calls; `answer` is the likeliest class and
    `probability` its share."""

    network: str
    image: str
    layers: list[Passed]
    answer: str
    probability: float
