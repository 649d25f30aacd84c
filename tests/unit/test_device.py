"""Devices and threads: what is chosen, what is refused, and what is told."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from fastai_tui.engine import device, threads
from fastai_tui.engine.device_names import parse_device
from fastai_tui.engine.errors import BadInput, DeviceTrouble


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Compute capabilities of the GPUs that there seem to be; none at first."""
    found: list[tuple[int, int]] = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(found))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda number: found[getattr(number, "index", number)])
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda number: f"GPU {number}")
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_80", "sm_90a", "compute_90"])
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    return found


def test_names_of_devices_are_read() -> None:
    assert parse_device("auto") == ("auto", None)
    assert parse_device("cuda") == ("cuda", None)
    assert parse_device("cuda:12") == ("cuda", 12)


@pytest.mark.parametrize(
    "name", ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:0", "CPU", " cpu", "cuda:0\n", "cuda:٣"]
)
def test_other_names_are_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(BadInput, match=r"give auto, cpu, cuda, cuda:N \(as in cuda:1\) or mps\.$") as told:
        parse_device(name)
    assert str(told.value).isprintable()


def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_refused(gpus: list[tuple[int, int]]) -> None:
    assert device.choose("auto") == device.choose("cpu") == torch.device("cpu")
    for name in ("cuda", "cuda:1"):
        with pytest.raises(DeviceTrouble, match="use --device cpu"):
            device.choose(name)
    with pytest.raises(DeviceTrouble, match="use --device auto or cpu"):
        device.choose("mps")


def test_auto_is_the_first_gpu_that_this_torch_can_use(gpus: list[tuple[int, int]]) -> None:
    gpus += [(6, 1), (8, 6), (9, 0)]
    assert device.choose("auto") == torch.device("cuda", 1)
    assert device.choose("cuda:2") == torch.device("cuda", 2)
    with pytest.raises(DeviceTrouble, match=r"compute capability 6\.1"):
        device.choose("cuda:0")
    with pytest.raises(DeviceTrouble, match=r"there are cuda:0 to cuda:2"):
        device.choose("cuda:3")


@pytest.mark.parametrize(("capability", "usable"), [((7, 0), False), ((7, 5), True), ((8, 9), True), ((9, 0), True),
                                                    ((10, 0), True), ((12, 0), True)])  # fmt: skip
def test_code_runs_on_its_own_generation_and_can_be_translated_for_later_ones(
    gpus: list[tuple[int, int]], capability: tuple[int, int], usable: bool
) -> None:
    gpus.append(capability)
    assert (device.choose("auto").type == "cuda") is usable


@pytest.mark.filterwarnings("ignore:CUDA is not available")
def test_bf16_is_for_gpus_that_have_it(gpus: list[tuple[int, int]]) -> None:
    gpus += [(7, 5), (8, 0)]
    assert not isinstance(device.autocast(torch.device("cuda", 0)), torch.autocast)
    assert isinstance(device.autocast(torch.device("cuda", 1)), torch.autocast)
    with device.autocast(torch.device("cpu")):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_a_seed_settles_every_generator() -> None:
    import random

    import numpy as np

    def drawn() -> tuple[float, float, float]:
        device.prepare(torch.device("cpu"), 5)
        return random.random(), float(np.random.rand()), torch.rand(1).item()

    assert drawn() == drawn()


def test_threads_are_the_user_s_or_the_cores_that_we_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(6)), raising=False)
    monkeypatch.setattr(threads, "_quota", lambda path: 0)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    alone = threads.threads()
    assert (threads.cores(), alone, threads.threads(spare=0)) == (6, 5, 6)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads.threads() == threads.threads(spare=0) == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "4,2")
    assert threads.threads() == 4
    for nonsense in ("", "0", "many", "-2", "²"):
        monkeypatch.setenv("OMP_NUM_THREADS", nonsense)
        assert threads.threads() == alone


def test_all_cores_are_used_where_steps_are_long_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    before = torch.get_num_threads()
    with device.all_cores():
        assert torch.get_num_threads() == 3
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("told", "cores"),
    [("200000 100000\n", 2), ("150000 100000", 1), ("50000 100000", 1), ("max 100000", 0), ("", 0)],
)
def test_a_container_s_share_is_respected(tmp_path: Path, told: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(told)
    assert threads._quota(tmp_path / "cpu.max") == cores
    assert threads._quota(tmp_path / "nothing") == 0


def test_the_user_s_own_variables_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    assert threads.thread_environment()["GOMP_SPINCOUNT"] == threads.SPINS
    monkeypatch.setenv("GOMP_SPINCOUNT", "5")
    assert "GOMP_SPINCOUNT" not in threads.thread_environment()


@pytest.mark.filterwarnings("ignore:CUDA is not available")
def test_doctor_is_told_plain_facts(gpus: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    told = device.answer()
    assert (told["auto"], told["cuda"], told["bf16"]) == ("cpu", [], False)
    assert told["why"]
    assert told["threads"] == threads.threads()
    gpus += [(6, 1), (9, 0)]
    card = SimpleNamespace(name="GPU", total_memory=80 << 30, major=9, minor=0, multi_processor_count=132)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: card)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda number: (70 << 30, 80 << 30))
    told = device.answer()
    assert (told["auto"], told["bf16"]) == ("cuda:1", True)
    assert (told["cuda"][1]["free"], told["cuda"][1]["memory"]) == (70 << 30, 80 << 30)
    assert "6.1" in told["cuda"][0]["trouble"]
    assert told["cuda"][1]["trouble"] == ""
    json.dumps(told)
