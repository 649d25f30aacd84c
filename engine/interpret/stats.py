"""Activation statistics: what the numbers between a network's layers do while it trains, at every batch.

The definitions are fastai's: mean, standard deviation (of n − 1), the share of values ≤ 0.05, and the counts that
`torch.histc` gives for 40 bins over 0…10.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fastai_tui.engine.device import widest

BINS, TOP, NEAR_ZERO = 40, 10.0, 0.05
WIDTH = 4 + BINS  # mean, deviation, near-zero share, number of values, counts
CELLS = BINS + 2
PIECE = 32_000  # numbers that torch counts on one thread
ARRANGING = (nn.Identity, nn.Flatten, nn.Unflatten)  # modules that pass on what another has given


def asked_for(model: nn.Module, activations: str) -> "ActivationStats | None":
    """What the setting `activations` says: of `on`, the modules with a weight matrix, as `ActivationStats` has it by
    itself; of `all`, every module without parts of its own (ReLUs and norms too) that does not merely pass numbers on;
    of anything else, nothing."""
    if activations == "all":
        alone = [m for m in model.modules() if next(m.children(), None) is None]
        return ActivationStats(model, [m for m in alone if not isinstance(m, ARRANGING)])
    return ActivationStats(model) if activations == "on" else None


class ActivationStats:
    """Watches the outputs of `modules` of `model` in training mode; `take()` gives the last batch's statistics.

    Any module will do, those that return tuples (recurrent ones) too: their first tensor counts. Without `modules` it
    is all that hold a weight of two or more dimensions: linear, convolutional, embedding and recurrent ones; not the
    norms. Of a module that is called more than once in a batch, the last call counts.
    """

    def __init__(self, model: nn.Module, modules: Iterable[nn.Module] | None = None) -> None:
        chosen = set(model.modules() if modules is None else modules)
        watched = {n: m for n, m in model.named_modules() if m in chosen and (modules is not None or _has_matrix(m))}
        self.names = list(watched)
        self._device = next((p.device for p in model.parameters()), torch.device("cpu"))
        self._rows = torch.full((len(watched), WIDTH), math.nan, dtype=widest(self._device), device=self._device)
        self._rows[:, 3:] = 0
        write = _Quick().write if self._device.type == "cpu" else _write
        self._hooks = [m.register_forward_hook(_hook(write, self._rows[i])) for i, m in enumerate(watched.values())]

    def take(self) -> Tensor:
        """(layers, 44) on the model's device: mean, deviation, near-zero share, number of values, 40 counts."""
        return self._rows.clone()

    def remove(self) -> None:
        """Let go of the model."""
        for hook in self._hooks:
            hook.remove()


def _has_matrix(module: nn.Module) -> bool:
    return any(p.ndim > 1 for p in module.parameters(recurse=False))


def _hook(write: Callable[[Tensor, Tensor], None], row: Tensor) -> Callable[[nn.Module, Any, Any], None]:
    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        if module.training:
            while not isinstance(output, Tensor):
                output = output[0]
            write(output.detach(), row)

    return hook


def _write(output: Tensor, row: Tensor) -> None:
    """The statistics by torch's own functions: nothing is fetched, so a GPU is not waited for."""
    values = output.float().flatten()
    row[0] = values.mean()
    row[1] = values.std() if values.numel() > 1 else math.nan
    row[2] = (values <= NEAR_ZERO).float().mean()
    row[3].fill_(values.numel())
    row[4:] = torch.histc(values, BINS, 0, TOP)


class _Quick:
    """The same numbers on a CPU, in scratch memory that is used again and again.

    802,816 values on one thread: `histc` alone takes 8.6 ms, `std_mean` 5.1; all of this 1.6. Every step runs on one
    thread: beside a busy process, torch's own threads waited a millisecond for each other at every step.

    histc's bin of a value v is the whole part of v·40/10 in float32, rounded twice, so that is what is computed here,
    and not the whole part of 4·v.
    """

    def __init__(self) -> None:
        self._room = -1

    def write(self, output: Tensor, row: Tensor) -> None:
        """Put the statistics of `output` into `row`."""
        flat = _flat(output)
        values, found = flat.numpy(), row.numpy()
        count = len(values)
        self._make_room(count)
        mean, squares = self._moments(values)
        if count < 2 or not math.isfinite(squares):  # an infinity, NaN or an overflow: rare, and torch knows how
            _write(flat, row)
            return
        near_zero = self._count(np.less_equal, values, NEAR_ZERO) / count
        found[:4] = mean, math.sqrt(squares / (count - 1)), near_zero, count
        found[4:] = self._histogram(values)

    def _make_room(self, count: int) -> None:
        if count > self._room:
            self._room = count
            self._floats = np.empty(count, np.float32)
            self._marks = np.empty(count, np.bool_)
            self._cells = np.empty(count + 1, np.uint8)

    def _moments(self, values: "np.ndarray") -> tuple[float, float]:
        """The mean, and the sum of the squared distances from it."""
        with np.errstate(all="ignore"):
            mean = float(values.sum()) / max(len(values), 1)
            apart = np.subtract(values, np.float32(mean), out=self._floats[: len(values)])
            return mean, float(apart @ apart)

    def _count(self, compare: np.ufunc, values: "np.ndarray", bound: float) -> int:
        return int(np.count_nonzero(compare(values, np.float32(bound), out=self._marks[: len(values)])))

    def _histogram(self, values: "np.ndarray") -> "np.ndarray":
        """`torch.histc(values, 40, 0, 10)` for finite values, from 42 cells: what lies below 0 is first counted in
        cell 0, what lies above 10 in cells 40 and 41; 10 itself is in cell 40, but belongs to bin 39."""
        count = len(values)
        scaled = np.clip(values, 0, TOP + 0.25, out=self._floats[:count])
        scaled *= np.float32(BINS)
        scaled /= np.float32(TOP)
        cells = self._cells[: count + count % 2]
        np.copyto(cells[:count], scaled, casting="unsafe")
        cells[count:] = 0
        counts = _cell_counts(cells)
        counts[0] -= self._count(np.less, values, 0) + count % 2
        if counts[BINS:].any():
            counts[BINS - 1] += counts[BINS:].sum() - self._count(np.greater, values, TOP)
        return counts[:BINS]


def _cell_counts(cells: "np.ndarray") -> "np.ndarray":
    """How often each of the numbers 0…41 occurs among an even number of bytes. They are counted in pairs, each taken
    for one 16-bit number: 0.53 ms for 802,816 bytes, where `torch.bincount` takes 0.97 and numpy's 1.6."""
    pairs = torch.zeros(CELLS * 256, dtype=torch.int64)
    for piece in torch.from_numpy(cells).view(torch.int16).split(PIECE):
        pairs += torch.bincount(piece, minlength=len(pairs))
    table = pairs.numpy().reshape(CELLS, 256)
    counts: np.ndarray = table.sum(0)[:CELLS] + table.sum(1)
    return counts


def _flat(output: Tensor) -> Tensor:
    """All the values as one float32 vector, without a copy if they lie together in whatever order."""
    output = output.float()
    if output.ndim == 4 and not output.is_contiguous():
        output = output.permute(0, 2, 3, 1)  # as channels_last keeps them
    return output.reshape(-1)
