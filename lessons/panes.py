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

# What the newest run that was started in the step has come to; "runs" and "failed" count those that ended so.
RUN_MEASURES: dict[str, MeasureKind] = {
    "accuracy": "number",
    "train_loss": "number",
    "valid_loss": "number",
    "loss": "number",
    "smooth_loss": "number",
    "epochs": "number",
    "steps": "number",
    "runs": "number",
    "failed": "number",
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
        measures={
            "picture": "word",
            "kernel": "word",
            "seen": "number",
            "edited": "number",
            "total": "number",  # the chosen kernel's weights, added up
            "peak": "number",  # the largest sum in its map
        },
    ),
    "batch": Pane(
        about="a batch of digits through a stack of kernels, shapes spelled out, one result at a time",
        options={"picture": "picture", "kernels": "kernels"},
        knobs=("batch",),
        measures={
            "batch": "number",
            "image": "number",
            "channel": "number",
            "seen": "number",
            "results": "number",  # how many numbers come out
        },
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
        measures={**_STEPPED, "row": "number"},
    ),
    "receptive-field": Pane(
        about="the patch of the digit that a cell of any layer depends on, by arithmetic and by gradient",
        options={"picture": "picture", "at": "cell", "layer": "number"},
        knobs=("layer",),
        measures={"layer": "number", "cell": "place", "width": "number", "visited": "number", "picture": "word"},
    ),
    "colour": Pane(
        about="a colour picture, its three channels, and a kernel with a slice for each",
        options=_KERNEL,
        measures={
            "channel": "number",
            "seen": "number",
            "cursor": "place",
            "visited": "number",
            "sum": "number",
            "kernel": "word",
        },
    ),
    "network": Pane(
        about="a network layer by layer: shapes, parameters, multiplications",
        measures={
            "layer": "number",
            "visited": "number",
            "parameters": "number",
            "multiplications": "number",
            "model": "word",
        },
        trains=True,
    ),
    "train": Pane(about="a run: loss, rate and accuracy, live", trains=True),
    "learned": Pane(
        about="the kernels that a run has learned, and the maps they make of a digit",
        options={"picture": "picture", "layer": "number"},
        knobs=("layer",),
        measures={
            "layer": "number",
            "channel": "number",
            "seen": "number",
            "view": "word",  # newest, or first: before training
            "picture": "word",
            "drawn": "number",
            "label": "number",  # the picture's digit; a drawing has none
            "prediction": "word",  # the network's answer
            "sure": "number",  # the probability of the network's answer
        },
        trains=True,
    ),
    "mistakes": Pane(
        about="the digits that a run gets wrong, the most confident mistakes first",
        measures={
            "seen": "number",
            "view": "word",  # one, all or matrix
            "wrong": "number",
            "total": "number",
            "truth": "word",  # what the chosen digit is,
            "prediction": "word",  # and what it was taken for
        },
        trains=True,
    ),
    "compare": Pane(about="several runs overlaid", measures={"overlaid": "number"}, trains=True),
}
