"""The device that computes: choosing it, making it ready, and telling what there is."""

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch

from fastai_tui.engine.device_names import parse_device
from fastai_tui.engine.errors import DeviceTrouble
from fastai_tui.engine.threads import cores, threads
from fastai_tui.engine.versions import versions

BF16_SINCE = (8, 0)  # Ampere: older GPUs emulate bf16, slowly
_AS_IT_IS: AbstractContextManager[Any] = nullcontext()


def choose(wanted: str) -> torch.device:
    """The device for `auto` (the first usable GPU, else MPS, else the CPU), `cpu`, `cuda`, `cuda:N` or `mps`.

    Raises `BadInput` for another name and `DeviceTrouble`, with the way out, for a device that is not there.
    """
    kind, number = parse_device(wanted)
    if kind == "auto":
        return _picked()[0]
    if kind == "cuda":
        return _cuda(number)
    if kind == "mps" and not torch.backends.mps.is_available():
        raise DeviceTrouble("MPS is not available here (it needs a Mac with Apple silicon); use --device auto or cpu.")
    return torch.device(kind)


def wanted(name: str, local: int) -> str:
    """The device for the process with the number `local` among several of this machine that train together: each has a
    GPU of its own, or, where that is asked for, they share the processor."""
    kind, number = parse_device(name)
    return f"cuda:{(number or 0) + local}" if kind in ("auto", "cuda") else name


def prepare(device: torch.device, seed: int) -> None:
    """Seed everything that is random, and let `device` compute as fast as it can without changing what is computed
    noticeably: our number of threads on a CPU; TF32 and the search for the fastest convolutions on a GPU."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    torch.set_num_threads(threads())
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True


def use_all_cores() -> None:
    """Compute with all cores, and not with all but one: for networks whose steps are long (`threads` says when)."""
    torch.set_num_threads(threads(spare=0))


@contextmanager
def all_cores() -> Iterator[None]:
    """The same for as long as it lasts."""
    before = torch.get_num_threads()
    use_all_cores()
    try:
        yield
    finally:
        torch.set_num_threads(before)


def autocast(device: torch.device) -> AbstractContextManager[Any]:
    """What a forward pass runs under: bfloat16 where a GPU computes it natively, plain float32 elsewhere."""
    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= BF16_SINCE:
        return torch.autocast("cuda", torch.bfloat16)
    return _AS_IT_IS


def widest(device: torch.device) -> torch.dtype:
    """The floats that sums are kept in: doubles, except on MPS, which has none."""
    return torch.float32 if device.type == "mps" else torch.float64


def answer() -> dict[str, Any]:
    """What there is to compute with, for `doctor`: plain, JSON-able values. A lab request."""
    device, why = _picked()
    torch.set_num_threads(threads())
    return {
        "versions": versions(),
        "auto": str(device),
        "why": why,
        "cuda": [_facts(number) for number in range(torch.cuda.device_count())],
        "cuda_built": torch.version.cuda,
        "mps": torch.backends.mps.is_available(),
        "bf16": autocast(device) is not _AS_IT_IS,
        "cores": cores(),
        "threads": torch.get_num_threads(),
    }


def _picked() -> tuple[torch.device, str]:
    """The device that `auto` stands for, and why."""
    unusable = [trouble for number in range(torch.cuda.device_count()) if (trouble := _too_old(number))]
    for number in range(torch.cuda.device_count()):
        if not _too_old(number):
            return torch.device("cuda", number), f"{torch.cuda.get_device_name(number)} is the first GPU that is usable"
    if torch.backends.mps.is_available():
        return torch.device("mps"), "there is no CUDA GPU, but Apple's Metal"
    return torch.device("cpu"), unusable[0] if unusable else _no_gpu()


def _cuda(number: int | None) -> torch.device:
    count = torch.cuda.device_count()
    if not count:
        raise DeviceTrouble(f"There is no CUDA device to use: {_no_gpu()}; use --device cpu.")
    if (number or 0) >= count:
        there = "is cuda:0 only" if count == 1 else f"are cuda:0 to cuda:{count - 1}"
        raise DeviceTrouble(f"There is no cuda:{number}; there {there}.")
    if trouble := _too_old(number or 0):
        raise DeviceTrouble(f"{trouble}; use --device cpu, or a torch built for it.")
    return torch.device("cuda", number or 0)


def _no_gpu() -> str:
    if torch.version.cuda is None:
        return "this torch was built without CUDA"
    return "no GPU was found, or its driver is missing or too old"


def _too_old(number: int) -> str:
    """Why this torch has no code for a GPU, or nothing if it has."""
    major, minor = torch.cuda.get_device_capability(number)
    built = [_capability(name) for name in torch.cuda.get_arch_list()]
    runs = any((kind == "sm" and a == major and b <= minor) or (kind != "sm" and (a, b) <= (major, minor))
               for kind, a, b in built)  # fmt: skip
    if runs or not built:
        return ""
    name = torch.cuda.get_device_name(number)
    return f"{name} (compute capability {major}.{minor}) is not among the GPUs that this torch was built for"


def _capability(name: str) -> tuple[str, int, int]:
    """`sm_90a` is ("sm", 9, 0): machine code for that generation; `compute_90` can be translated for later ones too."""
    kind, _, digits = name.partition("_")
    number = int("".join(c for c in digits if c.isdigit()))
    return kind, number // 10, number % 10


def _facts(number: int) -> dict[str, Any]:
    """A GPU's name, memory in bytes, compute capability, and why it cannot be used, if so."""
    properties = torch.cuda.get_device_properties(number)
    return {
        "name": properties.name,
        "memory": properties.total_memory,
        "free": _free(number),
        "capability": f"{properties.major}.{properties.minor}",
        "processors": properties.multi_processor_count,
        "trouble": _too_old(number),
    }


def _free(number: int) -> int:
    """Bytes that are free on a GPU; none where it has not even room for a context."""
    try:
        return int(torch.cuda.mem_get_info(number)[0])
    except RuntimeError:
        return 0
