"""Photos under a name: fetched, imported, verified, mended and opened; the real ones of the test data too."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from fastai_tui.engine.data import catalogue, obtain, photo_sizes, store
from fastai_tui.engine.data.catalogue import DOGBREEDS, DOGSCATS, Archive, DataSet
from fastai_tui.engine.data.fetch import NotFetched
from fastai_tui.engine.data.importing import import_from
from fastai_tui.engine.errors import BadInput, DataMissing
from tests.local_server import Server, serving
from tests.unit.photo_files import packed, picture

NAMES = [f"{part}/{label}/{i}.png" for part in ("train", "valid") for label in ("cats", "dogs") for i in range(5)]


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def made(tmp_path: Path) -> dict[str, np.ndarray]:
    return {name: picture(tmp_path / "mine" / name, (9, 12)) for name in NAMES}


@pytest.fixture
def tiny(server: Server, tmp_path: Path, made: object, monkeypatch: pytest.MonkeyPatch) -> DataSet:
    """`dogscats` with another archive, on a server of this machine."""
    (tmp_path / "mine" / "test1").mkdir()
    picture(tmp_path / "mine" / "test1" / "1.png")
    content = packed(tmp_path / "mine", "tar.gz").read_bytes()
    md5 = f"md5:{hashlib.md5(content).hexdigest()}"
    wrong = server.add("/wrong/dogscats.tgz", gzip.compress(b"something else"))
    addresses = (wrong, server.add("/dogscats.tgz", content))
    archive = Archive(packed="dogscats.tgz", download=len(content), published=md5, addresses=addresses)
    entry = msgspec.structs.replace(DOGSCATS, archive=archive)
    monkeypatch.setitem(catalogue.DATA_SETS, "dogscats", entry)
    return entry


def check(made: dict[str, np.ndarray]) -> None:
    found = store.images("dogscats", size=9)
    assert (found.name, found.source, found.classes) == ("dogscats", "full", ("cats", "dogs"))
    assert found.train_labels.tolist() == found.valid_labels.tolist() == [0] * 5 + [1] * 5
    wanted = [image[:, :, 1:10] for image in made.values()]  # the square in the middle of 9×12, to a pixel
    for images, part in ((found.train_images, wanted[:10]), (found.valid_images, wanted[10:])):
        assert images.shape == (10, 3, 9, 9)
        assert all(np.abs(a.astype(int) - b).mean() < 60 for a, b in zip(images, part, strict=True))
    sizes = photo_sizes.sizes("dogscats")
    assert set(sizes.widths) == {12}
    assert set(sizes.heights) == {9}


def test_an_archive_is_fetched_recognised_and_kept_as_photos(tiny: DataSet, made: dict[str, np.ndarray]) -> None:
    heard: list[object] = []
    assert obtain.get("dogscats", heard.append)
    assert any("is not what was published: its MD5 is" in str(getattr(one, "message", "")) for one in heard)
    assert store.present(tiny)
    check(made)
    files = sorted(
        path.relative_to(store.folder("dogscats")).as_posix() for path in store.folder("dogscats").rglob("*.png")
    )
    assert files == sorted(NAMES)  # nothing that has no class
    assert not obtain.get("dogscats", heard.append)
    (verdict,) = obtain.verify("dogscats")
    assert (verdict.file, verdict.trouble) == ("20 files", "")


def test_damaged_photos_are_found_and_mended(tiny: DataSet, made: dict[str, np.ndarray]) -> None:
    obtain.get("dogscats", lambda report: None)
    folder = store.folder("dogscats")
    (folder / NAMES[3]).write_bytes(b"else")
    (folder / NAMES[4]).unlink()
    assert sorted(verdict.file for verdict in obtain.verify("dogscats")) == sorted(NAMES[3:5])
    assert obtain.get("dogscats", lambda report: None)
    check(made)
    (folder / "SHA256SUMS").unlink()
    assert not store.present(tiny)
    assert obtain.get("dogscats", lambda report: None)
    assert not obtain.trouble(tiny)
    assert obtain.remove("dogscats") > 0
    assert not folder.exists()
    assert not list((folder.parent / "pictures-cache").glob("dogscats-*"))


def test_an_archive_that_is_another_is_not_taken(tiny: DataSet, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tiny.archive
    other = msgspec.structs.replace(tiny.archive, published=f"md5:{'0' * 32}")
    monkeypatch.setitem(catalogue.DATA_SETS, "dogscats", msgspec.structs.replace(tiny, archive=other))
    with pytest.raises(NotFetched, match="`fastai-tui data import dogscats PATH` if you have it"):
        obtain.get("dogscats", lambda report: None)
    assert not store.folder("dogscats").exists()


@pytest.mark.parametrize("way", ["folder", "tar", "zip"])
def test_photos_are_imported_from_whatever_they_are_in(
    tmp_path: Path, made: dict[str, np.ndarray], way: str, home: Path
) -> None:
    source = tmp_path / "mine" if way == "folder" else packed(tmp_path / "mine", way)
    said: list[str] = []
    assert import_from("dogscats", source, said.append) == store.folder("dogscats")
    assert said[-1] == "dogscats: 20 of 20 files are copied."
    check(made)
    assert {path.stat().st_mode & 0o077 for path in store.folder("dogscats").rglob("*")} == {0}
    assert [path.name for path in (home / "data").iterdir() if path.is_dir()] in (
        ["dogscats", "pictures-cache"],
        ["pictures-cache", "dogscats"],
    )


def test_breeds_keep_their_table_and_its_fifth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{i * 7919 % 1000:03d}" for i in range(40)]
    made = {name: picture(tmp_path / "mine" / "train" / f"{name}.png") for name in names}
    picture(tmp_path / "mine" / "test" / "x.png")
    rows = "".join(f"{name},{('boxer', 'collie')[i % 2]}\n" for i, name in enumerate(names))
    (tmp_path / "mine" / "labels.csv").write_text(f"id,breed\n{rows}")
    with pytest.raises(BadInput, match=r"has the classes boxer, collie; dogbreeds's are affenpinscher, .* …"):
        import_from("dogbreeds", packed(tmp_path / "mine", "zip"))
    assert not store.folder("dogbreeds").exists()
    monkeypatch.setitem(
        catalogue.DATA_SETS, "dogbreeds", msgspec.structs.replace(DOGBREEDS, classes=("boxer", "collie"))
    )
    import_from("dogbreeds", packed(tmp_path / "mine", "zip"))
    found = store.images("dogbreeds", size=8)
    held = np.random.RandomState(42).permutation(40)[32:]
    np.testing.assert_array_equal(found.valid_images, [made[names[row]] for row in held])
    assert found.valid_labels.tolist() == (held % 2).tolist()
    assert len(found.train_images) == 32


def test_photos_cannot_be_written_elsewhere_by_an_archive(tmp_path: Path, made: dict[str, np.ndarray]) -> None:
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as archive:
        for name in NAMES:
            archive.add(tmp_path / "mine" / name, f"{name.rpartition('/')[0]}/../../../../{name.rpartition('/')[2]}")
        for name in NAMES:
            archive.add(tmp_path / "mine" / name, name)
    before = {path for path in tmp_path.rglob("*") if "home" not in path.parts}
    import_from("dogscats", path)
    assert {path for path in tmp_path.rglob("*") if "home" not in path.parts} == before
    assert len(list(store.folder("dogscats").rglob("*.png"))) == len(NAMES)


@pytest.mark.parametrize("content", [b"", b"hello", None])
def test_what_holds_no_photos_is_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    if content is None:
        (tmp_path / "a").mkdir()
    else:
        (tmp_path / "a").write_bytes(content)
    with pytest.raises(BadInput, match=r"no pictures in|no archive that can be read"):
        import_from("dogscats", tmp_path / "a")
    with pytest.raises(DataMissing, match="nothing at"):
        import_from("dogscats", tmp_path / "b")
    with pytest.raises(DataMissing, match=r"log in at .*dogbreeds PATH` takes it in"):
        obtain.get("dogbreeds", lambda report: None)


def test_the_real_photos_are_opened_by_name(test_data: Path) -> None:
    path = test_data / "dogscats" / "dogscats-photos.tar.gz"
    if not path.is_file():
        pytest.skip(f"no photos at {path}")
    import_from("dogscats", path)
    found = store.images("dogscats", size=64)
    assert found.train_images.shape == (2000, 3, 64, 64)
    assert found.valid_images.shape == (800, 3, 64, 64)
    assert np.bincount(found.train_labels).tolist() == [1000, 1000]
    sizes = photo_sizes.sizes("dogscats")
    assert len(sizes.widths) == 2800
    assert {min(size) for size in zip(sizes.widths, sizes.heights, strict=True)} == {256}
    with tarfile.open(path) as archive:
        file = archive.extractfile("dogscats/valid/dogs/dog.0002.jpg") or io.BytesIO()
        with Image.open(file) as image:
            edge = (image.width - image.height) // 2
            square = image.crop((edge, 0, edge + 256, 256)) if edge > 0 else image.crop((0, -edge, 256, 256 - edge))
            wanted = np.asarray(square.convert("RGB").resize((64, 64), Image.Resampling.BICUBIC)).transpose(2, 0, 1)
    assert np.abs(found.valid_images[402].astype(int) - wanted).mean() < 3
