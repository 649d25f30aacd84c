"""The kinds of pane that a step can have: what each can be told to begin with, its knobs, and what it measures.

The screens draw them; here stands only what a chapter may rely on, so that it can be checked without any of them.
"""

from typing import Literal

import msgspec

OptionKind = Literal["picture", "kernel", "kernels", "cell", "number", "word"]
MeasureKind = Literal["number", "place", "word"]


class Pane(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of pane. `options` may stand in a step's `show`, `measures` in its goals; `trains` asks for a [run]."""

    about: str
    options: dict[str, OptionKind] = {}
    knobs: tuple[str, ...] = ()
    measures: dict[str, MeasureKind] = {}
    trains: bool = False


_KERNEL: dict[str, OptionKind] = {"picture": "picture", "kernel": "kernel", "at": "cell"}
_STEPPED: dict[str, MeasureKind] = {
    "cursor": "place",
    "visited": "number",
    "sum": "number",
    "kernel": "word",
    "picture": "word",
}

# What the newest run that was started in the step has come to; "runs" counts those that finished.
RUN_MEASURES: dict[str, MeasureKind] = {
    "accuracy": "number",
    "train_loss": "number",
    "valid_loss": "number",
    "loss": "number",
    "smooth_loss": "number",
    "epochs": "number",
    "steps": "number",
    "runs": "number",
}

PANES: dict[str, Pane] = {
    "pixels": Pane(
        about="a digit as numbers and as shades, side by side, with a cursor; it can be drawn on",
        options={"picture": "picture", "at": "cell"},
        measures={"cursor": "place", "value": "number", "visited": "number", "drawn": "number", "picture": "word"},
    ),
    "window": Pane(
        about="the patch under the kernel, the kernel, the products and their sum at the cursor",
        options=_KERNEL,
        measures=_STEPPED,
    ),
    "map": Pane(
        about="the whole feature map, filled cell by cell, at any speed",
        options=_KERNEL,
        knobs=("speed",),
        measures={**_STEPPED, "filled": "number"},
    ),
    "kernels": Pane(
        about="several kernels at once, one of them edited in place, positive and negative in two hues",
        options={"picture": "picture", "kernels": "kernels"},
        measures={"kernel": "word", "seen": "number", "edited": "number"},
    ),
    "batch": Pane(
        about="a batch of digits through a stack of kernels, shapes spelled out, one result at a time",
        options={"picture": "picture", "kernels": "kernels"},
        knobs=("batch",),
        measures={"image": "number", "channel": "number", "seen": "number"},
    ),
    "geometry": Pane(
        about="the window on the grid, for any input size, kernel size, padding and stride",
        options={"at": "cell"},
        knobs=("size", "kernel_size", "padding", "stride"),
        measures={
            "size": "number",
            "kernel_size": "number",
            "padding": "number",
            "stride": "number",
            "output": "number",
            "cursor": "place",
        },
    ),
    "matrix": Pane(
        about="the convolution as one sparse matrix with tied weights, the cursor's row lit",
        options=_KERNEL,
        measures={"cursor": "place", "row": "number", "visited": "number"},
    ),
    "receptive-field": Pane(
        about="the patch of the digit that a cell of any layer depends on, by arithmetic and by gradient",
        options={"picture": "picture", "at": "cell", "layer": "number"},
        knobs=("layer",),
        measures={"layer": "number", "cell": "place", "width": "number", "visited": "number"},
    ),
    "colour": Pane(
        about="a colour picture, its three channels, and a kernel with a slice for each",
        options=_KERNEL,
        measures={"channel": "number", "seen": "number", "cursor": "place", "sum": "number"},
    ),
    "network": Pane(
        about="a network layer by layer: shapes, parameters, multiplications",
        measures={"layer": "number", "visited": "number", "parameters": "number", "model": "word"},
        trains=True,
    ),
    "train": Pane(about="a run: loss, rate and accuracy, live", trains=True),
    "learned": Pane(
        about="the kernels that a run has learned, and the maps they make of a digit",
        options={"picture": "picture", "layer": "number"},
        knobs=("layer",),
        measures={"layer": "number", "channel": "number", "seen": "number", "picture": "word", "drawn": "number"},
        trains=True,
    ),
    "mistakes": Pane(
        about="the digits that a run gets wrong, the most confident mistakes first",
        measures={"seen": "number"},
        trains=True,
    ),
    "compare": Pane(about="several runs overlaid", measures={"overlaid": "number"}, trains=True),
}
