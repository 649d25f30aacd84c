"""The fetcher, against a server that cuts, refuses, lies, crawls and is silent."""

import errno
import hashlib
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastai_tui.engine.data import fetch as module
from fastai_tui.engine.data import stream
from fastai_tui.engine.data.catalogue import File
from fastai_tui.engine.data.fetch import Fetch, NotFetched, Notice, Patience, Progress
from fastai_tui.engine.data.placing import place
from fastai_tui.engine.errors import DiskTrouble, Interrupted
from tests.local_server import (
    Server,
    crawls,
    ignores_range,
    is_silent,
    never_ends,
    redirects,
    refuses,
    sends,
    sends_instead,
    sends_to,
    serving,
)

BODY = random.Random(1).randbytes(300_000)
OTHER = random.Random(2).randbytes(300_000)
USUAL = Patience()
HURRIED = Patience(silence=60, window=0.4, floor=20_000)  # with slow servers
NERVOUS = Patience(silence=0.5, window=60)  # and with silent ones


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


class Getting:
    """A fetch of BODY into a folder of its own, with everything it reports."""

    def __init__(self, folder: Path, *addresses: str, patience: Patience = USUAL) -> None:
        self.part, self.target = folder / "thing.part", folder / "thing"
        self.reports: list[Progress | Notice] = []
        self.stop = threading.Event()
        file = File(name="thing", size=len(BODY), sha256=sha(BODY), packed="thing")
        self.fetch = Fetch(
            self.part,
            addresses,
            lambda part: place(part, self.target, file),
            most=2 * len(BODY),
            report=self.reports.append,
            cancelled=self.stop.is_set,
            patience=patience,
        )

    def run(self) -> str:
        return self.fetch.run()

    @property
    def notices(self) -> str:
        return "\n".join(report.message for report in self.reports if isinstance(report, Notice))


def arrived(getting: Getting) -> bool:
    return getting.target.read_bytes() == BODY and not getting.part.exists()


def test_a_file_arrives_whole_private_and_with_its_progress(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, server.add("/thing", BODY))
    assert getting.run() == server.address("/thing")
    assert arrived(getting)
    assert getting.target.stat().st_mode & 0o777 == 0o600
    last = getting.reports[-1]
    assert isinstance(last, Progress)
    assert (last.done, last.total, last.file) == (len(BODY), len(BODY), "thing")


def test_a_cut_connection_is_resumed_where_it_broke_off(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, server.add("/thing", BODY, sends_to(100_000), sends_to(250_000), sends))
    getting.run()
    assert arrived(getting)
    assert server.ranges("/thing") == ["", "bytes=100000-", "bytes=250000-"]


def test_what_an_earlier_process_left_is_resumed(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, server.add("/thing", BODY))
    getting.part.write_bytes(BODY[:120_000])
    getting.run()
    assert arrived(getting)
    assert server.ranges("/thing") == ["bytes=120000-"]


def test_a_complete_part_needs_no_more_bytes(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, server.add("/thing", BODY))
    getting.part.write_bytes(BODY)
    getting.run()
    assert arrived(getting)
    assert server.ranges("/thing") == [f"bytes={len(BODY)}-"]  # answered 416


def test_a_part_longer_than_the_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, server.add("/thing", BODY))
    getting.part.write_bytes(BODY + b"more")
    getting.run()
    assert arrived(getting)
    assert server.ranges("/thing") == [f"bytes={len(BODY) + 4}-", ""]


@pytest.mark.parametrize("left", [BODY[:90_000], OTHER[:90_000], BODY + b"more"])
def test_a_server_that_ignores_ranges_is_taken_from_the_start(server: Server, tmp_path: Path, left: bytes) -> None:
    getting = Getting(tmp_path, server.add("/thing", BODY, ignores_range))
    getting.part.write_bytes(left)
    getting.run()
    assert arrived(getting)
    assert len(server.ranges("/thing")) == 1


def test_a_restarted_answer_that_breaks_off_early_loses_nothing(server: Server, tmp_path: Path) -> None:
    def restarts(handler: object, body: bytes, start: int) -> None:
        sends_to(10_000)(handler, body, 0)  # type: ignore[arg-type]

    getting = Getting(tmp_path, server.add("/a", BODY, restarts), server.add("/b", BODY))
    getting.part.write_bytes(BODY[:200_000])
    getting.run()
    assert arrived(getting)
    assert server.ranges("/b") == ["bytes=200000-"]


def test_a_file_that_changed_between_two_parts_is_begun_anew(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, server.add("/thing", BODY))
    getting.part.write_bytes(OTHER[:150_000])
    getting.run()
    assert arrived(getting)
    assert server.ranges("/thing") == ["bytes=150000-", ""]
    assert sha(OTHER[:150_000] + BODY[150_000:]) in getting.notices


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_a_refusal_leads_to_the_next_address(server: Server, tmp_path: Path, status: int) -> None:
    getting = Getting(tmp_path, server.add("/no", b"", refuses(status)), server.add("/thing", BODY))
    assert getting.run() == server.address("/thing")
    assert arrived(getting)
    assert f"answered {status}" in getting.notices


def test_wrong_bytes_are_rejected_with_both_hashes_and_the_next_address_is_asked(
    server: Server, tmp_path: Path
) -> None:
    getting = Getting(tmp_path, server.add("/wrong", OTHER), server.add("/thing", BODY))
    getting.run()
    assert arrived(getting)
    assert sha(OTHER) in getting.notices
    assert sha(BODY) in getting.notices
    assert server.ranges("/thing") == [""]  # nothing of the wrong bytes is resumed


def test_where_nobody_has_the_right_bytes_nothing_is_left(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, server.add("/a", OTHER), server.add("/b", BODY[:-1], sends_instead(BODY[:-1])))
    with pytest.raises(NotFetched) as failure:
        getting.run()
    assert all(digest in str(failure.value) for digest in (sha(OTHER), sha(BODY), sha(BODY[:-1])))
    assert list(tmp_path.glob("*thing*")) == []


def test_a_crawling_server_is_left_for_the_next_address(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, server.add("/slow", BODY, crawls), server.add("/thing", BODY), patience=HURRIED)
    assert getting.run() == server.address("/thing")
    assert arrived(getting)
    assert server.ranges("/thing")[0] != ""  # the little that came is not fetched twice


def test_a_crawling_server_without_another_fails_in_the_end_and_keeps_the_part(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, server.add("/slow", BODY, crawls), patience=HURRIED)
    with pytest.raises(NotFetched, match="less than 20,000 bytes a second"):
        getting.run()
    assert BODY.startswith(getting.part.read_bytes())
    assert getting.part.stat().st_size > 0
    assert not getting.target.exists()


def test_a_silent_server_is_left_for_the_next_address(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, server.add("/silent", BODY, is_silent), server.add("/thing", BODY), patience=NERVOUS)
    assert getting.run() == server.address("/thing")
    assert "did not answer within 0.5 s" in getting.notices


def test_a_connection_cut_before_any_byte_leads_to_the_next_address(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, server.add("/cut", BODY, sends_to(0)), server.add("/thing", BODY))
    getting.run()
    assert arrived(getting)
    assert len(server.ranges("/cut")) == 1


def test_an_address_where_nobody_listens_leads_to_the_next(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, "http://127.0.0.1:1/thing", server.add("/thing", BODY))
    getting.run()
    assert arrived(getting)
    assert "could not be reached" in getting.notices


def test_a_server_that_never_stops_cannot_fill_the_disk(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, server.add("/endless", b"", never_ends), server.add("/thing", BODY))
    getting.run()
    assert arrived(getting)
    assert "sends more than the 600,000 bytes" in getting.notices


def test_a_redirect_is_followed(server: Server, tmp_path: Path) -> None:
    there = server.add("/thing", BODY)
    getting = Getting(tmp_path, server.add("/here", b"", redirects(there)))
    getting.part.write_bytes(BODY[:5])
    getting.run()
    assert arrived(getting)
    assert server.ranges("/thing") == ["bytes=5-"]


@pytest.mark.parametrize("bad", ["http://example.invalid/thing", "ftp://example.invalid/thing", "file:///etc/passwd"])
def test_only_https_or_this_machine_is_asked_and_no_redirect_leads_elsewhere(
    server: Server, tmp_path: Path, bad: str
) -> None:
    getting = Getting(tmp_path, bad, server.add("/here", b"", redirects(bad)))
    with pytest.raises(NotFetched, match=r"is no https address.*(is not safe|is not allowed)"):
        getting.run()


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://example.invalid/a", True),
        ("http://localhost:80/a", True),
        ("http://[::1]:80/a", True),
        ("http://127.9.9.9/a", True),
        ("http://localhost.example.invalid/a", False),
        ("http://10.0.0.1/a", False),
        ("https:///a", False),
        ("a", False),
    ],
)
def test_which_addresses_are_trusted(address: str, good: bool) -> None:
    assert stream.trusted(address) is good


@pytest.mark.parametrize("answer", [crawls, is_silent])
def test_it_can_be_cancelled_at_any_time_and_the_part_is_kept(server: Server, tmp_path: Path, answer: object) -> None:
    getting = Getting(tmp_path, server.add("/thing", BODY, answer))  # type: ignore[arg-type]
    getting.part.write_bytes(BODY[:1000])
    threading.Timer(0.4, getting.stop.set).start()
    with pytest.raises(Interrupted, match="kept"):  # and not silence, which would come later
        getting.run()
    assert BODY.startswith(getting.part.read_bytes())
    assert getting.part.stat().st_size >= 1000
    assert not getting.target.exists()


def test_a_keyboard_interrupt_keeps_the_part(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, server.add("/thing", BODY, sends_to(50_000)))

    def interrupt(report: object) -> None:
        raise KeyboardInterrupt

    getting.fetch.report = interrupt
    with pytest.raises(KeyboardInterrupt):
        getting.run()
    assert getting.part.read_bytes() == BODY[:50_000]
    assert not getting.target.exists()


def test_no_thread_outlives_the_fetch_for_long(server: Server, tmp_path: Path) -> None:
    getting = Getting(tmp_path, server.add("/slow", BODY, crawls), server.add("/thing", BODY), patience=HURRIED)
    getting.run()
    deadline = time.monotonic() + 60  # a bound on hanging
    while any(thread.name == "fetch" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


class FullDisk:
    """A file that takes 100,000 bytes and then has no room."""

    def __init__(self, file: object) -> None:
        self.file, self.room = file, 100_000

    def write(self, content: bytes) -> int:
        if self.room < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= len(content)
        return self.file.write(content)  # type: ignore[attr-defined, no-any-return]

    def __getattr__(self, name: str) -> object:
        return getattr(self.file, name)

    def __enter__(self) -> "FullDisk":
        return self

    def __exit__(self, *why: object) -> None:
        self.file.close()  # type: ignore[attr-defined]


def test_a_full_disk_is_one_sentence_and_the_part_is_resumed_later(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    getting = Getting(tmp_path, server.add("/thing", BODY))
    real = open
    with monkeypatch.context() as patch:
        patch.setattr(module, "open", lambda *a, **k: FullDisk(real(*a, **k)), raising=False)
        with pytest.raises(DiskTrouble, match="full"):
            getting.run()
    assert BODY.startswith(getting.part.read_bytes())
    assert not getting.target.exists()
    have = getting.part.stat().st_size
    assert have > 0
    getting.run()
    assert arrived(getting)
    assert server.ranges("/thing")[-1] == f"bytes={have}-"


ON_A_SMALL_DISK = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[3:]
from test_fetch import BODY, Getting
from fastai_tui.engine.errors import DiskTrouble
getting = Getting(Path(sys.argv[1]), sys.argv[2])
try:
    getting.run()
except DiskTrouble as error:
    print(error)
    print(BODY.startswith(getting.part.read_bytes()), getting.target.exists(), len(getting.part.read_bytes()) > 0)
"""


def test_a_disk_that_really_is_full(server: Server, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("no small file system can be mounted here")
    try:
        here = [str(Path(__file__).parent), str(Path(__file__).parent.parent.parent)]
        command = [sys.executable, "-c", ON_A_SMALL_DISK, str(disk), server.add("/thing", BODY), *here]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        sentence, facts = done.stdout.splitlines()
        assert "full" in sentence
        assert facts == "True False True"
    finally:
        subprocess.run(["umount", str(disk)], check=True)
