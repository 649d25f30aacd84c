"""Receptive fields by arithmetic, against pixels found by walking back layer by layer, and by gradients."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from fastai_tui.engine import receptive
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret import receptive as by_gradient
from fastai_tui.engine.models.first_cnn import broken_net, strided_net
from fastai_tui.engine.models.stability import digits_net
from fastai_tui.engine.receptive import Slide
from fastai_tui.lessons.experiments import order

SLIDES = st.builds(Slide, st.integers(1, 5), st.integers(1, 3), st.integers(0, 3))
NETS = {
    ("mnist-3v7", "cnn"): strided_net,
    ("mnist-3v7", "broken"): broken_net,
    ("mnist", "cnn"): digits_net,
    ("mnist", "cnn3x3"): lambda: digits_net(first=3),
}


def paths_back(layers: list[Slide], sides: list[int], index: int) -> dict[int, int]:
    """Along one axis, how many paths lead from each pixel to the cell: a table, layer by layer."""
    counts = {index: 1}
    for layer, side in zip(reversed(layers), reversed(sides[:-1]), strict=True):
        earlier: dict[int, int] = {}
        for cell, ways in counts.items():
            for offset in range(layer.kernel):
                pixel = cell * layer.stride + offset - layer.padding
                if 0 <= pixel < side:
                    earlier[pixel] = earlier.get(pixel, 0) + ways
        counts = earlier
    return counts


@settings(max_examples=300, deadline=None)
@given(layers=st.lists(SLIDES, max_size=4), pixels=st.integers(5, 30), data=st.data())
def test_arithmetic_covers_the_pixels_that_a_walk_back_finds(
    layers: list[Slide], pixels: int, data: st.DataObject
) -> None:
    try:
        sides = receptive.sizes(layers, pixels)
    except BadInput:
        return
    index = data.draw(st.integers(0, sides[-1] - 1))
    found = paths_back(layers, sides, index)
    field = receptive.seen(layers, index, pixels)
    if found:
        assert min(found) >= field.start
        assert max(found) < field.stop
    if all(layer.stride <= layer.kernel and layer.padding < layer.kernel for layer in layers):
        assert sorted(found) == list(range(field.start, field.stop))  # without gaps


def test_the_course_s_networks_are_as_the_table_says() -> None:
    assert set(receptive.NETWORKS) == set(NETS)
    for name, make in NETS.items():
        convolutions = [m for m in make().modules() if isinstance(m, nn.Conv2d)]
        assert [by_gradient.slide(m, axis) for m in convolutions for axis in (0, 1)] == [
            slide for slide in receptive.NETWORKS[name] for _ in (0, 1)
        ]


def test_the_numbers_of_the_chapter() -> None:
    layers = receptive.NETWORKS["mnist-3v7", "cnn"]
    assert receptive.sizes(layers, 28) == [28, 14, 7, 4, 2, 1]
    assert [receptive.field(layers[:n], 0).size for n in range(6)] == [1, 3, 7, 15, 31, 63]
    rows, columns = receptive.rectangle(layers[:2], (0, 6))
    assert (rows.start, rows.stop, columns.start, columns.stop) == (0, 4, 21, 28)


@pytest.mark.parametrize("cell", [(14, 0), (0, -1), (0, 0, 0)])
def test_a_cell_that_is_not_there_is_a_sentence(cell: tuple[int, int]) -> None:
    with pytest.raises(BadInput, match="grid is 14×14"):
        receptive.rectangle(receptive.NETWORKS["mnist", "cnn"][:1], cell)


@settings(max_examples=40, deadline=None)
@given(
    layers=st.lists(st.builds(Slide, st.integers(2, 4), st.integers(1, 2), st.integers(0, 1)), min_size=1, max_size=3),
    channels=st.integers(1, 3),
    norm=st.booleans(),
    data=st.data(),
)
def test_the_gradient_counts_the_paths(layers: list[Slide], channels: int, norm: bool, data: st.DataObject) -> None:
    side = 12
    try:
        sides = receptive.sizes(layers, side)
    except BadInput:
        return
    cell = [data.draw(st.integers(0, sides[-1] - 1)) for _ in range(2)]
    parts: list[nn.Module] = []
    for i, layer in enumerate(layers):
        conv = nn.Conv2d(channels if i else 1, channels, layer.kernel, layer.stride, layer.padding)
        parts += [conv, nn.ReLU(), *([nn.BatchNorm2d(channels)] if norm else [])]
    model = nn.Sequential(*parts)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) - 1)  # as dead as a network can be
    counter = by_gradient.path_counter(model)
    convolutions = [m for m in counter.modules() if isinstance(m, nn.Conv2d)]
    found, grid = by_gradient.gradient(counter, convolutions, torch.Size((1, side, side)), cell)
    rows, columns = (paths_back(layers, sides, index) for index in cell)
    expected = torch.zeros(side, side, dtype=torch.float64)
    for i, j in itertools.product(rows, columns):
        expected[i, j] = rows[i] * columns[j] * channels ** len(layers)
    assert grid == [sides[-1], sides[-1]]
    scale = (1 + 1e-5) ** -0.5 if norm else 1.0  # batch norm's own eps, between the layers
    assert torch.allclose(found, expected * scale ** (len(layers) - 1))


@pytest.mark.parametrize(("experiment", "model"), list(NETS))
def test_both_ways_agree_for_every_cell_of_every_layer(experiment: str, model: str) -> None:
    job = order(experiment, {"model": model}, data="mnist-sample", device="cpu")
    layers = receptive.NETWORKS[experiment, model]
    for layer, side in enumerate(receptive.sizes(layers, 28)):
        for cell in {(0, 0), (side // 2, 0), (side - 1, side // 3), (side - 1, side - 1)}:
            found = by_gradient.answer(by_gradient.msgspec.to_builtins(job), layer, list(cell))
            rows, columns = receptive.rectangle(layers[:layer], cell)
            assert found["agree"]
            assert found["rectangle"] == found["touched"] == [rows.start, columns.start, rows.stop, columns.stop]
            assert found["grid"] == [side, side]
            assert max(map(max, found["gradient"])) == 1


@pytest.mark.parametrize(("layer", "cell", "said"), [(6, [0, 0], "1 to 5"), (-1, [0, 0], "1 to 5"), (2, [7, 0], "7×7")])
def test_what_is_not_there_is_a_sentence(layer: int, cell: list[int], said: str) -> None:
    job = order("mnist-3v7", {}, data="mnist-sample", device="cpu")
    with pytest.raises(BadInput, match=said):
        by_gradient.answer(by_gradient.msgspec.to_builtins(job), layer, cell)
