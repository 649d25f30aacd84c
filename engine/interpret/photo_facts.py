"""What there is to say of a set of photos, and one photo of it: the lab's part. Nothing is decoded for the former."""

import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import msgspec
from PIL import Image

from fastai_tui import assets
from fastai_tui.engine.data import sources
from fastai_tui.engine.data.catalogue import DATA_SETS, DOGSCATS, PHOTO_ACTIVATIONS, DataSet
from fastai_tui.engine.data.listing import held_out
from fastai_tui.engine.data.photo_sizes import Sizes, sizes
from fastai_tui.engine.data.photos import read_photo
from fastai_tui.engine.data.store import folder, present
from fastai_tui.engine.errors import BadInput, DataMissing
from fastai_tui.engine.looking import CAT_FILE
from fastai_tui.engine.photo_facts import OnePhoto, PhotoFacts
from fastai_tui.engine.pictures import shown

EMBEDDED_SIZES = Path(assets.__path__[0]) / "data" / "photo-sizes.json"
SHOWN = 400  # pixels of a photo's longer side that are handed on


def facts(data: str = "") -> PhotoFacts:
    """What is known of a set of photos in the catalogue, or of those in a folder or an archive; "" is dogscats where it
    is here, else its stand-in. A lab request. Raises `BadInput`, `DataMissing` and `DiskTrouble`."""
    data = data or (DOGSCATS.name if present(DOGSCATS) else PHOTO_ACTIVATIONS.name)
    entry = DATA_SETS.get(data)
    if entry is not None and (entry is PHOTO_ACTIVATIONS or not present(entry)):
        return _of_entry(entry)
    return _of_files(data, _place(data, entry))


class Chosen(NamedTuple):
    """A photo of a set: its number among so many `photos` to train on, its label, and where it is: its path in `where`,
    and its file or its bytes. `here` is false for the embedded cat, which stands in for a set that is not here."""

    name: str
    image: int
    photos: int
    label: str
    path: str
    where: str
    content: Path | bytes
    here: bool = True


def chosen(data: str, image: int) -> Chosen:
    """Photo `image` of those to train on in a set, behind the last one the first; "" is as in `facts`. Raises as
    `facts`."""
    data = data or (DOGSCATS.name if present(DOGSCATS) else PHOTO_ACTIVATIONS.name)
    entry = DATA_SETS.get(data)
    if entry is not None and (entry is PHOTO_ACTIVATIONS or not present(entry)):
        return Chosen(entry.name, 0, 1, "", CAT_FILE.name, CAT_FILE.parent.name, CAT_FILE, here=False)
    source = sources.source(_place(data, entry))
    listing = sources.listing(source)
    image %= len(listing.train)
    path, label = listing.train[image]
    name = data if entry is not None else shown(data)
    for _, content in source.contents({path: 0}):
        return Chosen(name, image, len(listing.train), listing.classes[label], path, source.where, content)
    raise BadInput(f"{source.where} changed while it was read; try again.")


def photo(data: str = "", image: int = 0) -> OnePhoto:
    """One photo of a set, behind the last one to train on the first; the embedded cat where the photos are not here. A
    lab request. Raises as `facts`, and `BadInput` for a photo that cannot be read."""
    found = chosen(data, image)
    if isinstance(found.content, bytes):
        raise BadInput(
            f"{data} is an archive: unpack it, or import it with `fastai-tui data import`, to look at photos."
        )
    return _opened(found.image, found.label, found.content)


def _opened(image: int, label: str, path: Path) -> OnePhoto:
    found = read_photo(path).convert("RGB")
    size = found.size
    found.thumbnail((SHOWN, SHOWN), Image.Resampling.BILINEAR)
    return OnePhoto(image, label, *size, found.size, found.tobytes())


def _of_entry(entry: DataSet) -> PhotoFacts:
    """Of a set that is not here, as far as the catalogue and the package know."""
    if entry is not PHOTO_ACTIVATIONS and not entry.photos:
        raise BadInput(f"{entry.name} has no photos; dogscats and dogbreeds have.")
    known, counts = Sizes([], []), list[int]()
    if entry is PHOTO_ACTIVATIONS:
        from fastai_tui.engine.data.photo_activations import shipped

        known = msgspec.json.decode(EMBEDDED_SIZES.read_bytes(), type=Sizes)
        labels = Counter(shipped().train_labels.tolist())
        counts = [labels[label] for label in range(len(entry.classes))]
    return PhotoFacts(
        name=entry.name,
        train=entry.train,
        valid=entry.valid,
        classes=list(entry.classes),
        counts=counts,
        widths=known.widths,
        heights=known.heights,
        unread=0,
        here=False,
        first_held=held_out(entry.train + entry.valid)[1][0],
    )


def _of_files(data: str, path: Path) -> PhotoFacts:
    listing = sources.listing(sources.source(path))
    known = sizes(data)
    counts = Counter(label for _, label in listing.train)
    return PhotoFacts(
        name=data if data in DATA_SETS else shown(data),
        train=len(listing.train),
        valid=len(listing.valid),
        classes=list(listing.classes),
        counts=[counts[label] for label in range(len(listing.classes))],
        widths=known.widths,
        heights=known.heights,
        unread=known.unread,
        here=True,
        first_held=held_out(len(listing.train) + len(listing.valid))[1][0],
    )


def _place(data: str, entry: DataSet | None) -> Path:
    if entry is not None:
        if not entry.photos:
            raise BadInput(f"{entry.name} has no photos; dogscats and dogbreeds have.")
        return folder(entry.name)
    path = Path(os.path.expanduser(data))
    if not path.exists():
        raise DataMissing(f"There is nothing at {shown(data)}: give a folder of photos, with a folder for each class.")
    return path
