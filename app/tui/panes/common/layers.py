"""A network's layers as the lab's `summary` tells them, and how each one's numbers come about. Pure, without torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Shape = tuple[int, ...]
TRUNK = "trunk."  # begins the names of a pretrained trunk's layers
PARTS = ("early", "late", "head")  # the layer groups of a network that stands on one
LISTS = ("trunk", "features", "layers")  # that the layers of a pretrained network and its head stand in


def short(name: str, most: int = 8) -> str:
    """A layer's name where it is longer than that: without the list that it stands in, and in a pretrained network
    with words cut down to their first letters (`10.c.0.1`), from the second on, until it fits."""
    words = name.split(".")
    if len(name) <= most or words[0] not in ("trunk", "head"):
        return name.removeprefix("layers.") if len(name) > 8 else name
    words = [word for word in words if word not in LISTS]
    for i in (*range(1, len(words)), 0):
        if len(".".join(words)) > most:
            words[i] = "".join(c for j, c in enumerate(words[i]) if j == 0 or c.isdigit())
    return ".".join(words)


@dataclass(frozen=True)
class Layer:
    """One layer: the shapes of one item before and after it, what it holds and costs (None where nobody can say), and
    how many input pixels one of its outputs sees along each axis (none once the grid is gone: all of them)."""

    name: str
    kind: str
    before: Shape
    output: Shape
    parameters: int
    multiplications: int | None
    sees: Shape
    kernel: Shape = ()
    group: int | None = None  # its layer group, from 0


@dataclass(frozen=True)
class Network:
    """The layers in the order of their calls, and the sums. `input` is an item's shape; of the layer `groups`, so many
    of the first are `frozen`."""

    input: Shape
    layers: tuple[Layer, ...]
    parameters: int
    multiplications: int
    groups: int = 1
    frozen: int = 0

    @property
    def pretrained(self) -> bool:
        """Does it stand on a pretrained trunk?"""
        return bool(self.layers) and self.layers[0].name.startswith(TRUNK)

    @property
    def output(self) -> Shape:
        """The shape of what comes out for one item."""
        return self.layers[-1].output if self.layers else self.input


def network(summary: Mapping[str, Any]) -> Network:
    """What the lab has answered."""
    before, field, stride = tuple(summary["input"]), (1,) * 2, (1,) * 2
    layers = []
    for told in summary["layers"]:
        sees, apart = tuple(told["receptive_field"] or ()), tuple(told["stride"] or ())
        kernel: Shape = ()
        if len(sees) == len(field) and told["parameters"]:
            kernel = tuple((s - f) // j + 1 for s, f, j in zip(sees, field, stride, strict=True))
        layers.append(
            Layer(
                name=told["name"],
                kind=told["type"],
                before=before,
                output=tuple(told["output"]),
                parameters=told["parameters"],
                multiplications=told["multiplications"],
                sees=sees,
                kernel=kernel,
                group=told.get("group"),
            )
        )
        before, field, stride = tuple(told["output"]), sees, apart
    return Network(
        tuple(summary["input"]),
        tuple(layers),
        summary["parameters"],
        summary["multiplications"],
        summary.get("groups", 1),
        summary.get("frozen", 0),
    )


def by(shape: Sequence[int]) -> str:
    """`4×14×14`."""
    return "×".join(str(size) for size in shape)


def holds(layer: Layer) -> str:
    """How the number of its parameters comes about; nothing where no rule known here gives that number."""
    if not layer.parameters:
        return "no parameters: there is nothing to learn in it"
    weights = weight_shape(layer)
    if weights:
        bias = layer.parameters - math.prod(weights)
        words = " × ".join(str(size) for size in weights) + (f" + {bias}" if bias else "")
        many = f"{weights[0]} kernel{'s' if weights[0] > 1 else ''}"
        what = "a weight for every pair" if len(weights) == 2 else f"{many} of {by(weights[1:])}"
        return f"{words} = {layer.parameters:,} parameters: {what}{', a bias each' if bias else ''}"
    if layer.kind.startswith("BatchNorm") and layer.parameters == 2 * layer.output[0]:
        return f"2 × {layer.output[0]} = {layer.parameters:,} parameters: a scale and a shift for each channel"
    return f"{layer.parameters:,} parameters"


def costs(layer: Layer) -> str:
    """How the number of its multiplications comes about."""
    if layer.multiplications is None:
        return "nobody has said how to count its multiplications"
    if not layer.multiplications:
        return "no multiplications"
    weights = weight_shape(layer)
    places = layer.output[1:]
    if weights and math.prod(weights) * math.prod(places) == layer.multiplications:
        if math.prod(places) == 1:
            return f"{layer.multiplications:,} multiplications: every weight once"
        factors = " × ".join(str(size) for size in (math.prod(weights), *places))
        return f"{factors} = {layer.multiplications:,} multiplications: every weight at each of {by(places)} places"
    if layer.multiplications == math.prod(layer.output):
        return f"{layer.multiplications:,} multiplications: one for every number of {by(layer.output)}"
    return f"{layer.multiplications:,} multiplications"


def weight_shape(layer: Layer) -> Shape:
    """The shape of its weights, if shapes and counts agree on it: outputs, inputs, and the kernel's sides."""
    if layer.kind.startswith("Linear"):
        shape: Shape = (layer.output[-1], layer.before[-1])
    elif layer.kind.startswith("Conv") and layer.kernel:
        shape = (layer.output[0], layer.before[0], *layer.kernel)
    else:
        return ()
    return shape if layer.parameters - math.prod(shape) in (0, shape[0]) else ()


def does(layer: Layer) -> str:
    """What becomes of what."""
    shapes = f"{by(layer.before)} → {by(layer.output)}"
    if layer.kind == "ReLU":
        return f"{layer.name}: what is below 0 becomes 0; the shape {by(layer.output)} stays"
    if layer.kind == "Flatten":
        return f"{layer.name}: {shapes}, the same numbers in a row"
    return f"{layer.name} ({layer.kind}): {shapes}"


def belongs(layer: Layer, net: Network) -> str:
    """Which layer group it is in, and whether that learns; nothing for a network that stands on no trunk."""
    if not net.pretrained or layer.group is None:
        return ""
    part = f" ({PARTS[layer.group]})" if net.groups == len(PARTS) else ""
    state = "frozen" if layer.group < net.frozen else "it learns"
    return f"layer group {layer.group + 1} of {net.groups}{part}: {state}"


def reach(layer: Layer, whole: Shape) -> str:
    """How much of the picture one of its outputs sees."""
    if not layer.sees:
        return "each output sees the whole picture"
    most = whole[1:] if len(whole) > len(layer.sees) else whole
    if all(s >= w for s, w in zip(layer.sees, most, strict=False)):
        return f"each output sees {by(layer.sees)} pixels: more than there are, so up to all of them"
    return f"each output sees {by(layer.sees)} pixel{'s' if math.prod(layer.sees) > 1 else ''}"


def still_a_grid(net: Network) -> str:
    """What is the matter with an answer that is no row of numbers; nothing where it is one."""
    many = math.prod(net.output)
    if len(net.output) < 2 or many <= net.output[0]:
        return ""
    return f"The answer is still a grid: {by(net.output)}, {many:,} numbers, one for every pixel. Which is the class?"
