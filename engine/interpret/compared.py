"""Maps beside what they can be checked against: Grad-CAM beside CAM, and a peak beside the place that is known. Lab
requests."""

import numpy as np
import torch
from PIL import Image

from fastai_tui.engine import heat
from fastai_tui.engine.compared import Agreement, Canvas
from fastai_tui.engine.data.image import Normalise
from fastai_tui.engine.framing import Box, centre
from fastai_tui.engine.interpret import looking
from fastai_tui.engine.interpret.cam import evidence, grad_cam, shown
from fastai_tui.engine.interpret.standing import CATDOG, standing
from fastai_tui.engine.looking import CAT

CLUTTER = "digit-clutter"


def agreement(image: str = CAT, source: str = CATDOG) -> Agreement:
    """The class activation map of the embedded network, and Grad-CAM of another at the end of its trunk, as if it had
    no special head; for `catdog` itself, too. Raises what `looking.answer` and `standing` raise."""
    first, network = looking.answer(image), standing(source)
    photo = Image.frombytes("RGB", first.shown, first.pixels)
    photo = photo.convert("L") if len(network.mean) == 1 else photo
    scale = Normalise(network.mean, network.std, torch.device("cpu"))
    xb = scale(shown(photo, centre(*photo.size), network.size))
    likely = evidence(network.model, xb).probabilities.double().numpy()
    channels = grad_cam(network.model, xb, range(len(likely)), getattr(network.model, "trunk", None))
    found = heat.summed(channels.double().numpy(), likely)
    return Agreement(
        looked=first,
        network=network.of,
        classes=list(network.classes),
        probabilities=likely.tolist(),
        map=found.tolist(),
        agreement=correlation(np.asarray(first.first.map), found),
    )


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Of two maps, the smaller enlarged; 0 where one of them is the same everywhere."""
    height, width = (max(sides) for sides in zip(one.shape, other.shape, strict=True))
    flat = np.stack([heat.enlarged(each, height, width).ravel() for each in (one, other)])
    if float(np.ptp(flat, 1).min()) == 0:
        return 0.0
    return float(np.corrcoef(flat)[0, 1])


def canvas(run: str, row: int = 0) -> Canvas:
    """How a run sees one of the canvases for validation (`row` goes round), and where its digit is. Raises what
    `standing` raises."""
    from fastai_tui.engine.data.digit_clutter import made

    _, valid = made()
    row %= len(valid.labels)
    top, left, bottom, right = valid.boxes[row].tolist()
    photo = Image.fromarray(valid.images[row])
    named = f"{CLUTTER}, canvas {row + 1:,}"
    looked = looking.seen_by(standing(run), photo, named, str(valid.labels[row]), photo.size, zoom=True)
    return Canvas(row, len(valid.labels), looked, Box(left, top, right, bottom))
