"""Where a network looks: class activation maps through a hook, Grad-CAM for networks without the head for it, and what
is in the hottest region when it is cut out and looked at again.

Sources: Zhou et al. (arXiv 1512.04150), Selvaraju et al. (arXiv 1610.02391).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from fastai_tui.engine import heat
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.framing import Box, centre, sides, square
from fastai_tui.engine.interpret.lattice import Lattice
from fastai_tui.engine.interpret.trained import probabilities
from fastai_tui.engine.models.heads import CamHead

if TYPE_CHECKING:
    from PIL.Image import Image

Kind = Literal["cam", "grad-cam"]
LEAST = 0.25  # of a photo's shorter side: what is cut out has no shorter one, there would be too few pixels


@dataclass(frozen=True)
class Evidence:
    """What a network says of one picture, and a map for each class: with CAM the scores' own parts, whose average is
    the score; with Grad-CAM what the features at each place add to the score, as far as its slope goes."""

    kind: Kind
    probabilities: Tensor  # (classes,)
    scores: Tensor  # (classes,), before softmax
    channels: Tensor  # (classes, height, width), before ReLU
    field: Box  # the part of the picture that the cells of the maps have among them, as shares of it


class Features:
    """Keeps what a layer makes, by a forward hook that is gone when the `with` is left: `output` is the last it made,
    `fired` how often it was called."""

    def __init__(self, layer: nn.Module) -> None:
        self.layer, self.fired = layer, 0
        self.output = torch.empty(0)

    def __enter__(self) -> "Features":
        self._handle = self.layer.register_forward_hook(self._keep)
        return self

    def __exit__(self, *trouble: object) -> None:
        self._handle.remove()

    def _keep(self, module: nn.Module, inputs: Any, output: Tensor) -> None:
        self.output = output.detach().clone()  # the next layer may write into it
        self.fired += 1


def evidence(model: nn.Module, xb: Tensor) -> Evidence:
    """What `model` makes of a ready picture (1, channels, height, width): through its head's convolution where it has
    that head, by Grad-CAM otherwise. The model stays as it is. Raises `BadInput` for one without any maps."""
    found = next((module for module in model.modules() if isinstance(module, CamHead)), None)
    if found is None:
        return by_gradients(model, xb)
    with _evaluating(model), torch.no_grad(), Features(found.conv) as features, Lattice(model, found.conv) as lattice:
        likely = _likely(model(xb))
    channels = features.output[0].float()
    return Evidence("cam", likely, channels.mean((1, 2)), channels, lattice.field)


def last_grid(model: nn.Module, xb: Tensor) -> nn.Module:
    """The last layer that makes maps of more than one place. Raises `BadInput` if there is none."""
    found: list[nn.Module] = []

    def note(module: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and output.shape[2] * output.shape[3] > 1:
            found.append(module)

    handles = [module.register_forward_hook(note) for module in model.modules() if module is not model]
    try:
        with _evaluating(model), torch.no_grad():
            model(xb)
    finally:
        for handle in handles:
            handle.remove()
    if not found:
        raise BadInput(
            f"{type(model).__name__} makes no maps, so it cannot be said where it looks; take one that does."
        )
    return found[-1]


def by_gradients(model: nn.Module, xb: Tensor, layer: nn.Module | None = None) -> Evidence:
    """The same by Grad-CAM, whatever the head: `layer` is the one whose maps are weighted, the last that has any unless
    given. The slopes are those of the scores before softmax."""
    layer = layer or last_grid(model, xb)
    with _evaluating(model), Lattice(model, layer) as lattice:
        outputs, scores, maps = _traced(model, xb, layer)
        channels = torch.stack([_weighted(score, maps) for score in scores])
    return Evidence("grad-cam", _likely(outputs.detach()), scores.detach(), channels, lattice.field)


def _traced(model: nn.Module, xb: Tensor, layer: nn.Module) -> tuple[Tensor, Tensor, Tensor]:
    """The outputs, the scores (classes,) and the maps of `layer` (channels, height, width), of which the scores have
    gradients. Nothing before the layer is kept for them, so that it matters not whether that learns."""
    kept: dict[str, Tensor] = {}

    def cut(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        kept["maps"] = output.detach().clone().requires_grad_()
        return kept["maps"].clone()  # the next layer may write into it

    def before(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        kept["scores"] = inputs[0]

    softmaxes = [module for module in model.modules() if isinstance(module, (nn.LogSoftmax, nn.Softmax))]
    handles = [layer.register_forward_hook(cut), *(each.register_forward_pre_hook(before) for each in softmaxes)]
    try:
        with torch.enable_grad():
            outputs = model(xb)
    finally:
        for handle in handles:
            handle.remove()
    scores = kept.get("scores", outputs)[0]
    return outputs, torch.cat([-scores, scores]) if len(scores) == 1 else scores, kept["maps"]


def _weighted(score: Tensor, maps: Tensor) -> Tensor:
    """The maps' sum, each with the mean of the score's slope on it."""
    (slopes,) = torch.autograd.grad(score, maps, retain_graph=True)
    return (slopes.mean((2, 3), keepdim=True) * maps.detach()).sum(1)[0].float()


def _likely(outputs: Tensor) -> Tensor:
    found = probabilities(outputs.float())
    if found is None:
        raise BadInput(
            "What this network answers is no class, so there is nothing to look for; take one that names one."
        )
    return found[0]


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """All layers in evaluation mode, and afterwards each as it was."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@dataclass(frozen=True)
class Look:
    """What a network said of the part `box` of a photo of `width` × `height`, as numpy arrays: see `Evidence`."""

    kind: Kind
    width: int
    height: int
    box: Box
    probabilities: np.ndarray
    scores: np.ndarray
    channels: np.ndarray
    field: Box

    @property
    def heat(self) -> np.ndarray:
        """The map of all classes by their probabilities, not scaled."""
        return heat.summed(self.channels, self.probabilities)

    @property
    def peak(self) -> tuple[float, float]:
        """Where in the photo the map is hottest: (x, y) in pixels."""
        return self.box.place(*heat.peak(self.heat, self.field))

    @property
    def hottest(self) -> Box | None:
        """The square of the photo around the map's hottest region; None for a map that is the same everywhere."""
        return self.around(self.heat)

    def around(self, found: np.ndarray) -> Box | None:
        """The same for another map, such as that of one class."""
        region = heat.hottest(found, field=self.field)
        least = LEAST * min(self.width, self.height)
        return region and square(self.box.part(region), self.width, self.height, least)


def look(
    model: nn.Module, photo: "Image", normalise: Callable[[Tensor], Tensor], size: int, box: Box | None = None
) -> Look:
    """Show a photo (RGB, or grey) to a network, as a picture with `size` pixels along its shorter side: the part `box`,
    or the square in the middle, which is what it sees in validation. `normalise` makes inputs of bytes (1, channels,
    height, width)."""
    box = box or centre(*photo.size)
    found = evidence(model, normalise(shown(photo, box, size)))
    likely, scores, channels = (
        tensor.cpu().numpy().astype(np.float64) for tensor in (found.probabilities, found.scores, found.channels)
    )
    return Look(found.kind, *photo.size, box, likely, scores, channels, found.field)


def zoomed(
    model: nn.Module, photo: "Image", before: Look, normalise: Callable[[Tensor], Tensor], size: int
) -> Look | None:
    """Cut the hottest region out of the photo, and look again; None if there is none."""
    return look(model, photo, normalise, size, before.hottest) if before.hottest else None


def shown(photo: "Image", box: Box, size: int) -> Tensor:
    """The part `box` of a photo as bytes (1, channels, height, width), its shorter side `size` long, antialiased."""
    from PIL.Image import Resampling

    height, width = sides(box, size)
    pixels = np.array(photo.resize((width, height), Resampling.BILINEAR, box=box.bounds()))
    return torch.from_numpy(pixels if pixels.ndim == 3 else pixels[..., None]).permute(2, 0, 1)[None]
