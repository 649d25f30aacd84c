"""A web server on this machine that misbehaves as it is told, for the tests of downloading."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Handler", bytes, int], None]


class Server:
    """Serves `files` (path → bytes). `answers[path]` lists what to do with the requests for it, one after the other;
    the last one goes on for ever, and without any the file is sent, from where it is asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, str]] = []  # path, Range
        self.over = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.ours = self  # type: ignore[attr-defined]

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}{path}"

    def add(self, path: str, content: bytes, *answers: Answer) -> str:
        self.files[path] = content
        self.answers[path] = list(answers)
        return self.address(path)

    def ranges(self, path: str) -> list[str]:
        return [asked for where, asked in self.asked if where == path]


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.over.set()
        server.http.shutdown()
        server.http.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        ours: Server = self.server.ours  # type: ignore[attr-defined]
        asked = self.headers.get("Range", "")
        ours.asked.append((self.path, asked))
        start = int(asked.removeprefix("bytes=").rstrip("-") or 0)
        waiting = ours.answers.get(self.path, [])
        answer = (waiting.pop(0) if len(waiting) > 1 else waiting[0]) if waiting else sends
        answer(self, ours.files.get(self.path, b""), start)
        self.close_connection = True

    def begin(self, status: int, headers: dict[str, Any]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()

    def head_of(self, body: bytes, start: int) -> None:
        if start:
            span = f"bytes {start}-{len(body) - 1}/{len(body)}"
            self.begin(206, {"Content-Length": len(body) - start, "Content-Range": span})
        else:
            self.begin(200, {"Content-Length": len(body)})

    def log_message(self, *parts: object) -> None:
        """Nothing: tests read `Server.asked`."""


def sends(handler: Handler, body: bytes, start: int) -> None:
    if start >= len(body) and start:
        handler.begin(416, {"Content-Range": f"bytes */{len(body)}", "Content-Length": 0})
        return
    handler.head_of(body, start)
    handler.wfile.write(body[start:])


def sends_to(end: int) -> Answer:
    """Announces everything, and hangs up after the byte number `end`."""

    def answer(handler: Handler, body: bytes, start: int) -> None:
        handler.head_of(body, start)
        handler.wfile.write(body[start:end])

    return answer


def refuses(status: int) -> Answer:
    return lambda handler, body, start: handler.begin(status, {"Content-Length": 0})


def ignores_range(handler: Handler, body: bytes, start: int) -> None:
    sends(handler, body, 0)


def sends_instead(other: bytes) -> Answer:
    return lambda handler, body, start: sends(handler, other, start)


def redirects(address: str) -> Answer:
    return lambda handler, body, start: handler.begin(302, {"Location": address, "Content-Length": 0})


def is_silent(handler: Handler, body: bytes, start: int) -> None:
    _server(handler).over.wait(20)


def crawls(handler: Handler, body: bytes, start: int) -> None:
    """Sends a few bytes, now and then, until nobody listens."""
    handler.head_of(body, start)
    for i in range(start, len(body), 10):
        if _server(handler).over.is_set():
            return
        try:
            handler.wfile.write(body[i : i + 10])
        except OSError:
            return
        time.sleep(0.05)


def never_ends(handler: Handler, body: bytes, start: int) -> None:
    handler.begin(200, {"Connection": "close"})
    while not _server(handler).over.is_set():
        try:
            handler.wfile.write(bytes(1 << 16))
        except OSError:
            return


def _server(handler: Handler) -> Server:
    return handler.server.ours  # type: ignore[attr-defined, no-any-return]
