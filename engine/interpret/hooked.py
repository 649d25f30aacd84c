"""A forward pass with a hook at every layer: what each of them holds. A lab request."""

import torch
from torch import Tensor, nn

from fastai_tui.engine.data.image import Normalise
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.framing import centre
from fastai_tui.engine.hooked import Hooked, Passed
from fastai_tui.engine.interpret.cam import Features, shown
from fastai_tui.engine.interpret.standing import CATDOG, standing
from fastai_tui.engine.looking import CAT, CAT_FILE
from fastai_tui.engine.models.heads import Pretrained

MOST = 7  # numbers a side of what is shown of a map


def answer(source: str = CATDOG) -> Hooked:
    """Call a network with the embedded photo, a hook at each of its trunk's units and of its head's layers. Raises
    `BadInput` for a network without a trunk, and as `standing`."""
    from fastai_tui.engine.data.photos import read_photo

    network = standing(source)
    model = network.model
    if not isinstance(model, Pretrained):
        raise BadInput(f"{network.of} is no network on a pretrained trunk; take catdog, or a run of dogscats.")
    photo = read_photo(CAT_FILE)
    scale = Normalise(network.mean, network.std, torch.device("cpu"))
    xb = scale(shown(photo, centre(*photo.size), network.size))
    layers = units(model)
    hooks = [Features(layer) for _, layer in layers]
    for hook in hooks:
        hook.__enter__()
    try:
        with torch.no_grad():
            likely = model(xb)[0].float().softmax(0)
    finally:
        for hook in hooks:
            hook.__exit__()
    best = int(likely.argmax())
    passed = [_passed(name, layer, hook.output) for (name, layer), hook in zip(layers, hooks, strict=True)]
    return Hooked(network.of, CAT, passed, network.classes[best], float(likely[best]))


def units(model: Pretrained) -> list[tuple[str, nn.Module]]:
    """The trunk's units and the head's layers, by their names in the network, in the order in which they are called."""
    names = {layer: name for name, layer in model.named_modules()}
    found = [layer for part in model.trunk.parts for layer in part.children()]
    return [(names[layer], layer) for layer in [*found, *model.head.children()]]


def _passed(name: str, layer: nn.Module, made: Tensor) -> Passed:
    first = made[0, 0] if made.ndim == 4 else made[:1]
    return Passed(name, type(layer).__name__, list(made.shape), first[:MOST, :MOST].float().tolist())
