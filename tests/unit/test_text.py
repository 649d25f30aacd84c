"""Text as numbers: against torchtext's own data set, on real text, and what happens to files that are no text."""

import gzip
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torchtext.data import Field
from torchtext.datasets import LanguageModelingDataset

from fastai_tui.engine.data import importing, store, text_archive
from fastai_tui.engine.data import text as module
from fastai_tui.engine.data.text import TextSet, text
from fastai_tui.engine.data.vocabulary import Vocabulary
from fastai_tui.engine.errors import BadInput, DataMissing, DiskTrouble

VERSES = "Roses are red,\nViolets are BLUE,\nsugar is sweet\n\nand ß so ÄRE you İ Σ.\nlast line"


def reference(folder: Path, train: str, valid: str, min_freq: int) -> tuple[list[str], list[int], list[int]]:
    """The vocabulary and the numbers as torchtext 0.6 has them, from lists of characters."""
    field = Field(lower=True, tokenize=list, eos_token="<eos>")
    sets = []
    for name, content in (("a", train), ("b", valid)):
        (folder / name).write_bytes(content.encode())
        sets.append(LanguageModelingDataset(str(folder / name), field))
    field.build_vocab(sets[0], min_freq=min_freq)
    tokens = [[field.vocab.stoi[token] for token in one[0].text] for one in sets]
    return field.vocab.itos, *tokens


def same(found: TextSet, expected: tuple[list[str], list[int], list[int]]) -> None:
    assert list(found.vocabulary.itos) == expected[0]
    assert found.train.tolist() == expected[1]
    assert found.valid.tolist() == expected[2]


@pytest.mark.parametrize("min_freq", [1, 2, 3])
def test_the_numbers_are_torchtexts(tmp_path: Path, min_freq: int) -> None:
    file = tmp_path / "verses.txt"
    file.write_text(VERSES, encoding="utf-8")
    lines = VERSES.splitlines(keepends=True)
    found = text(str(file), min_freq=min_freq)
    same(found, reference(tmp_path, "".join(lines[:4]), "".join(lines[4:]), min_freq))
    assert (found.name, found.source, found.characters) == (str(file), "path", len(set(VERSES)))


LINE = st.text(st.characters(exclude_characters="\0\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", codec="utf-8"))


@given(lines=st.lists(LINE, min_size=5, max_size=30), ended=st.booleans(), chunk=st.integers(1, 50))
@settings(max_examples=100, deadline=None)
def test_any_text_cut_anywhere_is_what_torchtext_makes_of_its_lines(
    lines: list[str], ended: bool, chunk: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines[-1] += "." * (not lines[-1])  # torchtext does not count an empty last line either
    lines[0] += "a"
    folder = tmp_path_factory.mktemp("t")
    content = "\n".join(lines) + "\n" * ended
    (folder / "x.txt").write_bytes(b"\xef\xbb\xbf" + content.encode())  # a mark that some editors begin with
    cut = len(lines) * 4 // 5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", chunk)
        found = text(str(folder / "x.txt"), min_freq=1)
    same(found, reference(folder, "\n".join(lines[:cut]) + "\n", "\n".join(lines[cut:]), 1))


def test_nietzsche_has_the_numbers_of_the_course(test_data: Path) -> None:
    path = test_data / "text" / "nietzsche.txt"
    found = text(str(path))
    assert (len(found.train), len(found.valid)) == (490_919, 109_975)
    assert (len(found.vocabulary), found.characters) == (56, 84)
    assert found.train.dtype == np.uint8
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    cut = int(0.8 * len(lines))
    assert found.vocabulary.decode(found.train[:500].tolist()) == "".join(lines)[:500].lower()
    assert len(found.valid) == sum(map(len, lines[cut:])) + 1  # the last line has no end of its own


def test_catalogued_texts_are_imported_under_any_name_and_read(test_data: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="SHA-256"):
        importing.import_from("tinyshakespeare", test_data / "text" / "nietzsche.txt")
    importing.import_from("nietzsche", test_data / "text")
    same_file = tmp_path / "whatever.dat"
    same_file.write_bytes((test_data / "text" / "tinyshakespeare.txt").read_bytes())
    importing.import_from("tinyshakespeare", same_file)
    nietzsche, shakespeare = text("nietzsche"), text("tinyshakespeare")
    assert (nietzsche.source, len(nietzsche.train)) == ("full", 490_919)
    assert len(shakespeare.train) + len(shakespeare.valid) == 1_115_394


def test_pydocs_is_always_here() -> None:
    found = text("pydocs")
    assert (found.source, len(found.train), len(found.valid)) == ("sample", 370_037, 95_011)
    assert (len(found.vocabulary), found.characters) == (77, 103)
    assert found.vocabulary.decode(found.train[:22].tolist()) == 'the "assert" statement'


def test_what_is_not_here_says_how_to_get_it() -> None:
    with pytest.raises(DataMissing, match=r"fastai-tui data get nietzsche.*pydocs works at once"):
        text("nietzsche")
    with pytest.raises(DataMissing, match="nothing at /no/such"):
        text("/no/such")
    with pytest.raises(BadInput, match="mnist-sample is no text; pydocs is one"):
        text("mnist-sample")


def test_a_text_is_no_set_of_images() -> None:
    for asked in (lambda: store.images("pydocs"), lambda: store.image("pydocs:3"), lambda: store.rows("nietzsche")):
        with pytest.raises(BadInput, match="is a text and has no images"):
            asked()


def test_a_file_that_grows_or_shrinks_while_it_is_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes, file = module._codes, tmp_path / "a.txt"
    for later in ("aaa\n" * 9, "aaa\n" * 90):
        file.write_text("aaa\n" * 50)
        calls = 0

        def changing(files: tuple[Path, ...], later: str = later) -> Iterator[np.ndarray]:
            nonlocal calls
            calls += 1
            if calls == 3:  # the parts are counted, then numbered
                file.write_text(later)
            return codes(files)

        monkeypatch.setattr(module, "_codes", changing)
        with pytest.raises(DiskTrouble, match="changed while it was read"):
            text(str(file))


def folder_of(path: Path, **files: str) -> str:
    for name, content in files.items():
        file = path / f"{name.replace('__', '/')}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return str(path)


@pytest.mark.parametrize(
    ("train", "valid"), [("train", "valid"), ("trn", "val"), ("trn__a", "val__b"), ("train", "test")]
)
def test_a_folder_with_both_parts(tmp_path: Path, train: str, valid: str) -> None:
    found = text(folder_of(tmp_path, **{train: "aab\n" * 3, valid: "ab\n"}), min_freq=3)
    assert found.vocabulary.decode(found.train.tolist()) == "aab\n" * 3
    assert found.vocabulary.decode(found.valid.tolist()) == "ab\n"


def test_a_folder_of_texts_is_read_in_the_order_of_names_and_its_last_fifth_held_out(tmp_path: Path) -> None:
    found = text(folder_of(tmp_path, b="two\n" * 5, a="one\n" * 5), min_freq=1)
    assert found.vocabulary.decode(found.train.tolist()) == "one\n" * 5 + "two\n" * 3
    assert found.vocabulary.decode(found.valid.tolist()) == "two\n" * 2


def test_few_lines_are_cut_at_a_character(tmp_path: Path) -> None:
    found = text(folder_of(tmp_path, a="x" * 99) + "/a.txt")
    assert (len(found.train), len(found.valid)) == (80, 20)  # with the line's end


def test_line_ends_of_other_systems_and_packed_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\r\ntwo\rthree\n" * 4)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"one\ntwo\nthree\n" * 4))
    first, second = (text(str(tmp_path / name)) for name in ("a.txt", "b.txt.gz"))
    np.testing.assert_array_equal(first.train, second.train)
    assert first.vocabulary == second.vocabulary


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", r"is empty"),
        (b"x", r"No character occurs 3 times in .*smaller min_freq"),
        (bytes(range(256)) * 10, r"is no text"),
        (b"\x89PNG\r\n\x1a\n" + b"a" * 99, r"is no text in UTF-8 \(it has a byte 89"),
        ("Gr\xfc\xdfe\n".encode("latin-1") * 9, r"is no text in UTF-8 \(it has a byte fc"),
        ("hello\n".encode("utf-16-le") * 9, r"holds bytes of value 0"),
        (gzip.compress(b"hello " * 99, mtime=0)[:-12], r"cannot be unpacked"),
    ],
)
def test_files_that_are_no_text_are_told_in_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "odd.txt"
    file.write_bytes(content)
    with pytest.raises((BadInput, DiskTrouble), match=sentence) as told:
        text(str(file))
    assert "\n" not in str(told.value)


def archive_of(place: Path, name: str = "a.tar.gz", **texts: bytes) -> str:
    with tarfile.open(place / name, "w:gz") as archive:
        for inside, content in texts.items():
            member = tarfile.TarInfo(inside)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return str(place / name)


def test_an_archive_is_read_as_the_folder_that_it_holds(tmp_path: Path) -> None:
    parts = {
        "own/train/a.txt": b"one\n" * 5,
        "own/valid/b.txt": b"two\n" * 2,
        "own/LICENSE": b"x",
        "own/._a.txt": b"\0",
    }
    found = text(path := archive_of(tmp_path, **parts), min_freq=1)
    assert (found.name, found.source) == (path, "path")
    assert found.vocabulary.decode(found.train.tolist()) == "one\n" * 5
    plain = text(archive_of(tmp_path, "b.tar", **{"a.txt": b"three\n" * 5}), min_freq=1)
    assert plain.vocabulary.decode(plain.valid.tolist()) == "three\n"


def test_an_archive_is_unpacked_once_and_again_when_it_is_another(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive_of(tmp_path, **{"a.txt": b"one\n" * 9})
    first = text(path, min_freq=1)
    (left,) = [place for place in (home / "data" / text_archive.CACHE).iterdir() if place.is_dir()]
    with monkeypatch.context() as patch:
        patch.setattr(text_archive, "_unpack", None)
        np.testing.assert_array_equal(text(path, min_freq=1).train, first.train)
    archive_of(tmp_path, **{"a.txt": b"another\n" * 9})
    assert text(path, min_freq=1).vocabulary.encode("a")[0] > 2
    assert not left.exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("LICENSE", r"has no \.txt files"), ("../../a.txt", "outside of it"), ("/a.txt", "outside of it")],
)
def test_archives_that_are_refused(tmp_path: Path, home: Path, name: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        text(archive_of(tmp_path, **{name: b"one\n" * 9}))
    assert [place.name for place in (home / "data" / text_archive.CACHE).iterdir()] == [".lock"]


def test_a_damaged_archive_and_one_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(archive_of(tmp_path, **{"a.txt": bytes(range(1, 128)) * 999}))
    monkeypatch.setattr(text_archive, "MOST_BYTES", 1 << 10)
    with pytest.raises(BadInput, match="unpack it, and give the folder"):
        text(str(path))
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises((BadInput, DiskTrouble)) as told:
        text(str(path))
    assert "\n" not in str(told.value)


def test_folders_without_texts_or_with_one_part_only(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"has no \.txt files"):
        text(str(tmp_path))
    with pytest.raises(BadInput, match="has a train text and no valid text"):
        text(folder_of(tmp_path, train="aaa\n" * 9))
    with pytest.raises(BadInput, match="is no file"):
        text("/dev/zero")


def test_more_characters_than_a_byte_counts(tmp_path: Path) -> None:
    many = "".join(map(chr, range(0x4E00, 0x4E00 + 400)))
    (tmp_path / "a.txt").write_text((many + "\n") * 10, encoding="utf-8")
    found = text(str(tmp_path / "a.txt"))
    assert found.train.dtype == np.int16
    assert found.vocabulary.decode(found.train[:401].tolist()) == many + "\n"


def test_prompts_are_read_as_the_text_is() -> None:
    vocabulary = Vocabulary(("<unk>", "<pad>", "<eos>", "a", "b"))
    assert vocabulary.encode("aB\nc") == [3, 4, 2, 0]
    assert vocabulary.decode([3, 4, 2, 0, 1]) == "ab\n\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"
    assert vocabulary.unknown("abcdc\nc") == "cd"


def test_two_hundred_megabytes_take_little_more_memory_than_their_numbers(tmp_path: Path) -> None:
    """In a process of its own: the array (200 MB), and not the 10 GB that a list of characters would take."""
    line = b"The quick brown fox jumps over the lazy dog, and again; it does so for a very long time.\n" * 11_800
    with open(tmp_path / "big.txt", "wb") as file:
        for _ in range(200):
            file.write(line)
    program = (
        "import resource, sys, torchtext\n"
        "from fastai_tui.engine.data.text import text\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"found = text({str(tmp_path / 'big.txt')!r})\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(len(found.train) + len(found.valid), len(found.vocabulary), after - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    tokens, vocabulary, grown = map(int, done.stdout.split())
    unit = 1 if sys.platform == "darwin" else 1024
    assert tokens == 200 * len(line)
    assert vocabulary == 3 + len(set(line.decode().lower())) - 1
    assert grown * unit < 300e6


def test_the_vocabulary_alone_knows_torchtext() -> None:
    root = Path(module.__file__).parent.parent.parent
    naming = [
        path.name
        for part in ("app", "engine", "lessons")
        for path in (root / part).rglob("*.py")
        if "from torchtext" in path.read_text() or "import torchtext" in path.read_text()
    ]
    assert naming == ["vocabulary.py"]
