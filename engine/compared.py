"""Maps beside what they can be checked against, as plain values: another way to make one, and a place that is known."""

import msgspec

from fastai_tui.engine.framing import WHOLE, Box
from fastai_tui.engine.looking import Looked


class Agreement(msgspec.Struct, frozen=True):
    """A photo as the embedded network's special head sees it, and the Grad-CAM `map` of a `network` that need not have
    such a head, with its probabilities of its `classes`; its cells have `field` of what was looked at among them, in
    shares of it. `agreement` is the correlation of both maps."""

    looked: Looked
    network: str
    classes: list[str]
    probabilities: list[float]
    map: list[list[float]]
    agreement: float
    field: Box = WHOLE


class Canvas(msgspec.Struct, frozen=True):
    """A canvas of `digit-clutter` for validation, by its row of `total`, and the place of its digit."""

    row: int
    total: int
    looked: Looked
    box: Box
