"""The panes of the chapter `convolution`: a picture and a kernel."""

from fastai_tui.lessons.pane import MeasureKind, OptionKind, Pane

_KERNEL: dict[str, OptionKind] = {"picture": "picture", "kernel": "kernel", "at": "cell"}
_STEPPED: dict[str, MeasureKind] = {
    "cursor": "place",
    "visited": "number",
    "sum": "number",
    "kernel": "word",
    "picture": "word",
}

DIGITS: dict[str, Pane] = {
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
}
