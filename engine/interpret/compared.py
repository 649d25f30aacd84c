"""Maps beside what they can be checked against: Grad-CAM beside CAM, and a peak beside the place that is known. Lab
requests."""

import numpy as np
import torch
from PIL import Image

from fastai_tui.engine import heat
from fastai_tui.engine.compared import Agreement, Canvas
from fastai_tui.engine.data.image import Normalise
from fastai_tui.engine.framing import WHOLE, Box, centre
from fastai_tui.engine.interpret import looking
from fastai_tui.engine.interpret.cam import by_gradients, shown
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
    evidence = by_gradients(network.model, xb, getattr(network.model, "trunk", None))
    likely = evidence.probabilities.double().numpy()
    found = heat.summed(evidence.channels.double().numpy(), likely)
    return Agreement(
        looked=first,
        network=network.of,
        classes=list(network.classes),
        probabilities=likely.tolist(),
        map=found.tolist(),
        field=evidence.field,
        agreement=correlation(np.asarray(first.first.map), found, (first.first.field, evidence.field)),
    )


def correlation(one: np.ndarray, other: np.ndarray, fields: tuple[Box, Box] = (WHOLE, WHOLE)) -> float:
    """Of two maps, the smaller enlarged, and each where its cells lie; 0 where one of them is the same everywhere."""
    height, width = (max(sides) for sides in zip(one.shape, other.shape, strict=True))
    where = (WHOLE, WHOLE) if fields[0] == fields[1] else fields
    pairs = zip((one, other), where, strict=True)
    flat = np.stack([heat.enlarged(each, height, width, field).ravel() for each, field in pairs])
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
