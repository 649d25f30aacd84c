"""The lab process of an app that stays open: one process, asked again and again, restarted when it has gone.

```
ask() ──► the queue, newest of each topic ──► one request at a time ──► lab process ──► the awaiting caller
                                                    │ it died or hangs: once more, and `news` says so
```
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from typing import Any

from fastai_tui.engine import client
from fastai_tui.engine.errors import NOT_JSON, RunFailed
from fastai_tui.engine.lab import Reply

IDLE = 600.0  # seconds of silence after which the process ends itself: torch holds some 300 MB
PATIENCE = 120.0  # seconds for one answer: somebody sits in front of it, but a cold network home is slow
LONGEST = 2**30  # bytes of one answer
TAIL = 4096  # bytes of its standard error that are remembered
FAREWELL = 1.0  # seconds that it may take to end when asked to


class Lab:
    """Asks the lab process, which is started on first use, ends itself after a while of silence, and is started again.

    `news` is told a sentence when the process had to be started again for no good reason. All of it belongs to one
    event loop. `command`, `patience` (seconds for one answer) and `idle` (seconds) are for tests.
    """

    def __init__(
        self,
        news: Callable[[str], None] = lambda sentence: None,
        *,
        command: list[str] | None = None,
        patience: float = PATIENCE,
        idle: float = IDLE,
    ) -> None:
        self._news, self._patience = news, patience
        self._command = [*(command or client.COMMAND), str(idle)]
        self._waiting: list[_Asked] = []
        self._server: asyncio.Task[None] | None = None
        self._process: _Process | None = None
        self._closed = False

    @property
    def pid(self) -> int:
        """The lab's process id, or 0 while there is none."""
        return self._process.pid if self._process and self._process.lives else 0

    def warm(self) -> None:
        """Start the process now, and let it load torch; whatever goes wrong is told to whoever asks first."""
        self._put("ready", {}, "").add_done_callback(_forget)

    async def ask(self, request: str, /, *, topic: str = "", **arguments: Any) -> Any:
        """The answer, as plain values. Requests are answered in order; one with a `topic` takes the place of those of
        that topic which still wait: nobody needs their answers any more, so their callers are cancelled
        (`asyncio.CancelledError`, which ends a worker quietly).

        Raises the `FastaiTuiError` that stood in the way; `RunFailed` if the process cannot be started, or has ended
        twice over this request.
        """
        return await self._put(request, arguments, topic)

    async def close(self) -> None:
        """End the process at once (taking torch down in an orderly way takes it a second, and it has nothing to lose);
        who still waits gets `RunFailed`."""
        self._closed = True
        if self._server is not None:
            self._server.cancel()
            await asyncio.wait([self._server])
        for asked in self._waiting:
            asked.refuse(_closed())
        self._waiting.clear()
        if self._process is not None:
            await self._process.end(0)

    def _put(self, request: str, arguments: dict[str, Any], topic: str) -> "asyncio.Future[Any]":
        if self._closed:
            raise _closed()
        asked = _Asked(client.encoded(request, arguments), topic)
        for older in [w for w in self._waiting if topic and w.topic == topic]:
            self._waiting.remove(older)
            older.future.cancel()
        self._waiting.append(asked)
        if self._server is None or self._server.done():
            self._server = asyncio.get_running_loop().create_task(self._serve())
        return asked.future

    async def _serve(self) -> None:
        """Carry out what waits, one request at a time."""
        while self._waiting:
            asked = self._waiting.pop(0)
            if asked.future.done():  # its caller has left
                continue
            try:
                asked.answer(await self._answer(asked.line))
            except asyncio.CancelledError:
                asked.refuse(_closed())
                raise
            except Exception as error:
                asked.refuse(error)

    async def _answer(self, line: bytes) -> Any:
        try:
            return client.answer(await self._exchange(line))
        except _Ended as ended:
            self._tell(ended)
        try:
            return client.answer(await self._exchange(line))
        except _Ended as ended:
            raise RunFailed(
                f"The lab process ended twice over the same request ({ended}); if memory is short, close other "
                "programs, then try again."
            ) from None

    async def _exchange(self, line: bytes) -> Reply:
        """Ask the process that there is, or a new one. Raises `_Ended` if it does not survive that."""
        if self._process is not None and not self._process.lives:
            self._tell(await self._process.end())
            self._process = None
        if self._process is None:
            self._process = await _Process.start(self._command)
        try:
            return await self._process.exchange(line, self._patience)
        except _Ended:
            self._process = None
            raise

    def _tell(self, ended: "_Ended") -> None:
        if not ended.idle:
            self._news(f"The lab process ended unexpectedly ({ended}) and was started again.")


class _Asked:
    """One request and whoever waits for its answer."""

    def __init__(self, line: bytes, topic: str) -> None:
        self.line, self.topic = line, topic
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def answer(self, answer: Any) -> None:
        """Give the answer, unless the caller has left."""
        if not self.future.done():
            self.future.set_result(answer)

    def refuse(self, error: Exception) -> None:
        """Raise `error` at the caller, unless it has left."""
        if not self.future.done():
            self.future.set_exception(error)


class _Ended(Exception):
    """The process is gone, or was ended because it hung; the text says how. `idle`: it ended itself, as it should."""

    def __init__(self, how: str, *, idle: bool = False) -> None:
        super().__init__(how)
        self.idle = idle


class _Process:
    """One lab process: a session of its own, so that a key for the terminal's processes does not reach it."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child, self._said = child, b""
        self._listener = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, command: list[str]) -> "_Process":
        """Start one. Raises `RunFailed`."""
        pipe = asyncio.subprocess.PIPE
        try:
            child = await asyncio.create_subprocess_exec(
                *command,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                env=client.environment(),
                start_new_session=True,
                limit=LONGEST,
            )
        except OSError as error:
            raise client.not_started(error) from error
        return cls(child)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def lives(self) -> bool:
        """Has nobody heard yet that it has ended?"""
        return self._child.returncode is None

    async def exchange(self, line: bytes, patience: float) -> Reply:
        """Its reply to a request. Raises `_Ended`, and then it is gone."""
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(line)
            async with asyncio.timeout(patience):
                await self._child.stdin.drain()
                return await self._reply()
        except TimeoutError:
            await self.end(0)
            raise _Ended(f"no answer for {patience:.0f} seconds") from None
        except (ConnectionError, EOFError):
            raise await self.end() from None

    async def _reply(self) -> Reply:
        """The next line that is a reply: before the lab has begun, Python itself may have printed something."""
        assert self._child.stdout is not None
        while line := await self._child.stdout.readline():
            with contextlib.suppress(*NOT_JSON):
                return client.decoded(line)
        raise EOFError

    async def _listen(self) -> None:
        assert self._child.stderr is not None
        while piece := await self._child.stderr.read(TAIL):
            self._said = (self._said + piece)[-TAIL:]

    async def end(self, patience: float = FAREWELL) -> _Ended:
        """See that it ends, within so many seconds: it does so by itself when its input has ended. Tells how."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        try:
            async with asyncio.timeout(patience):
                await self._child.wait()
                await asyncio.shield(self._listener)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()
            await self._child.wait()
        self._listener.cancel()
        return self._how()

    def _how(self) -> _Ended:
        code = self._child.returncode or 0
        if code < 0:
            return _Ended(f"killed by signal {-code}{_named(-code)}")
        words = client.last_words(self._said)
        return _Ended(f"status {code}{f': {words[:200]}' if words else ''}", idle=code == 0)


def _named(number: int) -> str:
    """A word for the signals that people meet."""
    known = {signal.SIGKILL: "perhaps memory was short", signal.SIGSEGV: "a crash in compiled code"}
    return f", {known[signal.Signals(number)]}" if number in known else ""


def _closed() -> RunFailed:
    return RunFailed("The lab process was closed with the app.")


def _forget(done: "asyncio.Future[Any]") -> None:
    """Take note of an exception that nobody is to hear of."""
    if not done.cancelled():
        done.exception()
