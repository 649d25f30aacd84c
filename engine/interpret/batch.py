"""Many pictures and many kernels in one call of `conv2d`, and what that is worth."""

import time
from collections.abc import Callable
from functools import lru_cache
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fastai_tui.engine.convolution import Kernel, map_shape
from fastai_tui.engine.data import store
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret.trained import as_pixels
from fastai_tui.engine.threads import threads

ROUNDS = 5  # of each measurement; the median counts
MOST = 1024  # pictures in a batch


def answer(
    pictures: list[str | list[list[int]]],
    kernels: list[list[list[float]]],
    image: int = 0,
    stride: int = 1,
    padding: int = 0,
    measure: bool = False,
) -> dict[str, Any]:
    """`conv2d` of a batch with a stack of kernels: the shapes, and all maps of the picture numbered `image`. A lab
    request.

    A picture is a NAME:INDEX or rows of 0…255. With `measure`, this call and two slower ways to the same numbers are
    timed. Raises `BadInput` for pictures or kernels of different sizes, or that do not fit each other.
    """
    torch.set_num_threads(threads())
    xb, weights = _batch(pictures), _stack(kernels)
    map_shape(xb[0, 0].tolist(), _kernel(weights[0]), stride, padding)
    if not 0 <= image < len(xb):
        raise BadInput(f"There is no picture {image}: the batch has 0 to {len(xb) - 1}.")
    result = F.conv2d(xb, weights, stride=stride, padding=padding)  # float64: whole numbers stay exact
    maps = result[image]
    return {
        "input": list(xb.shape),
        "weights": list(weights.shape),
        "output": list(result.shape),
        "image": image,
        "maps": (maps.long() if bool((weights == weights.round()).all()) else maps).tolist(),
        "scale": result.abs().max().item(),
        "times": _times(xb.float(), weights.float(), stride, padding) if measure else None,
    }


def _batch(pictures: list[str | list[list[int]]]) -> Tensor:
    """The pictures as float64 (n, 1, height, width)."""
    if not 1 <= len(pictures) <= MOST:
        raise BadInput(f"A batch of {len(pictures)} pictures does not work: take 1 to {MOST}.")
    found = [_named(picture) if isinstance(picture, str) else as_pixels(picture) for picture in pictures]
    if any(picture.shape != found[0].shape for picture in found):
        raise BadInput("The pictures of a batch must have one size: they become one tensor.")
    return torch.cat(found).double()


def _named(reference: str) -> Tensor:
    name, _, index = reference.rpartition(":")
    images: Any = _images(name) if name else []
    if not index.isdecimal() or int(index) >= len(images):
        store.image(reference)  # says what is wrong with it
    if images.ndim > 3:
        raise BadInput(f"{reference} has colours, and a batch here is of grey pictures: take mnist-sample:{index}.")
    return torch.tensor(images[int(index)])[None, None]


@lru_cache(maxsize=2)
def _images(name: str) -> Any:
    return store.rows(name)[0]


def _stack(kernels: list[list[list[float]]]) -> Tensor:
    """The kernels as float64 (n, 1, height, width)."""
    try:
        stack = torch.tensor(kernels, dtype=torch.float64)
    except (ValueError, TypeError, RuntimeError):
        stack = torch.empty(0)
    if stack.ndim != 3 or not stack.numel() or not stack.isfinite().all():
        raise BadInput("A stack of kernels is a list of kernels of one size, each of them rows of numbers.")
    return stack[:, None]


def _kernel(weights: Tensor) -> Kernel:
    return Kernel(None, tuple(tuple(row) for row in weights[0].tolist()))


def _times(xb: Tensor, weights: Tensor, stride: int, padding: int) -> dict[str, float]:
    """Seconds for the whole batch (medians): in one call, in a call for each picture and kernel, and in plain Python,
    of which one picture and kernel are measured: a whole batch would take a second."""

    def one_call() -> None:
        F.conv2d(xb, weights, stride=stride, padding=padding)

    def one_by_one() -> None:
        for picture in xb.split(1):
            for kernel in weights.split(1):
                F.conv2d(picture, kernel, stride=stride, padding=padding)

    picture, kernel = F.pad(xb[0, 0], [padding] * 4).tolist(), weights[0, 0].tolist()
    batch, single = _seconds(one_call), _seconds(one_by_one)
    python = _seconds(lambda: slid(picture, kernel, stride)) * len(xb) * len(weights)
    return {
        "batch": batch,
        "one_by_one": single,
        "python": python,
        "faster_than_one_by_one": single / batch,
        "faster_than_python": python / batch,
    }


def slid(picture: list[list[float]], kernel: list[list[float]], stride: int) -> list[list[float]]:
    """A feature map in plain Python: at every place the products, added up. `picture` has its padding already."""
    return [
        [
            sum(weight * picture[top + i][left + j] for i, row in enumerate(kernel) for j, weight in enumerate(row))
            for left in range(0, len(picture[0]) - len(kernel[0]) + 1, stride)
        ]
        for top in range(0, len(picture) - len(kernel) + 1, stride)
    ]


def _seconds(work: Callable[[], object]) -> float:
    """The median of a few rounds, after one that does not count."""
    taken = []
    for _ in range(ROUNDS + 1):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return median(taken[1:])
