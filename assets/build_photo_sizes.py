"""Makes `data/photo-sizes.json`: how wide and how high photos of cats and dogs are.

    python assets/build_photo_sizes.py ARCHIVE [FOLDER]

ARCHIVE is a tar with `train/<class>/*` and `valid/<class>/*`, the one that `build_photo_activations.py` was given; it
is not handed on. FOLDER is `assets/data` unless given.
"""

import json
import sys
import tarfile
from pathlib import Path, PurePosixPath

from PIL import Image, ImageOps

NAME = "photo-sizes.json"
FOLDER = Path(__file__).parent / "data"
PARTS = ("train", "valid")


def sizes(archive: str) -> dict[str, list[int]]:
    """Widths and heights as the photos stand upright: those to train on first, each part by the photos' names."""
    found: dict[str, list[tuple[str, int, int]]] = {part: [] for part in PARTS}
    with tarfile.open(archive) as opened:
        for member in opened:
            part = next((part for part in PurePosixPath(member.name).parts if part in PARTS), "")
            if part and member.name.endswith(".jpg") and (file := opened.extractfile(member)):
                with Image.open(file) as image:
                    found[part].append((member.name, *ImageOps.exif_transpose(image).size))
    rows = [row for part in PARTS for row in sorted(found[part])]
    return {"widths": [width for _, width, _ in rows], "heights": [height for _, _, height in rows]}


def build(archive: str, folder: Path = FOLDER) -> None:
    """Write the file into `folder`."""
    (folder / NAME).write_text(json.dumps(sizes(archive), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    build(sys.argv[1], *map(Path, sys.argv[2:]))
