"""Trunks of pretrained networks: what is left of torchvision's classification networks without their heads."""

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from fastai_tui.engine.backbones import EMBEDDED, MEAN, STD, Backbone, backbone, likely
from fastai_tui.engine.data.fetch import Notice, Progress
from fastai_tui.engine.data.weights import found_weights, get_weights
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.models.weight_files import STATISTICS, Weights, named_as, parameters, read_weights

SHIPPED = Path(__file__).parents[2] / "assets" / "weights" / "mobilenet_v2-trunk.safetensors"
RANDOM = "none"
HEADS = ("avgpool", "classifier", "fc", "dropout", "aux1", "aux2", "AuxLogits")  # what is cut off, whatever its name
CHAINS = ("features", "layers", "trunk_output")  # networks whose layers are not their own children have them in there
HALVES = ("googlenet", "inception_v3", "efficientnet_v2_l")  # were trained with mean and deviation one half
PROBE = 128  # pixels a side of a picture to look through with
RESCALED = "rescaled"

Report = Callable[[Progress | Notice], None]


class Rescaled(nn.Module):
    """From what ImageNet's mean and deviation make of a picture to what those of one half make of it."""

    def __init__(self) -> None:
        super().__init__()
        for name, numbers in (("mult", [s / 0.5 for s in STD]), ("add", [(m - 0.5) / 0.5 for m in MEAN])):
            self.register_buffer(name, torch.tensor(numbers).view(-1, 1, 1), persistent=False)

    def forward(self, xb: Tensor) -> Tensor:
        """(batch, 3, height, width) → the same."""
        return xb * self.get_buffer("mult") + self.get_buffer("add")


class Trunk(nn.Sequential):
    """The layers of the network called `name` up to its pooling, under the names that they have there. They make
    (batch, `channels`, height/`stride`, width/`stride`) of pictures that ImageNet's mean and deviation have normalised.

    `parts` are its layer groups, early and late. Late begins where the grid has twice the last one's sides, a
    sixteenth of the picture's mostly, which is where fast.ai cuts ResNet and DenseNet. A part of which nothing learns
    computes as in evaluation: what it makes of a picture is always the same, and its running statistics stay.
    """

    parts: list[nn.ModuleList]

    def __init__(self, about: Backbone, layers: dict[str, nn.Module]) -> None:
        super().__init__()
        self.name, self.channels, self.stride = about.name, about.channels, about.stride
        for name, layer in layers.items():
            self.add_module(name, layer)
        units = list(_units(layers))
        cut = _cut(units, PROBE // (about.stride // 2))
        self.parts = [nn.ModuleList(units[:cut]), nn.ModuleList(units[cut:])]

    def train(self, mode: bool = True) -> "Trunk":
        """Training mode for the parts that learn."""
        super().train(mode)
        for part in self.parts:
            part.train(mode and any(p.requires_grad for p in part.parameters()))
        return self


def trunk(name: str, weights: str = "", report: Report | None = None) -> Trunk:
    """The trunk of the network called `name`, or `embedded`, in float32 on the CPU.

    `weights` is a file of them, or `none` for random ones; else they are torchvision's default ones, from torch's
    cache, or, if `report` hears of the progress, from where they can be fetched. Raises `BadInput` for a name that is
    none or for weights that do not fit, `DataMissing` if they are not on this machine, and as `get_weights`.
    """
    about = backbone(name)
    if weights == RANDOM:
        return _built(about, "cpu")
    if weights:
        path = Path(weights).expanduser()
    elif name == EMBEDDED:
        path = SHIPPED
    else:
        if report is not None:
            get_weights(name, report)
        path = found_weights(name)
    return _filled(about, path)


def _filled(about: Backbone, path: Path) -> Trunk:
    """The trunk with the weights in a file. Those that it is built with are never made: they would be replaced."""
    found = read_weights(path)
    made = _built(about, "cpu" if about.name.startswith("regnet") else "meta")  # whose widths are computed with torch
    state = made.state_dict()
    wanted = {name: t for name, t in state.items() if not name.endswith("num_batches_tracked")}
    children = [name for name, _ in made.named_children() if name != RESCALED]
    named = named_as(wanted, found, children)
    _check(about, path, wanted, named, found)
    # only now that all shapes are right: a small file can describe tensors that no memory holds
    ready = {name: named[name].float().contiguous() for name in wanted}
    if not all(bool(tensor.isfinite().all()) for tensor in ready.values()):
        raise BadInput(f"The weights in {path} are not all numbers: some are infinite or NaN; get others.")
    counts = {name: torch.zeros((), dtype=torch.int64) for name in state.keys() - wanted.keys()}
    made.load_state_dict(ready | counts, assign=True)
    return made


def _check(about: Backbone, path: Path, wanted: Weights, named: Weights, found: Weights) -> None:
    """Raises `BadInput` for weights of another network, or too few of them."""
    missing = [name for name in wanted if name not in named]
    other = [name for name in wanted if name in named and named[name].shape != wanted[name].shape]
    surplus = [name for name in named if name not in wanted and not name.endswith(STATISTICS)]
    if other or surplus or len(missing) > len(wanted) / 2:
        why = _reason(wanted, named, other, surplus)
        raise BadInput(f"{path} holds the weights of another network than {about.name}{why}{_guess(found)}.")
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise BadInput(
            f"{path} lacks {missing[0]}{more} of the {len(wanted)} tensors of {about.name}'s trunk; give all of it."
        )


def _reason(wanted: Weights, named: Weights, other: list[str], surplus: list[str]) -> str:
    if other:
        here, there = ("×".join(map(str, of[other[0]].shape)) or "one number" for of in (wanted, named))
        return f": {other[0]} is {there} there, and {here} here"
    return f": it has {surplus[0]}, too" if surplus else ""


def _guess(found: Weights) -> str:
    names = likely(parameters(found))
    return f"; with so many parameters it may be {' or '.join(names)}: give that name" if names else ""


def _built(about: Backbone, device: str) -> Trunk:
    """The trunk as torchvision builds it, without its head."""
    from torchvision import models  # two seconds of every start, for torch's compiler comes with it

    plain = about.name in ("googlenet", "inception_v3")
    options = {"aux_logits": False, "init_weights": False, "transform_input": False} if plain else {}
    with torch.device(device):
        whole = models.get_model(about.name, weights=None, **options)
    layers = {name: layer for name, layer in whole.named_children() if name not in HEADS}
    if about.name.startswith("densenet"):
        layers["relu"] = nn.ReLU(inplace=True)  # a function there
    if about.name in HALVES:
        layers = {RESCALED: Rescaled(), **layers}
    return Trunk(about, layers)


def _units(layers: dict[str, nn.Module]) -> Iterator[nn.Module]:
    for name, layer in layers.items():
        if name in CHAINS:
            yield from layer.children()
        elif name != RESCALED:
            yield layer


@torch.no_grad()
def _cut(units: list[nn.Module], side: int) -> int:
    """The number of the first unit whose grid has no more places a side."""
    device = next(p.device for unit in units for p in unit.parameters())
    x = torch.zeros(1, 3, PROBE, PROBE, device=device)
    for number, unit in enumerate(units):  # noqa: B007  (what it was when the loop was left)
        x = unit.eval()(x)
        if x.shape[-1] <= side:
            break
    for unit in units:
        unit.train()
    return number
