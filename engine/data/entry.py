"""What an entry of the catalogue says of a data set, and of its files."""

from typing import Literal

import msgspec


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a data set: `size` and `sha256` are those of its unpacked bytes.

    `packed` is the name under which it is handed around, `download` what that is in bytes, `published` its published
    hash (`""` where there is none) and `addresses` where it can be had, the best first.
    """

    name: str
    size: int
    sha256: str
    packed: str
    download: int = 0
    published: str = ""
    addresses: tuple[str, ...] = ()


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """An archive that holds all files of a data set: its name, its bytes and their published hash, and where it is."""

    packed: str
    download: int
    published: str
    addresses: tuple[str, ...]


class DataSet(msgspec.Struct, frozen=True, kw_only=True):
    """A data set. `train` and `valid` count images, and `classes` are theirs; a text has none of them. `hashes` says
    whether somebody published what we compare with.

    `archive` is what is fetched where the files do not come one by one. `pictures` are the files into which a folder of
    pictures of this set is decoded; whoever saved them decided about their bytes, so nobody could publish a hash.
    `photos` says that a set is kept as the files it came in, in any number: `train` and `valid` are then only what its
    makers have. `by_hand` says how people come by a set that no program can fetch. `stands_in` names the set in whose
    place an embedded one serves; `same` the rows of it that are images of another one: `{"mnist:12": 1502}`.
    """

    name: str
    title: str
    licence: str
    credit: str
    hashes: Literal["published", "unverified"]
    files: tuple[File, ...]
    kind: Literal["images", "text", "activations"] = "images"
    train: int = 0
    valid: int = 0
    classes: tuple[str, ...] = ()
    embedded: bool = False
    photos: bool = False
    by_hand: str = ""
    archive: Archive | None = None
    pictures: tuple[File, ...] = ()
    stands_in: str = ""
    same: dict[str, int] = {}

    @property
    def size(self) -> int:
        """Bytes on the disk; of photos, those of their archive, which packing makes no smaller."""
        return sum(file.size for file in self.files) or self.download

    @property
    def download(self) -> int:
        """Bytes to fetch."""
        return self.archive.download if self.archive else sum(file.download for file in self.files)
