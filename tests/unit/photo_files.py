"""Pictures in files, folders and archives, for tests of what is made of them."""

import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

random = np.random.default_rng(0)


def picture(path: Path, size: tuple[int, int] = (8, 8)) -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = random.integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels.transpose(2, 0, 1)


def packed(source: Path, kind: str) -> Path:
    target = source.with_suffix(f".{kind}")
    if kind == "zip":
        with zipfile.ZipFile(target, "w") as archive:
            for file in sorted(source.rglob("*")):
                archive.write(file, Path("wrapped") / file.relative_to(source))
    else:
        with tarfile.open(target, "w:gz") as archive:
            archive.add(source, "wrapped")
    return target
