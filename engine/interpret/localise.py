"""Does a network look at what it names? Measured where the place is known: the peak of the map against the box."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fastai_tui.engine.callback import Callback
from fastai_tui.engine.data.batches import Loader
from fastai_tui.engine.data.digit_clutter import made
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.framing import WHOLE, Box
from fastai_tui.engine.interpret.lattice import Lattice
from fastai_tui.engine.interpret.trained import load
from fastai_tui.engine.localised import Localised
from fastai_tui.engine.models.clutter import ClutterNet

if TYPE_CHECKING:
    from numpy import ndarray

SIDE = 40  # pixels of the piece that is cut out: a digit, wherever in it the peak is


class Localisation(Callback):
    """After every epoch, gives its results one more: `inside`, the share of validation images on which the map's peak
    lies in the image's box, of (n, 4): first row and column, and those behind the last."""

    order = 45  # before what records
    leads = True

    def __init__(self, boxes: "ndarray") -> None:
        self.boxes = torch.tensor(boxes, dtype=torch.float32)

    def after_epoch(self) -> None:
        """Look at every validation image."""
        learn = self.learn
        assert isinstance(learn.model, ClutterNet)
        places = torch.cat([place.cpu() for _, _, place in looked(learn.model, learn.data.valid)])
        learn.results = {**learn.results, "inside": float(within(places, self.boxes).double().mean())}


def peaks(maps: Tensor, likely: Tensor, size: tuple[int, int], field: Box = WHOLE) -> Tensor:
    """Where the map is highest, the sum over classes of probability × ReLU of the class's channel: (n, 2), the row and
    the column of that cell's middle, in pixels of images of that height and width, of which all cells have `field`."""
    heat = (likely[:, :, None, None] * maps.relu()).sum(1)
    height, width = heat.shape[1:]
    at = heat.flatten(1).argmax(1)
    down, across = at.div(width, rounding_mode="floor"), at % width
    row = (field.top + (down + 0.5) / height * field.height) * size[0]
    column = (field.left + (across + 0.5) / width * field.width) * size[1]
    return torch.stack([row, column], 1)


def within(places: Tensor, boxes: Tensor) -> Tensor:
    """Which of the places (n, 2) lie in their boxes (n, 4): (n,)."""
    return ((places >= boxes[:, :2]) & (places < boxes[:, 2:])).all(1)


def answer(run: str) -> Localised:
    """How well a run of `digit-clutter` localises. A lab request. Raises what `trained.load` raises, and `BadInput` for
    a run of something else."""
    found = load(run)
    model = found.learn.model
    if not isinstance(model, ClutterNet) or found.learn.data.facts.name != "digit-clutter":
        raise BadInput(f"Where the digit is, is known of digit-clutter alone, and {found.run.id} is none of its runs.")
    boxes = torch.tensor(made()[1].boxes, dtype=torch.float32)
    seen = [(likely, places, _sure(model, around(xb, places))) for xb, likely, places in looked(model, found.valid)]
    likely, places, cut = (torch.cat(part) for part in zip(*seen, strict=True))
    inside, truth = within(places, boxes), found.valid.labels[:, None]
    return Localised(
        run=found.run.id,
        step=found.step,
        total=len(truth),
        accuracy=float((likely.argmax(1, keepdim=True) == truth).double().mean()),
        inside=float(inside.double().mean()),
        outside=torch.nonzero(~inside).flatten().tolist(),
        before=float(likely.amax(1).double().mean()),
        after=float(cut.amax(1).double().mean()),
        cut_accuracy=float((cut.argmax(1, keepdim=True) == truth).double().mean()),
        side=SIDE,
    )


@torch.no_grad()
def looked(model: ClutterNet, loader: Loader) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Of the batches of a loader, in order: images, the classes' probabilities (n, classes) and the peaks (n, 2)."""
    model.eval()
    for xb, _ in loader.batches(0):
        with Lattice(model, model.head.conv) as lattice:
            maps = model.maps(xb).float()
        likely = maps.mean((2, 3)).softmax(1)
        yield xb, likely, peaks(maps, likely, (xb.shape[2], xb.shape[3]), lattice.field)


@torch.no_grad()
def _sure(model: ClutterNet, images: Tensor) -> Tensor:
    return model.maps(images).mean((2, 3)).softmax(1)


def around(images: Tensor, places: Tensor, side: int = SIDE) -> Tensor:
    """The pieces (n, channels, side, side) of images around places (n, 2), as far in as the edges ask for."""
    limits = torch.tensor([size - side for size in images.shape[-2:]], device=images.device)
    corners = (places - side / 2).round().long().clamp_min(0).minimum(limits)
    steps = torch.arange(side, device=images.device)
    rows, columns = (corners[:, axis, None] + steps for axis in (0, 1))
    every = torch.arange(len(images), device=images.device)[:, None, None]
    return images.permute(0, 2, 3, 1)[every, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
