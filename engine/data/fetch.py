"""The one fetcher: a file from the first of several addresses that really delivers it, resumed where it broke off."""

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import msgspec

from fastai_tui.engine.data.placing import Rejected
from fastai_tui.engine.data.stream import Cut, Head, Stream, Unreachable, host, trusted
from fastai_tui.engine.errors import Interrupted, RunFailed
from fastai_tui.engine.home import PRIVATE_FILE, disk_errors

TICK = 0.1  # seconds between two looks at the clock, and between two reports
TRIES = {"cut": 20, "slow": 2}  # of one address, as long as each try brought something; anything else has one


class NotFetched(RunFailed):
    """No address delivered the file; the sentence has what each of them did instead."""


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """How far a file is: bytes that are here, bytes there are (None if nobody says), bytes a second."""

    file: str
    address: str
    done: int
    total: int | None
    speed: float


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag="notice"):
    """Something that happened on the way to a file, as a sentence."""

    file: str
    message: str


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a server may be silent before its answer, and how slow afterwards: under `floor` bytes a second over
    `window` seconds, the next address has its turn. (CIFAR-10's official server, called unusable, manages 50,000.)"""

    silence: float = 15.0
    window: float = 10.0
    floor: float = 4096.0


class Trouble(Exception):
    """An address did not deliver: `kind` is cut, slow, gone or wrong."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


class Fetch:
    """One file on its way from `addresses` into `part`, and from there to its place by `accept`.

    `accept` looks at the complete download; it raises `Rejected` to have it thrown away. `most` bounds the bytes that
    are taken. `report` hears of progress, at most ten times a second; `cancelled` is asked as often.
    """

    def __init__(
        self,
        part: Path,
        addresses: Sequence[str],
        accept: Callable[[Path], None],
        *,
        most: int,
        report: Callable[[Progress | Notice], None],
        cancelled: Callable[[], bool] = lambda: False,
        patience: Patience | None = None,
    ) -> None:
        self.part, self.addresses, self.accept, self.most = part, addresses, accept, most
        self.report, self.cancelled, self.patience = report, cancelled, patience or Patience()
        self.name = part.name.removesuffix(".part")
        self._spoilt: set[str] = set()  # addresses whose bytes, put together from several answers, were wrong

    def run(self) -> str:
        """Fetch; the address that delivered. The part is kept if it can be resumed, in the same process or a later one.

        Raises `NotFetched`, `DiskTrouble` and `Interrupted`."""
        waiting, tries, troubles = deque(self.addresses), Counter[tuple[str, str]](), dict[str, str]()
        while waiting:
            address, before = waiting[0], self._have()
            try:
                self._from(address)
                return address
            except Trouble as trouble:
                troubles[address] = f"{host(address)} {trouble}"
                tries[address, trouble.kind] += 1
                gained = self._have() > before
                waiting = _reordered(waiting, trouble.kind, gained, tries[address, trouble.kind])
                self._say_next(troubles[address], waiting)
        raise NotFetched(self._failure(troubles))

    def _from(self, address: str) -> None:
        if not trusted(address):
            raise Trouble("gone", "is no https address")
        stream, pieced = Stream(address, self._have()), self._have() > 0
        try:
            whole = self._receive(stream, address)
        except Unreachable as error:
            raise Trouble("gone", str(error)) from error
        except Cut as error:
            raise Trouble("cut", str(error)) from error
        finally:
            stream.leave()
        self._judge(address, pieced and not whole)

    def _receive(self, stream: Stream, address: str) -> bool:
        """Write what comes to the part; True if it came from the file's first byte to its last."""
        head = self._head(stream)
        if head.status == 416 and self._have():  # nothing is behind what we have: it is complete, or wrong
            return False
        if head.start not in (0, self._have()) or head.status not in (200, 206):
            raise Trouble("gone", f"answered {head.status} with bytes nobody asked for")
        mode = "r+b" if self._have() else "wb"
        with disk_errors(f"write {self.part}"), open(self.part, mode, opener=_private) as file:
            # A server that starts again from 0 writes over what we have, which is not cut off before it is replaced:
            # if this one breaks off early, the rest is still there to resume.
            file.seek(head.start)
            self._copy(stream, file, head, address)
            file.truncate()
        return head.start == 0

    def _head(self, stream: Stream) -> Head:
        deadline = time.monotonic() + self.patience.silence
        while time.monotonic() < deadline:
            self._look_up()
            if isinstance(head := stream.next(TICK), Head):
                return head
        raise Trouble("gone", f"did not answer within {self.patience.silence:g} s")

    def _copy(self, stream: Stream, file: IO[bytes], head: Head, address: str) -> None:
        meter = _Meter(self.patience)
        while (chunk := stream.next(TICK)) != b"":
            self._look_up()
            if isinstance(chunk, bytes):
                if max(file.tell() + len(chunk), head.total or 0) > self.most:
                    raise Trouble("gone", f"sends more than the {self.most:,} bytes that this file can have")
                file.write(chunk)
                meter.count(len(chunk))
            if meter.due():
                self._tell(address, file.tell(), head.total, meter.speed)
            if meter.too_slow():
                raise Trouble("slow", f"sends less than {self.patience.floor:,.0f} bytes a second")
        self._tell(address, file.tell(), head.total, meter.speed)
        if head.total is not None and file.tell() < head.total:
            raise Trouble("cut", f"broke off after {file.tell():,} of {head.total:,} bytes")

    def _judge(self, address: str, pieced: bool) -> None:
        try:
            self.accept(self.part)
        except Rejected as error:
            self.part.unlink(missing_ok=True)
            again = pieced and address not in self._spoilt
            self._spoilt.add(address)
            raise Trouble("spoilt" if again else "wrong", f"sent something else: {str(error).rstrip('.')}") from error
        self.part.unlink(missing_ok=True)

    def _look_up(self) -> None:
        if self.cancelled():
            raise Interrupted(f"Stopped on the way to {self.name}; what has arrived is kept, and getting it resumes.")

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _tell(self, address: str, done: int, total: int | None, speed: float) -> None:
        self.report(Progress(file=self.name, address=address, done=done, total=total, speed=speed))

    def _say_next(self, trouble: str, waiting: deque[str]) -> None:
        then = f"going on with {host(waiting[0])}" if waiting else "there is no other address"
        self.report(Notice(file=self.name, message=f"{self.name}: {trouble}; {then}."))

    def _failure(self, troubles: dict[str, str]) -> str:
        kept = f" What has arrived ({self._have():,} bytes) is kept for the next try." if self._have() else ""
        return f"Could not get {self.name}: {'; '.join(troubles.values()) or 'no address is known'}.{kept}"


def _reordered(waiting: deque[str], kind: str, gained: bool, tries: int) -> deque[str]:
    """Who is asked next: the same address if it broke off on the way or has to begin anew, later again if it was slow,
    and never again if it brought nothing."""
    first, *others = waiting
    if kind == "spoilt" or (kind == "cut" and gained and tries < TRIES["cut"]):
        return waiting
    if kind == "slow" and gained and tries < TRIES["slow"]:
        return deque([*others, first])
    return deque(others)


class _Meter:
    """Bytes a second: over the last window for judging, smoothed for showing."""

    def __init__(self, patience: Patience) -> None:
        self.patience, self.speed = patience, 0.0
        self._window, self._in_window = time.monotonic(), 0
        self._beat, self._in_beat = time.monotonic(), 0

    def count(self, size: int) -> None:
        self._in_window += size
        self._in_beat += size

    def due(self) -> bool:
        """Is it time for a report? Then `speed` is up to date."""
        passed = time.monotonic() - self._beat
        if passed < TICK:
            return False
        now = self._in_beat / passed
        self.speed = now if not self.speed else 0.9 * self.speed + 0.1 * now
        self._beat, self._in_beat = time.monotonic(), 0
        return True

    def too_slow(self) -> bool:
        passed = time.monotonic() - self._window
        if passed < self.patience.window:
            return False
        slow = self._in_window / passed < self.patience.floor
        self._window, self._in_window = time.monotonic(), 0
        return slow


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, PRIVATE_FILE)
