"""Kernels for colour against PyTorch's, and the embedded cat against the photo that it was made from."""

import hashlib
from importlib.resources import files

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fastai_tui.engine import colour
from fastai_tui.engine.colour import COLOUR_KERNELS, ColourKernel
from fastai_tui.engine.convolution import place
from fastai_tui.engine.errors import BadInput

DATA = files("fastai_tui.assets") / "data"


@st.composite
def problems(draw: st.DrawFn) -> tuple[torch.Tensor, ColourKernel]:
    channels, tall, wide = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    height, width = draw(st.integers(tall, 9)), draw(st.integers(wide, 9))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = chance.integers(-9, 10, (channels, tall, wide)).tolist()
    slices = tuple(tuple(tuple(row) for row in rows) for rows in weights)
    return torch.tensor(chance.integers(0, 256, (channels, height, width))), ColourKernel("any", slices)


def by_torch(image: torch.Tensor, kernel: ColourKernel, stride: int = 1, padding: int = 0) -> torch.Tensor:
    weights = torch.tensor(kernel.slices, dtype=torch.float64)[None]
    return F.conv2d(image[None].double(), weights, stride=stride, padding=padding)[0, 0]


@settings(deadline=None)
@given(problems())
def test_the_map_of_all_channels_is_conv2ds(problem: tuple[torch.Tensor, ColourKernel]) -> None:
    image, kernel = problem
    found = colour.convolve_channels(image.tolist(), kernel)
    assert torch.equal(torch.tensor(found, dtype=torch.float64), by_torch(image, kernel))


@settings(deadline=None)
@given(problems(), st.integers(1, 3), st.integers(0, 2), st.data())
def test_the_windows_results_add_up_to_the_maps_cell(
    problem: tuple[torch.Tensor, ColourKernel], stride: int, padding: int, data: st.DataObject
) -> None:
    image, kernel = problem
    expected = by_torch(image, kernel, stride, padding)
    index = data.draw(st.tuples(*(st.integers(0, size - 1) for size in expected.shape)))
    first = colour.Kernel(None, kernel.slices[0])
    found = colour.windows(image.tolist(), kernel, place(index, first, stride, padding), stride, padding)
    assert sum(window.result for window in found) == expected[index]
    for window, weights in zip(found, kernel.slices, strict=True):
        assert np.array_equal(np.multiply(window.patch, weights), window.products)


@pytest.mark.parametrize("kernel", COLOUR_KERNELS, ids=lambda kernel: kernel.name)
def test_the_largest_sum_is_what_black_and_white_pixels_can_reach(kernel: ColourKernel) -> None:
    assert kernel.shape == (3, 3, 3)
    weights = np.array(kernel.slices)
    ends = [int((255 * (weights > 0) * weights).sum()), -int((255 * (weights < 0) * weights).sum())]
    assert kernel.largest == max(ends)


def test_as_many_slices_as_channels_are_asked_for() -> None:
    with pytest.raises(BadInput, match="1 channels and the kernel 3 slices"):
        colour.convolve_channels([((1, 2, 3),) * 3], COLOUR_KERNELS[0])


def test_the_cat_is_the_photo_shrunk() -> None:
    photo = Image.open(str(DATA / "chelsea.png")).convert("RGB")
    small = np.asarray(photo.resize((36, 24), Image.Resampling.BOX)).astype(int)
    assert np.abs(np.moveaxis(small, 2, 0) - np.array(colour.cat())).max() <= 1


def test_the_photo_is_scikit_images_own_and_the_provenance_says_so() -> None:
    words = (files("fastai_tui.assets") / "PROVENANCE.md").read_text()
    for name in ("chelsea.png", colour.CAT):
        content = (DATA / name).read_bytes()
        assert f"| `{name}` | {len(content):,} | `{hashlib.sha256(content).hexdigest()}` |" in words


@pytest.mark.parametrize(
    "content", [b"", b"P6", b"P5\n1 1\n255\n\0", b"P6\n2 2\n255\n\0\0", b"P6\n1 1\n65535\n" + b"\0" * 6]
)
def test_a_broken_picture_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match="install fastai-tui again"):
        colour.read_ppm(content)


@given(st.integers(1, 5), st.integers(1, 5), st.data())
def test_any_ppm_comes_back_as_its_channels(width: int, height: int, data: st.DataObject) -> None:
    pixels = data.draw(st.binary(min_size=3 * width * height, max_size=3 * width * height))
    found = colour.read_ppm(b"P6\n%d %d\n255\n" % (width, height) + pixels)
    expected = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
    assert np.array_equal(np.moveaxis(expected, 2, 0), found)
