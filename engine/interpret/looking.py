"""Where a network looks in one photo: the lab's answer for the command `cam` and for the panes that show photos."""

import difflib
import warnings
from functools import lru_cache

import numpy as np
import torch
from PIL import Image

from fastai_tui.engine import heat
from fastai_tui.engine.data.image import Normalise
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.framing import Box, square
from fastai_tui.engine.interpret.cam import Look, look
from fastai_tui.engine.interpret.localise import SIDE as PIECE
from fastai_tui.engine.interpret.standing import CATDOG, Standing, standing
from fastai_tui.engine.looking import CAT, Looked, Seen, file_of
from fastai_tui.engine.pictures import FORMATS, shown

MOST, SHOWN = 2048, 800  # the longest side at which a photo is looked at, and at which it is handed on
NAMED = 8  # classes in a sentence


def answer(
    image: str = CAT, source: str = CATDOG, weights: str = "", arch: str = "", of: str = "", zoom: bool = False
) -> Looked:
    """What a network sees in a photo and where: a lab request. `image` is a path, a data set's NAME:INDEX or `CAT`.

    The network is a run's or the embedded one (`source`), or with `arch` torchvision's of that name, with the weights
    in a file or torch's cache. `of` names the class to look for ("": all of them, as far as they are likely); `zoom`
    cuts the hottest region out and looks again. Raises `BadInput`, `DataMissing`, and as `standing`.
    """
    network = _of_torchvision(arch, weights) if arch else standing(source)
    number = _number(of, network.classes) if of else None
    photo, label, size = _opened(image)
    return seen_by(network, photo, image, label, size, number, zoom=zoom)


def seen_by(
    network: Standing,
    photo: Image.Image,
    image: str,
    label: str | None,
    size: tuple[int, int],
    number: int | None = None,
    *,
    zoom: bool = False,
) -> Looked:
    """The same for a photo that is open already: called `image`, of that label, and (width, height) `size` before it
    was reduced. `number` is the class to look for."""
    scale = Normalise(network.mean, network.std, torch.device("cpu"))
    ready = photo.convert("L" if len(network.mean) == 1 else "RGB")
    first = look(network.model, ready, scale, network.size)
    again = None
    if zoom and (region := first.around(_map(first, number))):
        again = look(network.model, ready, scale, *_piece(network, first, number, region))
    small = photo.convert("RGB")
    small.thumbnail((SHOWN, SHOWN))
    factor = size[0] / photo.width
    return Looked(
        image=shown(image),
        label=label,
        width=size[0],
        height=size[1],
        shown=small.size,
        pixels=small.tobytes(),
        network=network.of,
        kind=first.kind,
        classes=list(network.classes),
        of=network.classes[number] if number is not None else "",
        first=_seen(first, number, factor),
        zoomed=_seen(again, number, factor) if again else None,
    )


def _piece(network: Standing, first: Look, number: int | None, region: Box) -> tuple[int, Box]:
    """At how many pixels a side what is looked at again, and what that is: the hottest region; or for a network that
    knows things of one size alone as much around the peak as one of them takes, at the scale of the first look."""
    if network.enlarges:
        return network.size, region
    scale = min(first.box.width, first.box.height) / network.size
    x, y = first.box.place(*heat.peak(_map(first, number), first.field))
    piece = square(Box(x, y, x, y), first.width, first.height, PIECE * scale)
    return round(piece.width / scale), Box(*(float(round(edge)) for edge in piece.bounds()))


def _map(seen: Look, number: int | None) -> np.ndarray:
    return seen.heat if number is None else heat.of_class(seen.channels, number)


def _seen(found: Look, number: int | None, factor: float) -> Seen:
    """The same as plain values, with places in pixels of the photo itself."""
    there = _map(found, number)
    region = found.around(there)
    x, y = found.box.place(*heat.peak(there, found.field))
    return Seen(
        box=_larger(found.box, factor),
        probabilities=found.probabilities.tolist(),
        map=there.tolist(),
        channels=found.channels.tolist(),
        peak=(x * factor, y * factor) if region else None,
        hottest=region and _larger(region, factor),
        field=found.field,
    )


def _larger(box: Box, factor: float) -> Box:
    return Box(*(edge * factor for edge in box.bounds()))


def _opened(image: str) -> tuple[Image.Image, str | None, tuple[int, int]]:
    """A photo no larger than `MOST`, its label, and its own width and height."""
    from fastai_tui.engine.data.photos import read_photo
    from fastai_tui.engine.data.upright import upright_size

    path = file_of(image)
    if path is None:
        found, label = _of_data_set(image)
        return found, label, found.size
    photo = read_photo(path, most=MOST)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of broken tags: the photo has been read
        with Image.open(path, formats=FORMATS) as opened:
            return photo, None, upright_size(opened)


def _of_data_set(reference: str) -> tuple[Image.Image, str | None]:
    from fastai_tui.engine.data import store
    from fastai_tui.engine.data.catalogue import DATA_SETS

    pixels, label = store.image(reference)
    entry = DATA_SETS.get(reference.rpartition(":")[0])
    laid = pixels.transpose(1, 2, 0) if pixels.ndim == 3 else pixels
    named = entry.classes[label] if entry and label < len(entry.classes) else None
    return Image.fromarray(np.ascontiguousarray(laid)), named


@lru_cache(maxsize=1)
def _of_torchvision(arch: str, weights: str) -> Standing:
    from fastai_tui.engine.models.whole import whole

    found = whole(arch, weights)
    return Standing(found.model, arch, found.classes, found.size, found.mean, found.std)


def _number(name: str, classes: tuple[str, ...]) -> int:
    if name in classes:
        return classes.index(name)
    if len(classes) > NAMED:
        near = difflib.get_close_matches(name, classes, 3, 0.5)
        named = f"did you mean {' or '.join(near)}?" if near else f"it knows {len(classes)}, such as {classes[0]}."
    else:
        named = f"it knows {', '.join(classes)}."
    raise BadInput(f"The network knows no class called {shown(name)!r}: {named}")
