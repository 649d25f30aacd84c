"""A user's own picture as greyscale pixels, whatever is wrong with the file."""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fastai_tui.engine.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

MOST_PIXELS = 2**24  # 4,096 × 4,096: a map of that many numbers is still a document of some 100 MB
# Pillow hands EPS to Ghostscript and opens many formats nobody tests: only what cameras, scanners and the web make.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")


@dataclass(frozen=True)
class Picture:
    """Greyscale pixels, uint8 (height, width), with the words that name them and, from a data set, the label."""

    name: str
    pixels: np.ndarray
    label: str | None = None


def load(reference: str) -> Picture:
    """The picture that a data set's `NAME:INDEX` or a path names. Raises `BadInput`, `DataMissing`, `DiskTrouble`."""
    if re.fullmatch(r".+:-?[0-9]+", reference) and not os.path.exists(reference):
        return _of_data_set(reference)
    return Picture(shown(reference), read(Path(os.path.expanduser(reference))))


def read(path: Path) -> np.ndarray:
    """The picture in a file as greyscale, uint8 (height, width): luma 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).

    Turned upright by its EXIF orientation; what is transparent lies on white; 16 bits are scaled to 8, fractions from
    their own range; of an animation the first frame. BadInput where the file is none of FORMATS, broken or huge.
    """
    if not os.path.isfile(path):  # unlike Path.is_file it takes every oddity for an answer
        what = "is no regular file" if os.path.exists(path) else "does not exist"
        raise BadInput(f"The picture {shown(path)} {what}: give a picture's path, or a data set's NAME:INDEX.")
    try:
        return _decode(path)
    except BadInput:
        raise
    except PermissionError as error:
        raise BadInput(f"The picture {shown(path)} is not readable for you: change its permissions.") from error
    except Exception as error:  # a decoder fed with broken bytes raises anything, from struct.error to SyntaxError
        raise BadInput(
            f"The picture {shown(path)} cannot be read ({why(error)}): it may be cut short, or be none of "
            f"{', '.join(FORMATS)}."
        ) from error


def _of_data_set(reference: str) -> Picture:
    import numpy as np
    from PIL import Image

    from fastai_tui.engine.data import store
    from fastai_tui.engine.data.catalogue import DATA_SETS

    pixels, label = store.image(reference)
    entry = DATA_SETS.get(reference.rpartition(":")[0])
    if pixels.ndim == 3:
        pixels = _grey(Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0))))
    return Picture(shown(reference), pixels, entry.classes[label] if entry else str(label))


def _decode(path: Path) -> np.ndarray:
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # broken tags and large sizes: both are judged here
        try:
            image = Image.open(path, formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise BadInput(f"The picture {shown(path)} is far too large: {_largest()}.") from error
        with image:
            if image.width * image.height > MOST_PIXELS:
                raise BadInput(f"The picture {shown(path)} is {image.width}×{image.height} pixels: {_largest()}.")
            image.load()
            return _grey(ImageOps.exif_transpose(image))


def _grey(image: Image.Image) -> np.ndarray:
    import numpy as np

    return np.asarray(on_white(eight_bits(image)).convert("L"))


def eight_bits(image: Image.Image) -> Image.Image:
    """The same with whole numbers from 0 to 255: 16 bits are scaled, fractions from their own range."""
    import numpy as np
    from PIL import Image

    if image.mode == "F":
        return Image.fromarray(_from_own_range(np.asarray(image)))
    if image.mode.startswith("I"):  # 16 bits a pixel; Pillow's own conversion would clip them at 255
        return Image.fromarray((np.asarray(image).clip(0, 65535) // 257).astype(np.uint8))
    return image


def on_white(image: Image.Image) -> Image.Image:
    """The same without transparency: it lies on white."""
    from PIL import Image

    if image.mode not in ("LA", "La", "PA", "RGBA", "RGBa") and "transparency" not in image.info:
        return image
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    return white


def _from_own_range(values: np.ndarray) -> np.ndarray:
    import numpy as np

    finite = np.isfinite(values)
    if not finite.any():
        return np.zeros(values.shape, dtype=np.uint8)
    low, high = float(values[finite].min()), float(values[finite].max())
    scaled = (np.where(finite, values, low).astype(np.float64) - low) / ((high - low) or 1.0)
    return (scaled * 255).round().astype(np.uint8)


def shown(path: Path | str) -> str:
    """The path without control characters, and not longer than a sentence bears."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in str(path))
    return clean if len(clean) <= 200 else f"{clean[:100]}…{clean[-99:]}"


def _largest() -> str:
    return f"scale it down to at most {MOST_PIXELS:,} pixels (such as 4096×4096) first"


def why(error: Exception) -> str:
    """What a decoder said, in a few words."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "not recognised as a picture"
    words = " ".join(str(error).split()).rstrip(".")
    return words[:80] if words else type(error).__name__
