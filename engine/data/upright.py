"""A photo in whatever way it was saved, as eight bits of red, green and blue, upright, and no larger than wanted.

What memory it takes is bounded: a JPEG is decoded at a half, a quarter or an eighth of its size where that is enough,
whatever else is huge is decoded one at a time, and shrunk before it is converted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from fastai_tui.engine.pictures import eight_bits, on_white

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 150_000_000  # a camera's 102 megapixels, and some; 4 bytes each while it is decoded
LARGE = 16_000_000  # pixels from which on only one picture is decoded at a time
SPARE = 2  # a picture that is shrunk before it is converted stays so many times larger than what is wanted
ORIENTATION = 0x0112  # EXIF's tag
TURNED = (5, 6, 7, 8)  # its values for pictures that lie on their side
_alone = Lock()


def upright(image: "Image.Image", side: int = 0, most: int = 0) -> "Image.Image":
    """An opened picture in RGB: turned as its camera was held, what is transparent on white, 16 bits scaled to 8.

    With `side` its shorter side is scaled to that, and the middle is kept: (side, side). With `most` all of it is kept,
    and scaled so that no side is longer than that. Raises `ValueError` for more than `MOST_PIXELS`, and whatever the
    decoder raises for broken bytes.
    """
    from PIL import ImageOps

    if image.width * image.height > MOST_PIXELS:
        raise ValueError(f"{image.width}×{image.height} pixels are too many")
    wanted = (side, side) if side else _within(image.size, most)
    with _room_for(image, wanted):
        image.load()
        orientation = image.getexif().get(ORIENTATION)
        coloured = _scaled(on_white(eight_bits(_shrunk(image, wanted))), wanted, crop=bool(side)).convert("RGB")
    if orientation not in range(2, 9):
        return coloured
    coloured.getexif()[ORIENTATION] = orientation
    return ImageOps.exif_transpose(coloured)


def _within(size: tuple[int, int], most: int) -> tuple[int, int]:
    """A picture's size, scaled so that no side is longer than `most`, unless that is 0."""
    if not most or max(size) <= most:
        return size
    return max(1, round(size[0] * most / max(size))), max(1, round(size[1] * most / max(size)))


def _scaled(image: "Image.Image", wanted: tuple[int, int], *, crop: bool) -> "Image.Image":
    """The picture at that size; what is too long of it cut off, or else all of it."""
    from PIL import Image, ImageOps

    if image.size == wanted:
        return image
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    if crop:
        return ImageOps.fit(image, wanted, Image.Resampling.BICUBIC)
    return image.resize(wanted, Image.Resampling.BICUBIC)


def upright_size(image: "Image.Image") -> tuple[int, int]:
    """Width and height of an opened picture once it stands upright, from its header alone."""
    turned = image.getexif().get(ORIENTATION) in TURNED
    return (image.height, image.width) if turned else (image.width, image.height)


@contextmanager
def _room_for(image: "Image.Image", wanted: tuple[int, int]) -> Iterator[None]:
    """Wait, if a picture is large, until no other large one is decoded."""
    pixels = image.width * image.height
    if image.format == "JPEG":
        image.draft("RGB", (SPARE * wanted[0], SPARE * wanted[1]))  # decoded smaller, and never below
        if not image.info.get("progressive"):  # else all of its coefficients are in memory, whatever is drafted
            pixels = image.width * image.height
    if pixels <= LARGE:
        yield
        return
    with _alone:
        yield


def _shrunk(image: "Image.Image", wanted: tuple[int, int]) -> "Image.Image":
    """A large picture at a whole fraction of its size, where converting it would take a copy of all its pixels."""
    factor = min(image.width // wanted[0], image.height // wanted[1]) // SPARE
    if factor < 2 or image.width * image.height <= LARGE:
        return image
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")
    return image.reduce(factor) if image.mode in ("RGBA", "LA", "RGB", "L", "CMYK") else image
