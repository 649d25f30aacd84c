"""Take the photo of a cat out of the `scikit-image` wheel, and make the small one that the lessons draw.

    pip download --no-deps scikit-image==0.26.0
    python assets/build_cat.py scikit_image-0.26.0-*.whl [FOLDER]

Needs Pillow; nothing of the wheel is run. FOLDER is `assets/data` unless given.
"""

import hashlib
import io
import sys
import zipfile
from pathlib import Path

SOURCE = "skimage/data/chelsea.png"  # 451×300, stored as it is
WIDTH, HEIGHT = 36, 24  # of the small one: 36 cells by 12 in a terminal, and a third of it is 12 by 4
FOLDER = Path(__file__).parent / "data"


def shrink(png: bytes) -> bytes:
    """The picture at WIDTH×HEIGHT, each pixel the mean of those it stands for, as a PPM that needs no decoder."""
    from PIL import Image

    small = Image.open(io.BytesIO(png)).convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    return f"P6\n{WIDTH} {HEIGHT}\n255\n".encode() + small.tobytes()


def build(wheel: Path, folder: Path = FOLDER) -> None:
    """Write the files into `folder` and say what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        png = archive.read(SOURCE)
    for name, content in (("chelsea.png", png), (f"chelsea-{WIDTH}x{HEIGHT}.ppm", shrink(png))):
        (folder / name).write_bytes(content)
        print(f"{name}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    build(Path(sys.argv[1]), *map(Path, sys.argv[2:]))
