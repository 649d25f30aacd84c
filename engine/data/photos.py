"""Photos, as far as nothing has to be computed: how large they are kept, how they are varied, what networks expect."""

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from fastai_tui.engine.data.store import PHOTO
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.pictures import FORMATS, shown, why

if TYPE_CHECKING:
    from PIL import Image

KINDS = ("basic", "side-on", "top-down", "none")
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and deviation of 0…1, as torchvision's weights want it
SPARE = 8 / 7  # of the network's side: 256 for 224, and 341 for 299, where the course caches 340


def side_for(size: int) -> int:
    """The side of the square that photos are kept at, for a network that sees `size` pixels of a side: a little more,
    so that crops and zooms have something to move in, and never less than `store.PHOTO`, so that going on with larger
    pictures after smaller ones decodes nothing anew."""
    return max(PHOTO, round(SPARE * size))


def read_photo(path: Path, most: int = 0) -> "Image.Image":
    """The photo in a file, all of it: RGB, upright, and with `most` scaled so that no side is longer than that
    (`upright.upright`). Raises `BadInput` for what is none."""
    from PIL import Image

    from fastai_tui.engine.data.upright import upright

    check_photo(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of broken tags and large sizes: the latter are judged by `upright`
            with Image.open(path, formats=FORMATS) as image:
                return upright(image, most=most)
    except MemoryError:
        raise
    except Exception as error:  # a decoder fed with broken bytes raises anything, from struct.error to SyntaxError
        raise BadInput(
            f"The photo {shown(path)} cannot be read ({why(error)}): it may be cut short, or be none of "
            f"{', '.join(FORMATS)}."
        ) from error


def check_photo(path: Path) -> None:
    """Raise `BadInput` unless there is a file."""
    if not os.path.isfile(path):  # unlike Path.is_file it takes every oddity for an answer
        what = "is no regular file" if os.path.exists(path) else "does not exist"
        raise BadInput(f"The photo {shown(path)} {what}: give a picture's path, or a data set's NAME:INDEX.")
