"""What several processes that train together share: the batches, and who is who."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fastai_tui.engine import parallel, ranks
from fastai_tui.engine.data.augment import Augment
from fastai_tui.engine.data.image import ImageLoader, Normalise, OnDevice
from fastai_tui.engine.data.streams import StreamLoader, WindowLoader
from fastai_tui.engine.device import wanted
from fastai_tui.engine.errors import BadInput, RunFailed
from fastai_tui.engine.parallel import encoded, is_loss, lost
from fastai_tui.engine.ranks import Rank
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons.experiments import order
from fastai_tui.lessons.experiments.cifar10 import build
from tests.warm import command

CPU = torch.device("cpu")


def images(augment: Augment | None) -> ImageLoader:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 3, 8, 8), np.uint8)
    normalise = Normalise([0.5] * 3, [0.25] * 3, CPU)
    return ImageLoader(OnDevice(pixels, CPU), torch.arange(50), normalise, 12, shuffle=True, augment=augment)


TOKENS = torch.arange(700) % 31
LOADERS: dict[str, Any] = {
    "images": lambda: images(None),
    "augmented": lambda: images(Augment("random", 2, "reflect")),
    "windows": lambda: WindowLoader(TOKENS, size=8, stride=3, bs=12, seed=1),
    "every": lambda: WindowLoader(TOKENS, size=8, stride=3, bs=12, every=True, seed=1),
    "streams": lambda: StreamLoader(TOKENS, bs=12, bptt=9, seed=1),
}


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("name", LOADERS)
def test_the_shares_of_a_batch_are_the_batch(name: str, count: int) -> None:
    whole = LOADERS[name]()
    parts = [LOADERS[name]().shared(number, count) for number in range(count)]
    assert {len(part) for part in parts} == {len(whole)}
    for epoch, start in ((0, 0), (3, 1)):
        batches = zip(whole.batches(epoch, start), *(part.batches(epoch, start) for part in parts), strict=True)
        for (xb, yb), *shares in batches:
            assert torch.equal(torch.cat([x for x, _ in shares]), xb)
            assert torch.equal(torch.cat([y for _, y in shares]), yb)
            assert len({len(x) for x, _ in shares}) == 1


def test_who_is_who_stands_in_the_environment() -> None:
    assert ranks.mine({}) is None
    assert ranks.mine({"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}) is None
    assert ranks.mine({"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}) == Rank(5, 8, 1)


@pytest.mark.parametrize("given", [("x", "2", "0"), ("", "2", ""), ("2", "2", "0"), ("0", "2", "1"), ("-1", "2", "-1")])
def test_an_environment_that_makes_no_sense_is_refused(given: tuple[str, str, str]) -> None:
    with pytest.raises(BadInput, match="start it with torchrun"):
        ranks.mine(dict(zip(ranks.NAMES, given, strict=True)))


def test_batches_that_cannot_be_shared_are_refused_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    for bs, count, near in ((25, 2, 24), (64, 3, 63), (65, 3, 66), (2, 8, 8)):
        with pytest.raises(BadInput, match=f"give a multiple of {count}: bs={near}"):
            ranks.check_share(bs, count)
    ranks.check_share(64, 4)
    train = ["train", "mnist", "--data", "mnist-sample", "--set", "bs=25"]
    refused = command(*train, "--gpus", "2")
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        "fastai-tui: bs=25 can not be shared evenly by 2 processes; give a multiple of 2: bs=24."
    ]
    for name, value in zip(ranks.NAMES, ("1", "2", "1"), strict=True):
        monkeypatch.setenv(name, value)
    assert command(*train, "--dry-run").returncode == 0  # who would help has nothing to say, and waits for nobody
    assert RunStore().runs() == []


def test_each_process_has_a_gpu_of_its_own() -> None:
    assert [wanted("auto", local) for local in range(3)] == ["cuda:0", "cuda:1", "cuda:2"]
    assert wanted("cuda", 1) == "cuda:1"
    assert wanted("cuda:2", 1) == "cuda:3"
    assert wanted("cpu", 1) == "cpu"


def test_a_checkpoint_is_for_as_many_processes_as_wrote_it() -> None:
    state = {"callbacks": {"Leading": [{}, {}]}, "place": {"step": 7}}
    assert encoded(None, 2) == b""
    assert encoded(state, 3)
    with pytest.raises(RunFailed, match="trained by 3 and not by 2 processes"):
        encoded(state, 2)
    with pytest.raises(RunFailed, match="trained by 1 and not by 2 processes"):
        encoded({"callbacks": {}}, 2)


def test_it_is_told_when_another_process_has_gone_and_not_when_a_shape_is_wrong() -> None:
    assert is_loss(RuntimeError("[pair.cc:561] Connection closed by peer [127.0.0.1]:50604"))
    assert is_loss(torch.distributed.DistBackendError("unhandled system error"))
    assert not is_loss(RuntimeError("mat1 and mat2 shapes cannot be multiplied (4x3 and 2x5)"))
    assert not is_loss(ValueError("broken pipe"))
    assert "\n" not in str(lost(2))
    assert "resume" in str(lost(2))


def test_what_is_wrong_with_a_network_is_no_loss_of_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(parallel.MEETING, str(tmp_path / "meeting"))
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    group = parallel.Group(Rank(0, 1, 0))
    try:
        learn = build(order("cifar10", {"model": "unlisted"}, data="colour-digits", device="cpu"))
        with pytest.raises(BadInput, match="UnlistedNet has nothing to train"):
            group.share(learn)
        with pytest.raises(RuntimeError, match="mat1"), group._together():
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied (4x3 and 2x5)")
        with pytest.raises(RunFailed, match="has ended"), group._together():
            raise RuntimeError("[gloo/transport/tcp/pair.cc:561] Connection closed by peer")
    finally:
        group.leave()
