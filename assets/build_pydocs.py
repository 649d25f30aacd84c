"""Rebuild the embedded text, byte for byte, from the help topics in the standard library of Python 3.11.7.

    curl -O https://www.python.org/ftp/python/3.11.7/Python-3.11.7.tgz && tar xzf Python-3.11.7.tgz
    python assets/build_pydocs.py Python-3.11.7/Lib/pydoc_data/topics.py [FOLDER]

The topics differ between versions of Python, so a fixed copy is embedded: numbers are the same everywhere. Nothing but
the standard library is needed, and nothing of the file is run. FOLDER is `assets/data` unless given.
"""

import ast
import gzip
import hashlib
import io
import sys
from pathlib import Path

SOURCE = "abaa56a64551d8eead1b19cbae3c6db443f99f0cab81df07bed3cb75c0db9346"
NAME = "pydocs.txt"
FOLDER = Path(__file__).parent / "data"


def read_topics(source: Path) -> dict[str, str]:
    """The topics by name. Raises `ValueError` where the file is not the one that it used to be."""
    content = source.read_bytes()
    if (found := hashlib.sha256(content).hexdigest()) != SOURCE:
        raise ValueError(f"{source} has the SHA-256 {found}, not {SOURCE}")
    (assigned,) = (node for node in ast.parse(content).body if isinstance(node, ast.Assign))
    return {str(name): str(text) for name, text in ast.literal_eval(assigned.value).items()}


def encode(topics: dict[str, str]) -> bytes:
    """The text: the topics in the order of their names, an empty line between them, every line ended."""
    return "\n".join(topics[name].rstrip("\n") + "\n" for name in sorted(topics)).encode()


def pack(content: bytes) -> bytes:
    """`content` as gzip data with neither a name nor a time in it."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=0, compresslevel=9) as file:
        file.write(content)
    return packed.getvalue()


def build(source: Path, folder: Path = FOLDER) -> None:
    """Write the file into `folder` and say what it is."""
    folder.mkdir(parents=True, exist_ok=True)
    content = encode(read_topics(source))
    packed = pack(content)
    (folder / f"{NAME}.gz").write_bytes(packed)
    print(f"{NAME}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")
    print(f"{NAME}.gz: {len(packed)} bytes, sha256 {hashlib.sha256(packed).hexdigest()}")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    build(Path(sys.argv[1]), *map(Path, sys.argv[2:]))
