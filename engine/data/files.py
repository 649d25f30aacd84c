"""`loader=files`, for comparison: every image is a file of its own, opened and decoded each time it is needed.

That is how usual loaders work, and why small networks wait for their data. The order is the resident loader's, so the
batches, and the losses, are the same.
"""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fastai_tui.engine.errors import DiskTrouble
from fastai_tui.engine.home import PRIVATE_FILE, disk_errors, exclusive, home, private_dir

FOLDER = 1000  # files in one folder


class InFiles:
    """Images, uint8 of (n, channels, height, width), as PNG files under `home()/data/files-cache`.

    They are written once, in a folder named after the set and its content, which gets its name when all are there.
    """

    def __init__(self, images: "np.ndarray", name: str, device: torch.device) -> None:
        self._count, self._device = len(images), device
        cache = private_dir(home() / "data" / "files-cache")
        content = hashlib.sha256(np.ascontiguousarray(images).data).hexdigest()[:16]
        self._folder = cache / f"{Path(name).name}-{content}"
        with exclusive(cache):
            if not self._folder.is_dir():
                _write(images, self._folder)

    def __len__(self) -> int:
        return self._count

    def order(self, rows: "np.ndarray") -> Tensor:
        """The rows, on the host."""
        return torch.from_numpy(rows)

    def gather(self, rows: Tensor) -> Tensor:
        """Open and decode one file after another. Raises `DiskTrouble` if one is missing or damaged."""
        batch = np.stack([self._decode(row) for row in rows.tolist()])
        return torch.from_numpy(batch).to(self._device)

    def _decode(self, row: int) -> "np.ndarray":
        path = _place(self._folder, row)
        try:
            with Image.open(path) as image:
                pixels = np.asarray(image)
        except (OSError, SyntaxError) as error:  # the latter is what PIL raises for a broken PNG
            raise DiskTrouble(f"Could not read {path}; remove {self._folder} and train again.") from error
        return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _write(images: "np.ndarray", folder: Path) -> None:
    """All images into a folder with a temporary name, then under their own."""
    for left in folder.parent.glob(".partial-*"):  # by somebody who was killed: we are alone
        shutil.rmtree(left, ignore_errors=True)
    with disk_errors(f"write {folder.name}'s image files"):
        temporary = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder.parent))
        try:
            for row, image in enumerate(images):
                path = _place(temporary, row)
                if row % FOLDER == 0:
                    private_dir(path.parent)
                with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, PRIVATE_FILE), "wb") as file:
                    Image.fromarray(_drawable(image)).save(file, "PNG", compress_level=1)
            os.replace(temporary, folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def _drawable(image: "np.ndarray") -> "np.ndarray":
    """(height, width) for one channel, (height, width, channels) for several, as PIL takes them."""
    return image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0))


def _place(folder: Path, row: int) -> Path:
    return folder / f"{row // FOLDER:03d}" / f"{row:06d}.png"
