"""What augmentation makes of one photo in some epochs, as plain values. No torch."""

import msgspec

UPSIDE = (2, 6)  # of the ways to lay a photo down those with its head down
TILTED = 0.05  # a tilt from which on it is seen


class PhotoDraw(msgspec.Struct, frozen=True):
    """What an epoch (the first is 1) makes of a photo: `data.photo_augment.Draws` of it, and red, green and blue of the
    square that comes out, byte by byte. `turn` is one of the eight ways to lay it down, `angle` in degrees
    anticlockwise, `larger` how many times; `at` and `tilt` are across and down."""

    epoch: int
    turn: int
    angle: float
    larger: float
    at: tuple[float, float]
    tilt: tuple[float, float]
    light: float
    contrast: float
    pixels: bytes

    @property
    def flipped(self) -> bool:
        """Do left and right change places?"""
        return self.turn >= 4

    @property
    def upside(self) -> bool:
        """Does it stand on its head?"""
        return self.turn in UPSIDE

    @property
    def tilted(self) -> bool:
        """Is it seen from elsewhere?"""
        return max(map(abs, self.tilt)) >= TILTED


class PhotoDraws(msgspec.Struct, frozen=True):
    """Photo `image` out of `photos` of the set `name`, which is the embedded cat where `here` is false: the `original`
    square out of its middle, of `side` pixels, and what some epochs make of it."""

    name: str
    label: str
    image: int
    photos: int
    here: bool
    side: int
    original: bytes
    draws: list[PhotoDraw]
