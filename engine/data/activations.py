"""What a pretrained trunk makes of pictures, computed once, and fed to a head as images are fed to a network.

The activations of a set depend on its pixels, the trunk's weights, the size that the pictures are brought to and the
pooling, and on nothing else: those make up the name under which they are kept.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from fastai_tui.engine.data import activation_cache as cache
from fastai_tui.engine.data.batches import ALL, Share
from fastai_tui.engine.data.image import ImageLoader, permutation
from fastai_tui.engine.device import all_cores
from fastai_tui.engine.home import write_whole

if TYPE_CHECKING:
    from fastai_tui.engine.data.store import ImageSet

VERSION = 1  # of what is computed
PARTS = ("train", "valid")
SAMPLED = 512  # images of a set that its name is computed from

Report = Callable[[int, int], None]


class Activations(Protocol):
    """What a trunk makes of a set's pictures: for each part one row a picture."""

    def ready(self, report: Report) -> None:
        """See to it that all are there; `report` hears of how many pictures they are, and of how many."""
        ...

    def part(self, name: str) -> Tensor:
        """The rows of `train` or `valid`, float32 (n, features), on the device."""
        ...


class Given:
    """Activations that are there already."""

    def __init__(self, parts: dict[str, Tensor]) -> None:
        self._parts = parts

    def ready(self, report: Report) -> None:
        """Nothing is left to do."""

    def part(self, name: str) -> Tensor:
        """As `Activations` says."""
        return self._parts[name]


@dataclass
class Computed:
    """Activations that are computed when they are needed first, or found in the cache. `pooled` gives a batch's rows
    for its normalised pictures; `network` and `images` name its weights and the pictures, and `loaders` give those in
    their order, as in validation."""

    network: Callable[[], nn.Module]
    pooled: Callable[[nn.Module, Tensor], Tensor]
    images: str
    pooling: str
    loaders: Sequence[ImageLoader]
    device: torch.device

    def __post_init__(self) -> None:
        self._parts: dict[str, Tensor] = {}

    def part(self, name: str) -> Tensor:
        """As `Activations` says."""
        if not self._parts:
            self.ready(lambda done, total: None)
        return self._parts[name]

    def ready(self, report: Report) -> None:
        """As `Activations` says. Raises `DiskTrouble`."""
        if self._parts:
            return
        network = self.network().to(self.device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
        path = cache.place(key(self.images, self.pooling, network))
        with cache.alone():
            found = _read(path) if path.exists() else None
            if found is None:
                found = self._compute(network, report)
                write_whole(path, save(found), sync=False)
            cache.used(path)
        self._parts = {name: rows.to(self.device) for name, rows in found.items()}

    @torch.inference_mode()
    def _compute(self, network: nn.Module, report: Report) -> dict[str, Tensor]:
        total, done, found = sum(loader.items for loader in self.loaders), 0, {}
        with all_cores():
            for name, loader in zip(PARTS, self.loaders, strict=True):
                rows = []
                for xb, _ in loader.batches(0):
                    rows.append(self.pooled(network, xb.contiguous(memory_format=torch.channels_last)).float().cpu())
                    done += len(xb)
                    report(done, total)
                found[name] = torch.cat(rows)
        return found


def key(images: str, pooling: str, network: nn.Module) -> str:
    """The name under which activations are kept."""
    weights = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        weights.update(name.encode())
        weights.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return hashlib.sha256(repr((VERSION, images, pooling, weights.hexdigest())).encode()).hexdigest()[:32]


def digest(found: "ImageSet", size: int) -> str:
    """What tells a set of images, brought to a size, from all others: its labels, images evenly taken from it, and the
    file that they are mapped from, whose name tells what it was decoded from."""
    known = hashlib.sha256()
    for images, labels in ((found.train_images, found.train_labels), (found.valid_images, found.valid_labels)):
        known.update(repr((images.shape, str(getattr(images, "filename", "")))).encode())
        known.update(np.ascontiguousarray(labels).tobytes())
        known.update(np.ascontiguousarray(images[:: -(-len(images) // SAMPLED)]).tobytes())
    return f"{known.hexdigest()} {size}"


class FeatureLoader:
    """Batches of activations (batch, features) and labels (batch,), in the orders in which an `ImageLoader` has its
    pictures. Nothing varies them: the pictures do not pass through the network any more."""

    def __init__(
        self, activations: Activations, part: str, labels: Tensor, bs: int, *, seed: int = 0, shuffle: bool = False
    ) -> None:
        self.activations, self.name, self.labels = activations, part, labels
        self.bs, self.seed, self.shuffle = bs, seed, shuffle
        self.items, self.share = len(labels), ALL

    def __len__(self) -> int:
        return self.items // self.bs if self.shuffle else -(-self.items // self.bs)

    def shared(self, number: int, count: int) -> "FeatureLoader":
        """The same with a share of every batch."""
        found = copy(self)
        found.share = Share(number, count)
        return found

    def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of an epoch from the one numbered `start` on; the order depends on the seed and the epoch."""
        rows = self.activations.part(self.name)
        order = permutation(self.items, self.seed, epoch) if self.shuffle else np.arange(self.items)
        places = torch.from_numpy(order).to(rows.device)
        for batch in range(start, len(self)):
            chosen = places[self.share.of(batch * self.bs, self.bs)]
            yield rows.index_select(0, chosen), self.labels.index_select(0, chosen)


def _read(path: "cache.Path") -> dict[str, Tensor] | None:
    """What a file holds; None where it is damaged, so that it is computed anew."""
    try:
        found = load_file(path)
    except (SafetensorError, OSError):
        return None
    return found if set(found) == set(PARTS) else None
