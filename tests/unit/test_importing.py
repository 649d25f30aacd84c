"""Getting, importing, verifying and removing whole sets, with a small one made for the purpose."""

import fcntl
import gzip
import hashlib
import io
import os
import random
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastai_tui.engine.data import catalogue, obtain, placing, store
from fastai_tui.engine.data.catalogue import DataSet, File
from fastai_tui.engine.data.fetch import NotFetched
from fastai_tui.engine.data.importing import import_from
from fastai_tui.engine.data.placing import Rejected
from fastai_tui.engine.errors import BadInput, DataMissing, DiskTrouble, RunFailed
from tests.local_server import Server, refuses, sends_to, serving

CONTENTS = {
    "train-images-idx3-ubyte": random.Random(1).randbytes(50_000),
    "train-labels-idx1-ubyte": random.Random(2).randbytes(5_000),
}
SECRET = random.Random(3).randbytes(500)


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def packed(name: str) -> bytes:
    return gzip.compress(CONTENTS[name], mtime=0)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def tiny(server: Server, monkeypatch: pytest.MonkeyPatch) -> DataSet:
    """A data set of two files, in the catalogue while the test lasts, and on the server."""
    files = tuple(
        File(
            name=name,
            size=len(content),
            sha256=sha(content),
            packed=f"{name}.gz",
            download=len(packed(name)),
            addresses=(server.add(f"/{name}.gz", packed(name)), server.add(f"/second/{name}.gz", packed(name))),
        )
        for name, content in CONTENTS.items()
    )
    entry = DataSet(
        name="tiny",
        title="Tiny",
        licence="none",
        credit="us",
        hashes="unverified",
        files=files,
        train=1,
        valid=1,
        classes=("0",),
    )
    monkeypatch.setitem(catalogue.DATA_SETS, "tiny", entry)
    return entry


def get() -> bool:
    return obtain.get("tiny", lambda report: None)


def complete() -> bool:
    folder = store.folder("tiny")
    return {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENTS


def left(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "data").iterdir() if path.name != ".tiny.lock")


def test_getting_brings_the_unpacked_files_and_leaves_nothing_else(home: Path) -> None:
    assert get() is True
    assert complete()
    assert left(home) == ["tiny"]
    assert store.folder("tiny").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in store.folder("tiny").iterdir()} == {0o600}


def test_getting_again_fetches_nothing(server: Server) -> None:
    get()
    asked = len(server.asked)
    assert get() is False
    assert len(server.asked) == asked


def test_while_a_file_is_missing_the_set_is_not_there(server: Server, home: Path) -> None:
    second = "/train-labels-idx1-ubyte.gz"
    for path in (second, f"/second{second}"):
        server.answers[path] = [refuses(403)]
    with pytest.raises(NotFetched, match=r"403.*403.*fastai-tui data import tiny PATH"):
        get()
    assert not store.folder("tiny").exists()
    server.answers[second] = []
    assert get() is True
    assert complete()
    assert len(server.ranges("/train-images-idx3-ubyte.gz")) == 1  # it had arrived and is not fetched twice
    assert left(home) == ["tiny"]


def test_a_download_broken_off_is_resumed_by_the_next_one(server: Server) -> None:
    first = "/train-images-idx3-ubyte.gz"
    server.answers[first] = [sends_to(20_000), refuses(404)]
    server.answers[f"/second{first}"] = [refuses(404)]
    with pytest.raises(NotFetched, match="20,000 bytes"):
        get()
    server.answers[first] = []
    get()
    assert complete()
    assert server.ranges(first)[-1] == "bytes=20000-"


def test_a_file_packed_by_somebody_else_is_accepted(server: Server) -> None:
    name = "train-images-idx3-ubyte"
    server.files[f"/{name}.gz"] = gzip.compress(CONTENTS[name], compresslevel=1, mtime=5)
    get()
    assert complete()
    assert not server.ranges(f"/second/{name}.gz")


@pytest.mark.parametrize("wrong", [gzip.compress(SECRET, mtime=0), SECRET, packed("train-images-idx3-ubyte")[:-9], b""])
def test_wrong_bytes_name_both_hashes_and_the_next_address_is_taken(server: Server, wrong: bytes) -> None:
    said: list[str] = []
    name = "train-images-idx3-ubyte"
    server.files[f"/{name}.gz"] = wrong
    obtain.get("tiny", lambda report: said.append(getattr(report, "message", "")))
    assert complete()
    try:
        found = sha(gzip.decompress(wrong))
    except (EOFError, gzip.BadGzipFile):
        found = sha(wrong)
    said_once = next(filter(None, said))
    assert found in said_once
    assert sha(CONTENTS[name]) in said_once


def test_a_packed_file_that_unpacks_without_end_is_stopped(server: Server, home: Path) -> None:
    name = "train-images-idx3-ubyte"
    server.files[f"/{name}.gz"] = gzip.compress(bytes(50_000_000))
    get()
    assert complete()
    assert left(home) == ["tiny"]


def test_a_mirror_is_asked_first(server: Server, monkeypatch: pytest.MonkeyPatch, tiny: DataSet) -> None:
    monkeypatch.setenv("FASTAI_TUI_MIRROR", f"{server.address('/mirror/')} {server.address('/other')}")
    file = tiny.files[0]
    mirrors = [server.address(f"/mirror/tiny/{file.packed}"), server.address(f"/other/tiny/{file.packed}")]
    assert obtain.addresses(tiny, file) == [*mirrors, *file.addresses]
    monkeypatch.setenv("FASTAI_TUI_MIRROR_ONLY", "1")
    assert obtain.addresses(tiny, file) == mirrors


def test_a_damaged_set_is_found_and_mended(server: Server, home: Path) -> None:
    get()
    path = store.folder("tiny") / "train-labels-idx1-ubyte"
    path.write_bytes(bytes(5_000))
    verdicts = {verdict.file: verdict.trouble for verdict in obtain.verify("tiny")}
    assert verdicts["train-images-idx3-ubyte"] == ""
    assert sha(bytes(5_000)) in verdicts["train-labels-idx1-ubyte"]
    assert sha(CONTENTS["train-labels-idx1-ubyte"]) in verdicts["train-labels-idx1-ubyte"]
    assert get() is True
    assert complete()
    assert len(server.ranges("/train-images-idx3-ubyte.gz")) == 1  # the right one stayed
    assert left(home) == ["tiny"]


def test_what_is_not_here_cannot_be_verified_or_removed() -> None:
    with pytest.raises(DataMissing, match="data get tiny"):
        obtain.verify("tiny")
    with pytest.raises(DataMissing, match="nothing to remove"):
        obtain.remove("tiny")


def test_removing_takes_the_set_and_every_leftover(home: Path) -> None:
    get()
    for leftover in (".tiny.part", ".tiny.import-abc"):
        (home / "data" / leftover).mkdir()
        (home / "data" / leftover / "x").write_bytes(bytes(100))
    assert obtain.remove("tiny") == 55_200
    assert left(home) == []


def test_the_embedded_set_cannot_be_changed(tmp_path: Path) -> None:
    for change in (lambda: obtain.remove("mnist-sample"), lambda: import_from("mnist-sample", tmp_path)):
        with pytest.raises(BadInput, match="comes with the program"):
            change()
    assert obtain.get("mnist-sample", lambda report: None) is False
    assert not any(verdict.trouble for verdict in obtain.verify("mnist-sample"))


def test_two_at_a_time_do_not_disturb_each_other(home: Path) -> None:
    get()
    with open(home / "data" / ".tiny.lock", "rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        for change in (get, lambda: obtain.remove("tiny")):
            with pytest.raises(RunFailed, match="Another fastai-tui"):
                change()
    assert obtain.remove("tiny") == 55_000


def files_in(folder: Path, names: dict[str, str], *, pack: bool) -> Path:
    folder.mkdir(parents=True)
    for name, called in names.items():
        (folder / called).write_bytes(packed(name) if pack else CONTENTS[name])
    return folder


PLAIN = {name: name for name in CONTENTS}
PACKED = {name: f"{name}.gz" for name in CONTENTS}
DOTTED = {name: name.replace("-idx", ".idx") for name in CONTENTS}
DOTTED_PACKED = {name: f"{called}.gz" for name, called in DOTTED.items()}


@pytest.mark.parametrize(
    ("names", "pack"), [(PLAIN, False), (PACKED, True), (DOTTED, False), (DOTTED_PACKED, True), (PLAIN, True)]
)
@pytest.mark.parametrize("way", ["folder", "inner", "file", "tar", "tar.gz"])
def test_what_the_user_has_is_imported_whole(
    tmp_path: Path, home: Path, server: Server, names: dict[str, str], pack: bool, way: str
) -> None:
    folder = files_in(tmp_path / "mine" / "MNIST" / "raw", names, pack=pack)
    source = {"folder": folder, "inner": tmp_path / "mine", "file": folder / names["train-labels-idx1-ubyte"]}.get(way)
    if source is None:
        source = tmp_path / f"mine.{way}"
        with tarfile.open(source, "w:gz" if way == "tar.gz" else "w") as archive:
            archive.add(tmp_path / "mine", "mine")
    assert import_from("tiny", source) == store.folder("tiny")
    assert complete()
    assert left(home) == ["tiny"]
    assert len(list(folder.iterdir())) == 2  # the user's own stay
    assert not server.asked


def test_a_wrong_file_is_refused_with_both_hashes_and_nothing_is_left(tmp_path: Path, home: Path) -> None:
    folder = files_in(tmp_path / "mine", PLAIN, pack=False)
    (folder / "train-labels-idx1-ubyte").write_bytes(SECRET)
    with pytest.raises(Rejected) as refused:
        import_from("tiny", folder)
    assert sha(SECRET) in str(refused.value)
    assert sha(CONTENTS["train-labels-idx1-ubyte"]) in str(refused.value)
    assert left(home) == []


def test_a_missing_file_is_named(tmp_path: Path, home: Path) -> None:
    folder = files_in(tmp_path / "mine", PLAIN, pack=False)
    (folder / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(BadInput, match="has no train-labels-idx1-ubyte"):
        import_from("tiny", folder)
    assert left(home) == []


@pytest.mark.parametrize(
    "content", [b"", b"hello", gzip.compress(b"hello", mtime=0), gzip.compress(SECRET, mtime=0)[:-99]]
)
def test_what_is_no_archive_is_bad_input(tmp_path: Path, home: Path, content: bytes) -> None:
    (tmp_path / "mine.tar.gz").write_bytes(content)
    with pytest.raises((BadInput, DiskTrouble)):
        import_from("tiny", tmp_path / "mine.tar.gz")
    assert left(home) == []


def test_nothing_at_the_path_is_missing_data(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="nothing at"):
        import_from("tiny", tmp_path / "nowhere")


def test_an_archive_cannot_write_or_link_elsewhere(tmp_path: Path, home: Path) -> None:
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        for name, content in CONTENTS.items():
            member = tarfile.TarInfo(f"../../../{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("train-labels-idx1-ubyte.gz")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    import_from("tiny", tmp_path / "evil.tar")
    assert complete()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evil.tar", "home"]


def test_importing_replaces_a_damaged_set_and_a_broken_off_download(tmp_path: Path, home: Path, server: Server) -> None:
    get()
    (store.folder("tiny") / "train-labels-idx1-ubyte").write_bytes(SECRET)
    (home / "data" / ".tiny.part").mkdir()
    import_from("tiny", files_in(tmp_path / "mine", PACKED, pack=True))
    assert complete()
    assert left(home) == ["tiny"]


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    folder = files_in(tmp_path / "mine", PLAIN, pack=False)
    with monkeypatch.context() as patch:
        patch.setattr(placing.os, "fsync", full)
        with pytest.raises(DiskTrouble, match="full"):
            import_from("tiny", folder)
        with pytest.raises(DiskTrouble, match="full"):
            get()
    assert not store.folder("tiny").exists()
    assert get() is True
    assert complete()


def test_a_kill_in_the_middle_of_writing_leaves_nothing_under_a_final_name(home: Path) -> None:
    get()
    shutil.move(store.folder("tiny"), home / "data" / ".tiny.part")
    stray = home / "data" / ".tiny.part" / ".train-images-idx3-ubyte.abcd"
    stray.write_bytes(SECRET)
    os.truncate(home / "data" / ".tiny.part" / "train-images-idx3-ubyte", 10)
    get()
    assert complete()
    assert left(home) == ["tiny"]
