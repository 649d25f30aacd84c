"""Makes `data/photo-activations.safetensors`: what the embedded trunk makes of photos of cats and dogs.

    python assets/build_photo_activations.py PHOTOS [FOLDER]

PHOTOS is a folder or an archive with `train/<class>/*` and `valid/<class>/*`; theirs were 2,000 and 800 of Asirra's,
which are not handed on. FOLDER is `assets/data` unless given. A minute on two cores of 2026.
"""

import hashlib
import sys
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from fastai_tui.engine.backbones import EMBEDDED, MEAN, STD
from fastai_tui.engine.data.image import ImageLoader, image_data
from fastai_tui.engine.data.photo_augment import photo_augmentation
from fastai_tui.engine.data.photos import side_for
from fastai_tui.engine.data.store import images
from fastai_tui.engine.models.backbones import trunk

NAME = "photo-activations.safetensors"
FOLDER = Path(__file__).parent / "data"
SIZE, AT_ONCE = 224, 50


@torch.inference_mode()
def activations(photos: str) -> dict[str, Tensor]:
    """The photos' classes, and averages and maxima of the trunk's channels, by the names in the file."""
    found, network = images(photos, size=side_for(SIZE)), trunk(EMBEDDED).eval()
    network.to(memory_format=torch.channels_last)
    seen = photo_augmentation("none", SIZE)
    scale, device = (list(MEAN), list(STD)), torch.device("cpu")
    data = image_data(found, bs=AT_ONCE, seed=0, device=device, augment=seen, seen=seen, scale=scale)
    made: dict[str, Tensor] = {}
    for part, loader in (("train", data.train), ("valid", data.valid)):
        assert isinstance(loader, ImageLoader)
        averages, maxima = [], []
        ordered = ImageLoader(loader.pixels, loader.labels, loader.normalise, AT_ONCE, augment=loader.augment)
        for xb, _ in ordered.batches(0):
            maps = network(xb.contiguous(memory_format=torch.channels_last)).flatten(2)
            averages.append(maps.mean(2))
            maxima.append(maps.amax(2))
        made[f"{part}_labels"] = loader.labels.to(torch.uint8)
        made[f"{part}_average"], made[f"{part}_maximum"] = torch.cat(averages).half(), torch.cat(maxima).half()
    return made


def build(photos: str, folder: Path = FOLDER) -> None:
    """Write the file into `folder`, and say what it is."""
    content = save(activations(photos), {"command": "python assets/build_photo_activations.py PHOTOS"})
    (folder / NAME).write_bytes(content)
    print(f"{NAME}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    build(sys.argv[1], *map(Path, sys.argv[2:]))
