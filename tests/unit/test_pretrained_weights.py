"""Weights on their way from a server to torch's cache, hash and all."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastai_tui.engine.backbones import BACKBONES, Backbone
from fastai_tui.engine.data import weights
from fastai_tui.engine.data.fetch import NotFetched, Notice, Patience, Progress
from fastai_tui.engine.errors import BadInput, DataMissing, DiskTrouble
from tests.local_server import Server, refuses, sends_to, serving

CONTENT = bytes(range(256)) * 4000
FILE = f"tiny-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"
QUICK = Patience(silence=30, window=30)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.setitem(BACKBONES, "tiny", Backbone("tiny", 1, 1, 1, 224, 256, 1, FILE))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    with serving() as found:
        monkeypatch.setenv("FASTAI_TUI_MIRROR", found.address(""))
        monkeypatch.setenv("FASTAI_TUI_MIRROR_ONLY", "1")
        yield found


def got(reports: list[Progress | Notice] | None = None) -> bool:
    return weights.get_weights("tiny", (reports if reports is not None else []).append, patience=QUICK)


def test_weights_are_fetched_once_and_with_progress(server: Server, tmp_path: Path) -> None:
    server.add(f"/weights/{FILE}", CONTENT)
    reports: list[Progress | Notice] = []
    assert not weights.here("tiny")
    assert got(reports)
    place = tmp_path / "torch" / "hub" / "checkpoints" / FILE
    assert weights.found_weights("tiny") == place
    assert place.read_bytes() == CONTENT
    last = reports[-1]
    assert isinstance(last, Progress)
    assert (last.file, last.done, last.total) == (FILE, len(CONTENT), len(CONTENT))
    assert not got()
    assert len(server.asked) == 1
    assert [path.name for path in place.parent.iterdir() if not path.name.startswith(".")] == [FILE]


def test_what_breaks_off_is_resumed(server: Server) -> None:
    server.add(f"/weights/{FILE}", CONTENT, sends_to(300_000))
    with pytest.raises(NotFetched, match=r"is kept for the next try"):
        got()
    server.answers[f"/weights/{FILE}"] = []
    assert got()
    assert server.ranges(f"/weights/{FILE}")[-1].startswith("bytes=3")


def test_the_wrong_file_is_thrown_away(server: Server) -> None:
    server.add(f"/weights/{FILE}", CONTENT[::-1])
    with pytest.raises(NotFetched, match=r"sent something else.*SHA-256 starts \w{8}.*--weights PATH\."):
        got()
    assert not weights.here("tiny")


def test_without_a_network_the_sentence_says_where_the_file_may_be_put(server: Server) -> None:
    server.add(f"/weights/{FILE}", b"", refuses(503))
    place = weights.weights_path("tiny")
    with pytest.raises(NotFetched, match=rf"Try again later, or put the file at {place}, or give one with --weights"):
        got()
    with pytest.raises(DataMissing, match=rf"to {place}, or give a file of them with --weights PATH"):
        weights.found_weights("tiny")


def test_a_damaged_file_in_the_cache_is_not_used_and_not_touched(server: Server) -> None:
    server.add(f"/weights/{FILE}", CONTENT)
    place = weights.weights_path("tiny")
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT[:-1])
    for attempt in (got, lambda: weights.found_weights("tiny")):
        with pytest.raises(BadInput, match=rf"{place} is damaged .* remove it, and get it again"):
            attempt()
    assert place.read_bytes() == CONTENT[:-1]
    place.write_bytes(CONTENT)
    assert weights.found_weights("tiny") == place


def test_a_cache_that_cannot_be_written_is_a_sentence(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file"))
    with pytest.raises(DiskTrouble, match=r"choose another place with TORCH_HOME"):
        got()


def test_the_cache_is_where_torch_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import torch

    for name, value in (("TORCH_HOME", str(tmp_path)), ("XDG_CACHE_HOME", str(tmp_path / "x")), ("TORCH_HOME", "")):
        monkeypatch.setenv(name, value)
        if not value:
            monkeypatch.delenv(name)
        assert weights.weights_folder() == Path(torch.hub.get_dir()) / "checkpoints"


def test_without_a_mirror_torchs_own_address_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FASTAI_TUI_MIRROR", raising=False)
    wanted = BACKBONES["resnet34"]
    assert weights.addresses(wanted) == ["https://download.pytorch.org/models/resnet34-b627a593.pth"]
    monkeypatch.setenv("FASTAI_TUI_MIRROR", "https://a/data/ https://b")
    assert weights.addresses(wanted)[:2] == [f"https://{host}/weights/{wanted.file}" for host in ("a/data", "b")]
    assert len(weights.addresses(wanted)) == 3
