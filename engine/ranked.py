"""Validation photos by how sure a network is of them, as plain values, free of torch; computed by `interpret`."""

import msgspec

KINDS = ("correct", "wrong", "uncertain")


class Photo(msgspec.Struct, frozen=True):
    """A validation photo: its row, its class, what each class was given, and what that costs: −ln of the true one."""

    index: int
    truth: int
    probabilities: list[float]
    loss: float

    @property
    def prediction(self) -> int:
        """The class that was given the most."""
        return max(range(len(self.probabilities)), key=lambda i: (self.probabilities[i], -i))

    @property
    def right(self) -> bool:
        """Is that the true one?"""
        return self.prediction == self.truth


class Ranked(msgspec.Struct, frozen=True):
    """The first photos of an order: `kind` is correct (right, and most sure), wrong (and most sure) or uncertain (the
    least difference between the two likeliest classes). `matching` photos are of that kind, out of `total`; `accuracy`
    and `loss` (the mean, in nats) are those of all, and `share` is the part of the loss that the shown ones cost.
    `wrong` of all are answered wrongly, and cost the part `wrong_share`. `pixels` says whether pictures of them can be
    had."""

    run: str
    step: int
    data: str
    classes: list[str]
    kind: str
    total: int
    matching: int
    accuracy: float
    loss: float
    share: float
    wrong: int
    wrong_share: float
    pixels: bool
    photos: list[Photo]
