"""What comes from the keyboard, told from what comes from a clipboard: a paste never presses a key.

Textual's parser (8.2) takes an escape sequence inside a bracketed paste for keys, and a paste without an end for ever.
Here the paste is cut out before the parser sees it, and what comes faster than fingers type is taken for one, too: not
every terminal puts a paste in brackets.
"""

from __future__ import annotations

import time
from codecs import getincrementaldecoder
from typing import TYPE_CHECKING

from textual import events
from textual._xterm_parser import XTermParser

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from textual.message import Message

START, END = "\x1b[200~", "\x1b[201~"
LONGEST = 10_000  # characters of a paste that are kept; there is no field that takes as many
SILENCE = 1.0  # seconds without another byte, after which a paste that has no end has ended
FINGERS = 100  # keys at once that a held key and a moment's inattention of ours may account for
HEAP = 0.1  # seconds after such a heap in which the rest of it still comes


class Keyboard:
    """Turns bytes into messages. Times are seconds of any clock that only goes forward."""

    def __init__(self, debug: bool = False) -> None:
        self._parser = XTermParser(debug)
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._tail = ""  # the last characters outside a paste: a START may come in two pieces
        self._pasted: str | None = None  # what has come of a paste so far; None outside
        self._heaped_at = -HEAP
        self._read_at = 0.0

    @property
    def waits(self) -> bool:
        """Has a sequence begun that may be over when nothing else comes?"""
        return self._pasted is None and self._parser._timeout_time is not None

    def feed(self, data: bytes, now: float | None = None) -> Iterator[Message]:
        """The messages in what has been read."""
        self._read_at = time.monotonic() if now is None else now
        yield from self._typed(list(self._messages(self._decode(data))))

    def tick(self, now: float | None = None) -> Iterator[Message]:
        """The messages that are due because nothing else has come; to be called every now and then."""
        now = time.monotonic() if now is None else now
        if self._pasted is not None and now - self._read_at >= SILENCE:
            yield self._end(self._pasted)
        yield from self._parser.tick()

    def _messages(self, text: str) -> Iterator[Message]:
        while text:
            if self._pasted is None:
                text = yield from self._outside(text)
            else:
                text = yield from self._inside(text)

    def _outside(self, text: str) -> Generator[Message, None, str]:
        """Up to where a paste starts; returns what comes after that."""
        start = (self._tail + text).find(START)
        if start < 0:
            self._tail = (self._tail + text)[1 - len(START) :]
            yield from self._parser.feed(text)
            return ""
        begun = start + len(START) - len(self._tail)
        self._tail, self._pasted = "", ""
        # The parser sees a paste of nothing: it had to see the START's beginning, which may be the escape key
        yield from (one for one in self._parser.feed(text[:begun] + END) if not isinstance(one, events.Paste))
        return text[begun:]

    def _inside(self, text: str) -> Generator[Message, None, str]:
        """Up to where the paste ends; returns what comes after that."""
        pasted, end, rest = ((self._pasted or "") + text).partition(END)
        if end:
            yield self._end(pasted)
            return rest
        if len(pasted) > LONGEST + len(END):  # the space keeps what is left out from making an END of its neighbours
            pasted = pasted[:LONGEST] + " " + pasted[1 - len(END) :]
        self._pasted = pasted
        return ""

    def _end(self, pasted: str) -> events.Paste:
        self._pasted = None
        text = pasted[:LONGEST].replace("\r\n", "\n").replace("\r", "\n")
        return events.Paste("".join(one for one in text if one.isprintable() or one in "\n\t"))

    def _typed(self, messages: list[Message]) -> Iterable[Message]:
        """Without the keys that nobody can have pressed one by one."""
        if sum(isinstance(one, events.Key) for one in messages) > FINGERS:
            self._heaped_at = self._read_at
        elif self._read_at - self._heaped_at >= HEAP:
            return messages
        return [one for one in messages if not isinstance(one, events.Key)]
