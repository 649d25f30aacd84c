"""The embedded network on the embedded cat: it says what it is, and where, wherever the cat has been put."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastai_tui.engine.interpret.looking import answer
from fastai_tui.engine.looking import CAT_FILE

SIDE, PLACES = 448, 20
SCALE = 0.4


def texture(random: np.random.Generator) -> Image.Image:
    """Soft patches of colour, from noise at three scales."""
    layers = [random.integers(60, 196, (side, side, 3)).astype(np.uint8) for side in (7, 28, 112)]
    large = [np.asarray(Image.fromarray(layer).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for layer in layers]
    return Image.fromarray(np.mean(large, 0).astype(np.uint8))


def test_the_cat_is_a_cat() -> None:
    found = answer()
    assert (found.network, found.kind) == ("catdog", "cam")
    name, share = found.ranked(found.first)[0]
    assert name.startswith("cat")
    assert share > 0.9
    assert np.array(found.first.map).shape == (7, 7)


def test_the_maps_peak_is_in_the_cat_wherever_it_is(tmp_path: Path) -> None:
    random = np.random.default_rng(42)
    cat = Image.open(CAT_FILE).convert("RGB")
    cat = cat.resize((round(SCALE * cat.width), round(SCALE * cat.height)), Image.Resampling.LANCZOS)
    inside = 0
    for number in range(PLACES):
        canvas = texture(random)
        left, top = (int(random.integers(0, SIDE - side + 1)) for side in cat.size)
        canvas.paste(cat, (left, top))
        path = tmp_path / f"{number}.png"
        canvas.save(path)
        found = answer(str(path))
        x, y = found.first.peak or (-1, -1)
        inside += left <= x <= left + cat.width and top <= y <= top + cat.height
    assert inside >= 18


def test_it_knows_two_classes() -> None:
    found = answer()
    assert len(found.classes) == 2
    assert sum(found.first.probabilities) == pytest.approx(1, abs=1e-5)
    assert any(name.startswith("dog") for name in found.classes)
