"""One request to one server, read by a thread of its own, so that whoever waits for it can always be interrupted.

A name server that does not answer, a server that is silent and one that sends a byte a minute all block whoever
reads; here that is a thread nobody waits for.
"""

import contextlib
import ipaddress
import queue
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, Any, NamedTuple

CHUNK = 1 << 16
AHEAD = 64  # chunks read before somebody wants them: 4 MB
SOCKET_TIMEOUT = 60.0  # ends the thread some time after nobody listens to it any more


class Unreachable(Exception):
    """Why a server did not give an answer to work with, in a few words."""


class Cut(Exception):
    """Why an answer ended before its end, in a few words."""


class Head(NamedTuple):
    """The start of an answer: its status, the place of its first byte in the file, and the file's size if it says."""

    status: int
    start: int
    total: int | None


class Stream:
    """The bytes at `address` from the one numbered `start` on. Nothing is raised before somebody asks for them."""

    def __init__(self, address: str, start: int) -> None:
        self._items: queue.Queue[Head | bytes | Exception] = queue.Queue(AHEAD)
        self._left = threading.Event()
        threading.Thread(target=self._pump, args=(address, start), daemon=True, name="fetch").start()

    def next(self, wait: float) -> Head | bytes | None:
        """What came next: first the `Head`, then bytes, at the end none of them (`b""`); None if nothing came in `wait`
        seconds. Raises `Unreachable` or `Cut`."""
        try:
            item = self._items.get(timeout=wait)
        except queue.Empty:
            return None
        if isinstance(item, Exception):
            raise item
        return item

    def leave(self) -> None:
        """Stop reading. The connection closes as soon as its thread looks up."""
        self._left.set()

    def _pump(self, address: str, start: int) -> None:
        try:
            with contextlib.closing(_open(address, start)) as response:
                self._put(_head(response, start))
                self._read(response)
        except Exception as error:  # whatever it is, the one who waits must hear of it
            self._put(error)

    def _read(self, response: Any) -> None:
        try:
            while not self._left.is_set():
                self._put(chunk := response.read1(CHUNK))  # what is there, without waiting for a whole chunk
                if not chunk:
                    return
        except (OSError, HTTPException) as error:
            raise Cut(f"broke off ({_why(error)})") from error

    def _put(self, item: Head | bytes | Exception) -> None:
        while not self._left.is_set():
            with contextlib.suppress(queue.Full):
                return self._items.put(item, timeout=0.5)


def trusted(address: str) -> bool:
    """May this address be asked? Only over https, or within this machine: what travels openly can be exchanged."""
    parts = urllib.parse.urlsplit(address)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and _local(address)))


def host(address: str) -> str:
    """The host and port in an address, for people to read."""
    return urllib.parse.urlsplit(address).netloc.rpartition("@")[2] or address


def _local(address: str) -> bool:
    name = urllib.parse.urlsplit(address).hostname or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(name).is_loopback
    return name == "localhost"


class _Redirect(urllib.request.HTTPRedirectHandler):
    """Follows a redirect unless it leads out of https or off this machine."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if not trusted(newurl) or (req.type == "https" and urllib.parse.urlsplit(newurl).scheme != "https"):
            raise Unreachable(f"wanted to redirect to {newurl}, which is not safe")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _open(address: str, start: int) -> HTTPResponse | urllib.error.HTTPError:
    headers = {"User-Agent": "fastai-tui", "Accept-Encoding": "identity"}  # urllib's own name gets many a 403
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        return _opener(address).open(urllib.request.Request(address, headers=headers), timeout=SOCKET_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416:
            return error
        raise Unreachable(f"answered {error.code} {error.reason}".rstrip()) from error
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable(f"could not be reached ({_why(error)})") from error


def _opener(address: str) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [_Redirect(), urllib.request.HTTPSHandler(context=_certificates())]
    if _local(address):
        handlers.append(urllib.request.ProxyHandler({}))  # no proxy can reach what is on this machine
    return urllib.request.build_opener(*handlers)


def _certificates() -> ssl.SSLContext:
    """The system's certificates and certifi's: some Pythons come without the former."""
    context = ssl.create_default_context()
    with contextlib.suppress(ImportError):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def _head(response: HTTPResponse | urllib.error.HTTPError, asked: int) -> Head:
    length = _number(response.headers.get("Content-Length"))
    if response.status == 206:
        span, _, total = (response.headers.get("Content-Range") or "").removeprefix("bytes ").partition("/")
        start = _number(span.partition("-")[0])
        return Head(206, -1 if start is None else start, _number(total))
    return Head(response.status or 0, 0 if response.status == 200 else asked, length)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _why(error: BaseException) -> str:
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    return (getattr(reason, "strerror", None) or str(reason) or type(reason).__name__).lower()
