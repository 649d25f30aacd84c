"""Lines that scroll, and can be chosen from."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from textual.binding import Binding, BindingType
from textual.message import Message

from fastai_tui.app.text import fit, width
from fastai_tui.app.tui.canvas import Canvas

if TYPE_CHECKING:
    from textual import events

    from fastai_tui.app.tui.screens.page import Page
    from fastai_tui.app.tui.sheet import Sheet, Style

Pieces: TypeAlias = "Sequence[tuple[str, Style]]"


@dataclass(frozen=True)
class Row:
    """A line. Rows with the same `pick` are one thing that can be chosen; `None` is only read."""

    pieces: Pieces = ()
    pick: Hashable | None = None


class Rows(Canvas, can_focus=True):
    """Lines that scroll; where some can be chosen, the arrow keys go from one of those to the next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("pageup,b", "page(-1)", "a screenful up", show=False),
        Binding("pagedown,space", "page(1)", "a screenful down", show=False),
        Binding("home", "edge(-1)", "to the beginning", show=False),
        Binding("end", "edge(1)", "to the end", show=False),
        Binding("enter", "pick", "open"),
        Binding("enter", "take", "choose"),
    ]
    KEYS = "This list"

    class Picked(Message):
        """Enter was pressed on something."""

        def __init__(self, pick: Hashable) -> None:
            super().__init__()
            self.pick = pick

    class Moved(Picked):
        """Something else is chosen now."""

    def __init__(self, page: Page) -> None:
        super().__init__(id="rows")
        self.page = page
        self.top = 0
        self.pick: Hashable | None = None
        self._made: tuple[int, list[Row]] | None = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        wanted = "pick" if self.page.OPENS else "take"
        return self.pick is not None and action == wanted if action in ("pick", "take") else True

    @property
    def rows(self) -> list[Row]:
        """The page's lines at the width of now."""
        room = max(self.size.width - 3, 1)  # a margin for the mark on the left, one for the arrows on the right
        if self._made is None or self._made[0] != room:
            self._made = (room, self.page.rows(room))
        return self._made[1]

    def picks(self) -> list[Hashable]:
        """What can be chosen, from top to bottom."""
        return list(dict.fromkeys(row.pick for row in self.rows if row.pick is not None))

    def renew(self, pick: Hashable | None = None, top: bool = False) -> None:
        """The page's lines are others now; choose `pick`, or else what was chosen before, or the first."""
        if pick is not None:
            self.pick = pick  # before the lines are made: which there are may depend on it
        self._made = None
        picks = self.picks()
        if self.pick not in picks:
            self.pick = picks[0] if picks else None
        if top:
            self.top = 0
        else:
            self._reveal()
        self.redraw()
        self.refresh_bindings()

    def on_resize(self, event: events.Resize) -> None:
        self.renew(top=self.page.reading and self.top == 0)

    def draw(self, sheet: Sheet) -> None:
        for at, row in enumerate(self.rows[self.top : self.top + sheet.height]):
            chosen = row.pick is not None and row.pick == self.pick
            sheet.spans(at, 1, row.pieces)
            for beyond in (sheet.width - 2, sheet.width - 1):
                sheet.put(at, beyond, " ")
            if chosen:
                sheet.put(at, 0, "›", "accent")
                self.page.mark(sheet, at, row)
        if self.top:
            sheet.put(0, sheet.width - 1, "▲" if self.sight.unicode else "^", "accent")
        if self.top < self._end:
            sheet.put(sheet.height - 1, sheet.width - 1, "▼" if self.sight.unicode else "v", "accent")

    def action_move(self, way: int) -> None:
        if self.page.stepped():
            return None
        picks = self.picks()
        if self.pick in picks and self._seen:
            at = picks.index(self.pick) + way
            if 0 <= at < len(picks):
                return self._choose(picks[at])
        return self._scroll(way)

    def action_page(self, way: int) -> None:
        self._scroll(way * max(self.size.height - 1, 1), take=True)

    def action_edge(self, way: int) -> None:
        self._scroll(way * len(self.rows), take=True)

    def action_pick(self) -> None:
        if self.pick is not None:
            self.post_message(self.Picked(self.pick))

    def action_take(self) -> None:
        self.action_pick()

    def on_click(self, event: events.Click) -> None:
        at = self.top + event.y
        pick = self.rows[at].pick if at < len(self.rows) else None
        if pick is not None and pick == self.pick:
            self.action_pick()
        elif pick is not None:
            self._choose(pick)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll(3)

    @property
    def _seen(self) -> bool:
        """Is what is chosen on the screen? If not, the arrows scroll to it."""
        return any(row.pick == self.pick for row in self.rows[self.top : self.top + self.size.height])

    @property
    def _end(self) -> int:
        return max(len(self.rows) - self.size.height, 0)

    def _choose(self, pick: Hashable) -> None:
        if pick != self.pick:
            self.pick = pick
            self.post_message(self.Moved(pick))
            self._reveal()
            self.redraw()

    def _scroll(self, lines: int, *, take: bool = False) -> None:
        """Scroll; with `take`, choose what is as far on."""
        if take and (places := [(i, row.pick) for i, row in enumerate(self.rows) if row.pick is not None]):
            now = next((i for i, pick in places if pick == self.pick), 0)
            found = [pick for i, pick in places if (i >= now + lines if lines > 0 else i <= now + lines)]
            ends = (places[0][1], places[-1][1])
            self._choose((found[0] if lines > 0 else found[-1]) if found else ends[lines > 0])
        self.top = min(max(self.top + lines, 0), self._end)
        if take:
            self._reveal()
        self.redraw()

    def _reveal(self) -> None:
        """Scroll as little as it takes to see what is chosen; headings above the first choice, too."""
        self.top = min(self.top, self._end)
        lines = [i for i, row in enumerate(self.rows) if row.pick is not None and row.pick == self.pick]
        if not lines or not self.size.height:
            return
        if self.picks()[0] == self.pick and lines[-1] < self.size.height:
            self.top = 0
        self.top = max(min(self.top, lines[0]), lines[-1] - max(self.size.height, 1) + 1, 0)


def wrapped(words: str, room: int) -> list[str]:
    """Plain text as lines of at most `room` cells; a word that is longer is cut into pieces."""
    lines: list[str] = []
    room = max(room, 1)
    for paragraph in words.split("\n"):
        line = ""
        for word in paragraph.split():
            while width(word) > room:
                if line:
                    lines.append(line)
                    line = ""
                head = fit(word, room, more="").rstrip() or word[0]
                lines.append(head)
                word = word[len(head) :]
            if line and width(line) + 1 + width(word) > room:
                lines.append(line)
                line = ""
            line = f"{line} {word}" if line else word
        lines.append(line)
    return lines if words else []
