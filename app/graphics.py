"""Pictures in terminals that show pixels: the graphics protocol of kitty, and sixel, that of DEC's VT340.

https://sw.kovidgoyal.net/kitty/graphics-protocol, https://vt100.net/docs/vt3xx-gp/chapter14.html. Libraries that write
them (textual-image, term-image) ask the terminal as soon as they are imported, which must not happen here.
"""

from __future__ import annotations

import io
import re
from base64 import standard_b64encode
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np

Protocol = Literal["kitty", "sixel"]
CHUNK = 4096  # the most bytes that kitty takes at once
COLOURS = 256
BAND = 6  # rows of pixels in a row of sixels
_RUN = re.compile(rb"(.)\1{3,}", re.DOTALL)


def kitty(photo: np.ndarray, columns: int) -> str:
    """The code that shows a photo, uint8 (height, width, 3), so many columns wide; the cursor is left on its last
    line."""
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(photo).save(content, "PNG")
    encoded = standard_b64encode(content.getvalue()).decode()
    chunks = [encoded[i : i + CHUNK] for i in range(0, len(encoded), CHUNK)]
    heads = [f"a=T,f=100,q=2,c={columns},m=1", *["m=1"] * (len(chunks) - 1)]
    heads[-1] = heads[-1].replace("m=1", "m=0")
    return "".join(f"\x1b_G{head};{chunk}\x1b\\" for head, chunk in zip(heads, chunks, strict=True))


def sixel(photo: np.ndarray) -> str:
    """The code that shows a photo, uint8 (height, width, 3), in its own pixels and the 256 colours that suit it."""
    import numpy as np
    from PIL import Image

    height, width, _ = photo.shape
    reduced = Image.fromarray(photo).quantize(COLOURS)
    numbers = np.asarray(reduced)
    palette = np.asarray(reduced.getpalette()).reshape(-1, 3)
    percent = (palette * 100 / 255).round().astype(int).tolist()
    used = np.unique(numbers).tolist()
    colours = "".join("#{};2;{};{};{}".format(number, *percent[number]) for number in used)
    bands = (_band(numbers[top : top + BAND]) for top in range(0, height, BAND))
    return f'\x1bP0;1q"1;1;{width};{height}{colours}{"-".join(bands)}\x1b\\'


def _band(numbers: np.ndarray) -> str:
    """Six rows of pixels: for each colour in them a character a column, whose bits say which of the six have it."""
    import numpy as np

    bits = 1 << np.arange(len(numbers), dtype=np.uint8)[:, None]
    rows = []
    for number in np.unique(numbers).tolist():
        columns = (63 + np.where(numbers == number, bits, 0).sum(0)).astype(np.uint8).tobytes().rstrip(b"?")
        shorter = _RUN.sub(lambda run: b"!%d%c" % (len(run[0]), run[1][0]), columns)
        rows.append(f"#{number}{shorter.decode('ascii')}")
    return "$".join(rows)
