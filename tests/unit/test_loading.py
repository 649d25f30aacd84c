"""How long loaders are waited for: what is told is what was spent on the same batches, and files do take longer."""

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.home import home
from fastai_tui.engine.interpret import loading
from fastai_tui.engine.loading import Loading, Spent
from fastai_tui.lessons.experiments import order


def job(**settings: Any) -> Any:
    wanted = {"preset": "quick", "model": "linear", "bs": 64} | settings
    return msgspec.to_builtins(order("cifar10", wanted, data="colour-digits", device="cpu"))


def measured(images: int = 256, **settings: Any) -> Loading:
    while True:
        told = loading.answer(job(**settings), images)
        if told.done:
            return told


@pytest.fixture(scope="module")
def one() -> loading.Measured:
    """A linear network with 256 images, nothing measured yet."""
    return loading.measured(msgspec.convert(job(), loading.Job), 256)


def test_both_loaders_give_the_same_batches_out_of_real_files(one: loading.Measured) -> None:
    found = loading.measured(msgspec.convert(job(), loading.Job), 256)
    pairs = list(zip(*(side.batches for side in found.sides), strict=True))
    assert len(pairs) == found.of == 4
    for (xb, yb), (xf, yf) in pairs:
        assert torch.equal(xb, xf)
        assert torch.equal(yb, yf)
    files = sorted((home() / "data" / "files-cache").glob("colour-digits-256-*/*/*.png"))
    assert len(files) == 256
    usual: Any = one.learn.data.train
    pixels = usual.pixels.gather(torch.arange(256)).numpy()
    for row in (0, 100, 255):
        assert np.array_equal(np.asarray(Image.open(files[row])), pixels[row].transpose(1, 2, 0))


def test_what_is_told_is_what_was_spent(one: loading.Measured) -> None:
    """A loader that sleeps 20 ms before each batch is waited for as long, and nothing else is."""
    ready = next(loading.measured(msgspec.convert(job(), loading.Job), 256).sides[0].batches)

    def slow() -> Iterator[Any]:
        for _ in range(3):
            time.sleep(0.02)
            yield ready

    side = loading.Side(slow())
    begun = time.perf_counter()
    while side.read(one.learn):
        pass
    passed = time.perf_counter() - begun
    assert side.count == 3
    assert side.waiting >= 0.06
    assert side.computing > 0
    assert side.waiting + side.computing == pytest.approx(passed, rel=0.2)


def test_the_network_learns_as_it_does_in_training(one: loading.Measured) -> None:
    before = [p.detach().clone() for p in one.learn.model.parameters()]
    one.sides[0].read(one.learn)
    assert any(not torch.equal(p, q) for p, q in zip(before, one.learn.model.parameters(), strict=True))


def test_files_are_waited_for_and_memory_is_not() -> None:
    told = measured()
    assert (told.data, told.bs, told.of, told.epoch, told.device) == ("colour-digits", 64, 4, 4000 // 64, "cpu")
    assert told.resident.batches == told.files.batches == 4
    assert told.files.share > told.resident.share
    assert told.files.waiting > 3 * told.resident.waiting
    assert told.ratio > 1.2
    assert told.ratio == pytest.approx(told.files.whole / told.resident.whole)
    assert loading._measured == {}  # nothing is held any longer than it is asked for


def test_a_network_that_computes_more_waits_for_a_smaller_share() -> None:
    assert measured(model="conv").files.share < measured().files.share - 0.1


def test_what_cannot_be_measured_is_said() -> None:
    with pytest.raises(BadInput, match="make no batch of 512"):
        loading.answer(job(bs=512), 256)
    text = msgspec.to_builtins(order("char-lm", {"preset": "quick"}, data="pydocs", device="cpu"))
    with pytest.raises(BadInput, match="reads no images"):
        loading.answer(text, 256)


def test_nothing_spent_is_no_share() -> None:
    assert Spent().share == 0
    assert Loading(Spent(), Spent(), "x", 1, 1, 1, "cpu", False).ratio == 1
