"""Parts of a photo: what a network is shown of it, and what is cut out to be looked at again. Plain numbers."""

import msgspec

LONGEST = 4  # times as long as wide is what a network is given at most: a panorama of any length must fit the memory


class Box(msgspec.Struct, frozen=True):
    """A rectangle in a photo, in pixels from its upper left corner; its edges may lie between pixels."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Pixels across."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Pixels down."""
        return self.bottom - self.top

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where in the photo (x, y) is, if they go from 0 to 1 within this box."""
        return self.left + x * self.width, self.top + y * self.height

    def part(self, share: "Box") -> "Box":
        """The part of this box that `share` is, whose numbers go from 0 to 1."""
        return Box(*self.place(share.left, share.top), *self.place(share.right, share.bottom))

    def has(self, x: float, y: float) -> bool:
        """Is this place of the photo in the box?"""
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, as Pillow takes them."""
        return self.left, self.top, self.right, self.bottom


def whole(width: float, height: float) -> Box:
    """All of a photo."""
    return Box(0, 0, width, height)


WHOLE = whole(1, 1)  # as shares


def centre(width: float, height: float) -> Box:
    """The square in the middle: what is left of a photo when its shorter side is brought to a size, and what is too
    long of the other is cut off at both ends."""
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return Box(left, top, left + side, top + side)


def square(around: Box, width: float, height: float, least: float = 0) -> Box:
    """A square around the middle of a box, as large as its longer side, with `least` pixels a side or more; within a
    photo of `width` × `height`, so moved where it would reach beyond, and no larger than its shorter side."""
    side = min(max(around.width, around.height, least), width, height)
    left, top = (
        min(max((low + high - side) / 2, 0), most - side)
        for low, high, most in ((around.left, around.right, width), (around.top, around.bottom, height))
    )
    return Box(left, top, left + side, top + side)


def sides(box: Box, size: int, stride: int = 32) -> tuple[int, int]:
    """(height, width) of the picture that a network is given of a box: `size` for the shorter side, and for the longer
    what keeps the proportions, in whole strides; more than four times as much is squeezed."""
    short = min(box.width, box.height)
    times = min(max(box.width, box.height) / short, LONGEST)
    longer = max(size, round(times * size / stride) * stride)
    if box.width == box.height:
        return size, size
    return (longer, size) if box.height > box.width else (size, longer)
