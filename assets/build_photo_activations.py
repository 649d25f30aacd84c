"""Makes `data/photo-activations.safetensors`: what the embedded trunk makes of photos of cats and dogs.

    python assets/build_photo_activations.py PHOTOS [FOLDER]

PHOTOS is a folder or an archive with `train/<class>/*` and `valid/<class>/*`; theirs were 2,000 and 800 of Asirra's,
which are not handed on. This project's own command precomputes the activations; they are kept in half precision. FOLDER
is `assets/data` unless given. A minute on two cores of 2026.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor

NAME = "photo-activations.safetensors"
FOLDER = Path(__file__).parent / "data"
COMMAND = ("train", "dogscats", "--epochs", "1", "--device", "cpu", "--set", "head=concat", "--set", "bs=8")
PARTS = {"train": "train", "valid": "test"}  # their names, and those of their files in the cache of pictures


def activations(home: Path) -> dict[str, Tensor]:
    """The photos' classes, and averages and maxima of the trunk's channels, by the names in the file, of what a run has
    left in its home."""
    (computed,) = (home / "data" / "activations-cache").glob("*.safetensors")
    (pictures,) = (path for path in (home / "data" / "pictures-cache").iterdir() if path.is_dir())
    rows, made = load_file(computed), dict[str, Tensor]()
    for part, name in PARTS.items():
        labels = (pictures / f"{name}-labels-idx1-ubyte").read_bytes()[-len(rows[part]) :]
        made[f"{part}_labels"] = torch.tensor(np.frombuffer(labels, np.uint8))
        average, maximum = rows[part].half().chunk(2, 1)
        made[f"{part}_average"], made[f"{part}_maximum"] = average.contiguous(), maximum.contiguous()
    return made


def build(photos: str, folder: Path = FOLDER) -> None:
    """Write the file into `folder`, and say what it is."""
    with tempfile.TemporaryDirectory() as home:
        command = [str(Path(sys.executable).with_name("fastai-tui")), *COMMAND, "--data", photos]
        subprocess.run(command, check=True, env=os.environ | {"FASTAI_TUI_HOME": home})
        content = save(activations(Path(home)), {"command": "python assets/build_photo_activations.py PHOTOS"})
    (folder / NAME).write_bytes(content)
    print(f"{NAME}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    build(sys.argv[1], *map(Path, sys.argv[2:]))
