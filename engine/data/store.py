"""What data there are on this machine, and how they are opened: by name, by path, or one image at a time."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fastai_tui.engine.data import cifar, idx
from fastai_tui.engine.data.catalogue import CIFAR10, COLOUR_DIGITS, DATA_SETS, DIGIT_CLUTTER, DataSet, File, data_set
from fastai_tui.engine.data.listing import NoPictures
from fastai_tui.engine.errors import BadInput, DataMissing, DiskTrouble
from fastai_tui.engine.home import home

if TYPE_CHECKING:
    from numpy import ndarray

    from fastai_tui.engine.data.decoding import Report

VALID_SHARE = 5  # one in five of the embedded sample's images is for validation: 4,000 and 1,000
SUMS = "SHA256SUMS"  # beside files for which nobody published hashes: those that they had when they arrived
PHOTO = 256  # pixels of a side that photos are kept at: a little more than networks see, so that crops can move
PARTS = ("train-images", "train-labels", "t10k-images", "t10k-labels")


@dataclass(frozen=True)
class ImageSet:
    """Images and their classes, as read-only uint8 arrays: images (n, height, width), or (n, 3, height, width) in
    colour, and labels (n,) from 0.

    `source` is `full`, `sample` or `path`, as in `events.DataFacts`.
    """

    name: str
    source: str
    train_images: "ndarray"
    train_labels: "ndarray"
    valid_images: "ndarray"
    valid_labels: "ndarray"
    classes: tuple[str, ...]


def folder(name: str) -> Path:
    """Where the data set called `name` is kept. The folder exists only when the set is complete."""
    return home() / "data" / name


def file_path(entry: DataSet, file: File) -> Path:
    """Where a file of the data set is: in the package if it is embedded, else in its folder, unpacked."""
    if entry.embedded:
        from fastai_tui import assets

        return Path(assets.__path__[0]) / "data" / file.packed
    return folder(entry.name) / file.name


def present(entry: DataSet) -> bool:
    """Is every file here, in its full size? (Whether the bytes are right is for `verify` to say.)"""
    if entry.photos:
        return _size(folder(entry.name) / SUMS) >= 0
    return entry.embedded or bool(files_here(entry))


def files_here(entry: DataSet) -> tuple[File, ...]:
    """The files in which the data set is here: those of its makers, or those into which pictures were decoded, or none
    where something is missing."""
    forms = (form for form in (entry.files, entry.pictures) if form)
    return next((form for form in forms if all(_size(file_path(entry, f)) == f.size for f in form)), ())


def resolve(wanted: str, preferred: Sequence[str]) -> str:
    """The data to use: what is `wanted`, or else the first of `preferred` that is here, or else an embedded one.

    Raises `BadInput` for a name that nobody knows or that does not serve here, `DataMissing` for what is not here.
    """
    if wanted:
        return _wanted(wanted, preferred)
    entries = [data_set(name) for name in preferred]
    for entry in sorted(entries, key=lambda entry: entry.embedded):
        if present(entry):
            return entry.name
    raise missing(entries[0])


def images(name_or_path: str, size: int = 0, report: "Report" = lambda done, total: None) -> ImageSet:
    """The images of a data set in the catalogue; or of a folder of IDX files (`t10k` is for validation), of CIFAR-10's
    binary batches, or of pictures (also in an archive). Pictures and photos are scaled to `size` (`folders.pictures`);
    with 0, photos to `PHOTO`; `report` hears how many are decoded, and of how many, the first time.

    Raises `BadInput`, `DataMissing` and `DiskTrouble`.
    """
    if name_or_path not in DATA_SETS:
        return _from_path(_path(name_or_path), size, report)
    entry = data_set(name_or_path)
    if entry.kind != "images":
        what = "is a text and has" if entry.kind == "text" else "has"
        raise BadInput(f"{entry.name} {what} no images; mnist-sample has some.")
    if not present(entry):
        raise missing(entry)
    if entry.embedded:
        return _clutter() if entry is DIGIT_CLUTTER else _sample(entry)
    if entry.photos:
        return replace(_from_path(folder(entry.name), size or PHOTO, report), name=entry.name, source="full")
    return _checked(ImageSet(entry.name, "full", *_parts(entry), entry.classes), str(folder(entry.name)))


def image(reference: str) -> tuple["ndarray", int]:
    """One image, as a uint8 array (height, width) or (3, height, width), and its label, for `NAME:INDEX`: an index
    among the training images, or for an embedded set a row of its file.

    Raises `BadInput` for what is no reference or out of bounds, `DataMissing` where the data are not here.
    """
    name, _, index = reference.rpartition(":")
    if not name or not re.fullmatch(r"-?[0-9]{1,12}", index):
        raise BadInput(f"{reference!r} names no image: write a data set and a number, as in mnist-sample:1502.")
    pixels, labels = rows(name)
    if not 0 <= int(index) < len(pixels):
        raise BadInput(f"{name} has the images 0 to {len(pixels) - 1:,}; there is no {index}.")
    return pixels[int(index)], int(labels[int(index)])


def split(labels: "ndarray") -> tuple["ndarray", "ndarray"]:
    """The rows for training and for validation, in order: of every class, the last fifth is for validation."""
    import numpy as np

    of_class = map(np.flatnonzero, labels == np.unique(labels)[:, None])
    held = [rows[len(rows) - len(rows) // VALID_SHARE :] for rows in of_class]
    valid = np.sort(np.concatenate(held))
    return np.setdiff1d(np.arange(len(labels)), valid), valid


def idx_names(name: str) -> tuple[str, ...]:
    """The names under which the IDX file called `name` is found on people's disks."""
    dotted = name.replace("-idx", ".idx")
    return name, f"{name}.gz", dotted, f"{dotted}.gz"


def _wanted(wanted: str, preferred: Sequence[str]) -> str:
    if wanted not in DATA_SETS:
        return str(_path(wanted))
    if wanted not in preferred:
        raise BadInput(f"{wanted} does not serve here; there are {', '.join(preferred)}, or a path.")
    if not present(entry := data_set(wanted)):
        raise missing(entry)
    return wanted


def missing(entry: DataSet) -> DataMissing:
    """That a data set has to be fetched first, or how else it is come by; and what works until then."""
    embedded = [other for other in DATA_SETS.values() if other.embedded]
    here = next((other for other in embedded if other.stands_in == entry.name), None)
    if here is None:
        here, how = next((other for other in embedded if other.kind == entry.kind and not other.stands_in), None), ""
    elif here.kind == "activations":
        how = ", for heads alone,"
    else:
        how = " is part of it and" if here.same else ", made on the spot,"
    at_once = f"; {here.name}{how} works at once" if here else ""
    return DataMissing(f"{entry.name} is not on this machine: {how_to_get(entry)}{at_once}.")


def how_to_get(entry: DataSet) -> str:
    """What brings a data set here, as the end of a sentence."""
    if entry.by_hand:
        return f"{entry.by_hand}, and `fastai-tui data import {entry.name} PATH` takes it in"
    return f"`fastai-tui data get {entry.name}` gets it"


def _path(text: str) -> Path:
    path = Path(os.path.expanduser(text))
    if os.path.exists(path):  # unlike Path.exists it takes every oddity for an answer
        return path
    if re.fullmatch(r"[\w-]+", text):
        data_set(text)  # a plain word is meant as a name: this names those there are
    raise DataMissing(f"There is nothing at {text}; give a path that exists, or one of {', '.join(DATA_SETS)}.")


def _from_path(path: Path, size: int, report: "Report") -> ImageSet:
    """What is at a path: IDX files, CIFAR-10's binary batches, or pictures."""
    from fastai_tui.engine.data import folders, sources  # late: a first frame waits for this module

    if not path.is_dir() and not sources.is_archive(path):
        raise BadInput(
            f"{path} is a file; images are read from a folder of IDX files (train-images-idx3-ubyte …) or of pictures, "
            "or from a .tar.gz of one."
        )
    if path.is_dir() and any(_idx_place(path, part) for part in PARTS):
        return _from_idx(path)
    if path.is_dir() and (place := cifar.place(path)):
        return _checked(ImageSet(str(path), "path", *cifar.read(place), CIFAR10.classes), str(path))
    try:
        arrays, classes = folders.pictures(path, size, report)
    except NoPictures as error:
        raise BadInput(f"{path} has no {PARTS[0]}-idx3-ubyte (or .gz), no data_batch_1.bin and {error}") from error
    return _checked(ImageSet(str(path), "path", *arrays, classes), str(path))


def _from_idx(path: Path) -> ImageSet:
    files = [_idx_file(path, part) for part in PARTS]
    train_images, train_labels, valid_images, valid_labels = (idx.read(file) for file in files)
    top = max((int(labels.max()) for labels in (train_labels, valid_labels) if labels.size), default=0)
    classes = tuple(str(number) for number in range(top + 1))
    found = ImageSet(str(path), "path", train_images, train_labels, valid_images, valid_labels, classes)
    return _checked(found, str(path))


def _idx_file(path: Path, part: str) -> Path:
    if found := _idx_place(path, part):
        return found
    raise BadInput(f"{path} has no {_idx_name(part)} (or .gz); a folder of IDX files has {', '.join(PARTS)}.")


def _idx_place(path: Path, part: str) -> Path | None:
    for place in (path, path / "raw", path / "MNIST" / "raw"):  # the last two are torchvision's
        for candidate in idx_names(_idx_name(part)):
            if (place / candidate).is_file():
                return place / candidate
    return None


def _idx_name(part: str) -> str:
    return f"{part}-idx{3 if part.endswith('images') else 1}-ubyte"


def _checked(found: ImageSet, where: str) -> ImageSet:
    """`found`, if its parts fit together."""
    pairs = ((found.train_images, found.train_labels), (found.valid_images, found.valid_labels))
    for pixels, labels in pairs:
        if pixels.ndim not in (3, 4) or labels.ndim != 1 or pixels.dtype != "u1" or labels.dtype != "u1":
            raise BadInput(f"{where} does not hold images (count, height, width) and labels (count) of unsigned bytes.")
        if len(pixels) != len(labels) or not pixels.size:
            raise BadInput(f"{where} has {len(pixels):,} images for {len(labels):,} labels.")
        if pixels.shape[1:] != found.train_images.shape[1:]:
            raise BadInput(f"{where} has images of different sizes for training and for validation.")
    return found


def _parts(entry: DataSet) -> cifar.Arrays:
    """The arrays of a set that is not embedded, in the order of `PARTS`."""
    if entry is CIFAR10 and files_here(entry) == entry.files:
        return cifar.read(folder(entry.name))
    train_images, train_labels, valid_images, valid_labels = (
        idx.read(file_path(entry, file)) for file in files_here(entry)
    )
    return train_images, train_labels, valid_images, valid_labels


def _arrays(entry: DataSet) -> tuple["ndarray", "ndarray"]:
    """An embedded set's images and labels, in the order of its file."""
    pixels, labels = (idx.read(file_path(entry, file)) for file in entry.files)
    if entry is COLOUR_DIGITS:
        from fastai_tui.engine.data.colour_digits import coloured

        pixels = coloured(pixels.tobytes(), len(pixels))
    return pixels, labels


def _sample(entry: DataSet) -> ImageSet:
    pixels, labels = _arrays(entry)
    train, valid = split(labels)
    return ImageSet(entry.name, "sample", pixels[train], labels[train], pixels[valid], labels[valid], entry.classes)


def _clutter() -> ImageSet:
    from fastai_tui.engine.data.digit_clutter import made

    train, valid = made()
    parts = (train.images, train.labels, valid.images, valid.labels)
    return ImageSet(DIGIT_CLUTTER.name, "sample", *parts, DIGIT_CLUTTER.classes)


def rows(name: str) -> tuple["ndarray", "ndarray"]:
    """What a reference's index counts: the images and labels of the embedded sample's file, or a set's training images.

    Raises as `images` does."""
    entry = DATA_SETS.get(name)
    if entry and entry.embedded and entry.kind == "images" and entry is not DIGIT_CLUTTER:
        pixels, labels = _arrays(entry)
        return pixels, labels
    found = images(name)
    return found.train_images, found.train_labels


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1
    except OSError as error:
        raise DiskTrouble(f"Could not look at {path}: {(error.strerror or str(error)).lower()}.") from error
