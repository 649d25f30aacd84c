"""What a terminal knows: a screen of cells, and the questions that a program may ask it. No process here."""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyte

# What pyte (0.8) takes for text or for something else: CSI with < = > or an intermediate character, DCS and the like
_ODD = re.compile(r"\x1b\[[<=>][\d;]*[@-~]|\x1b\[\??[\d;]*[ !\"$'][@-~]|\x1b[PX^_].*?(?:\x1b\\|\x07)", re.DOTALL)
_CUT = re.compile(
    r"\x1b(?:\[[\d;?<=>!\"$' ]*|[PX^_\]][^\x07\x1b]*)?\x1b?$"
)  # a sequence that goes on in the next piece
_QUERY = re.compile(r"\x1b\[\?(\d+)\$p|\x1b\[(\d+)n|\x1b\[(\??)u|\x1b\[(>?)0?c|\x1b\](1[01]);\?(?:\x07|\x1b\\)")
_CLIPBOARD = re.compile(r"\x1b\]52;[a-z]*;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)")

MODES_KNOWN = ("2026",)  # synchronised output, as most terminals of today have; in-band resizes they mostly have not


@dataclass
class Terminal:
    """A screen that is fed what a program writes; `answer` takes what a terminal would reply."""

    width: int = 80
    height: int = 24
    answer: Callable[[str], None] = lambda reply: None
    clipboard: list[str] = field(default_factory=list)
    bells: int = 0
    _shown: list[str] | None = None  # the lines, until something else comes: to make them takes milliseconds

    def __post_init__(self) -> None:
        self.screen = pyte.Screen(self.width, self.height)
        self._stream = pyte.Stream(self.screen)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    def feed(self, data: bytes) -> None:
        """Take what the program wrote, in whatever pieces."""
        text = self._rest + self._decode(data)
        cut = _CUT.search(text)
        text, self._rest = (text[: cut.start()], text[cut.start() :]) if cut else (text, "")
        for query in _QUERY.finditer(text):
            self._reply(query)
        self.clipboard += [found[1] for found in _CLIPBOARD.finditer(text)]
        self.bells += text.count("\x07") - len(re.findall(r"\x1b\][^\x07\x1b]*\x07", text))
        self._stream.feed(_ODD.sub("", text))
        self._shown = None

    def _reply(self, query: re.Match[str]) -> None:
        mode, status, _, attributes, colour = query.groups()
        if mode is not None:
            self.answer(f"\x1b[?{mode};{2 if mode in MODES_KNOWN else 0}$y")
        elif status == "5":
            self.answer("\x1b[0n")
        elif status == "6":
            self.answer(f"\x1b[{self.screen.cursor.y + 1};{self.screen.cursor.x + 1}R")
        elif attributes is not None:
            self.answer("\x1b[>0;10;1c" if attributes else "\x1b[?62;22c")
        elif colour is not None:
            self.answer(f"\x1b]{colour};rgb:{'dddd/dddd/dddd' if colour == '10' else '1111/1111/1111'}\x1b\\")
        # the kitty keyboard's question is left unanswered: this terminal does not speak it

    def resize(self, width: int, height: int) -> None:
        """Have another size; what does not fit is lost."""
        self.width, self.height = width, height
        self.screen.resize(height, width)
        self._shown = None

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, without the spaces at the ends."""
        if self._shown is None:
            self._shown = [line.rstrip() for line in self.screen.display]
        return [*self._shown]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def cell(self, row: int, column: int) -> Any:
        """One cell: `.data`, `.fg` and `.bg` (`default`, a name, or six hexadecimal digits), `.bold`, `.reverse` …"""
        return self.screen.buffer[row][column]

    def looks(self) -> set[tuple[str, str]]:
        """Every pair of text and background colour on the screen."""
        cells = (self.cell(row, column) for row in range(self.height) for column in range(self.width))
        return {(cell.fg, cell.bg) for cell in cells}
