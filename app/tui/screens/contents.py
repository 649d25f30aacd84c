"""The contents: the chapters with how far the learner is, the steps of the one that is chosen, and where to go on."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.text import plural, width
from fastai_tui.app.tui.canvas import Canvas
from fastai_tui.app.tui.screens.page import Head, Page, Row, wrapped

if TYPE_CHECKING:
    from textual.widget import Widget

    from fastai_tui.app.halfblocks import Grid
    from fastai_tui.app.tui.sheet import Sheet, Style
    from fastai_tui.app.tui.widgets.rows import Pieces
    from fastai_tui.lessons.problems import Problem
    from fastai_tui.lessons.progress import Progress
    from fastai_tui.lessons.schema import Chapter, Step

NAME = "fastai-tui"
MOTTO = "Deep learning you can touch, in a terminal."
BAR = 10
ROOMY = (112, 36)  # columns and rows from which on the picture is shown as large as it is
SMALL = (64, 20)  # and from which on at half the size


class Banner(Canvas):
    """The name, where to go on, and what it is all about: a digit, and the edges that a kernel finds in it."""

    def __init__(self, page: ContentsScreen) -> None:
        super().__init__(id="banner")
        self.page = page
        self.painted = False

    def on_mount(self) -> None:
        self.fit()
        self.call_after_refresh(self.paint)

    def paint(self) -> None:
        """Show the pictures, which took 20 ms that the first frame did not have to wait for."""
        self.painted = True
        self.redraw()

    def fit(self) -> None:
        """Take the room that the terminal's size allows."""
        self.styles.height = {1: 15, 2: 8, 0: 0}[self.factor]
        self.redraw()

    @property
    def factor(self) -> int:
        """The picture's size: 1 whole, 2 a half, 0 not shown at all."""
        across, down = self.app.size
        for factor, (columns, rows) in ((1, ROOMY), (2, SMALL)):
            if across >= columns and down >= rows:
                return factor
        return 0

    def draw(self, sheet: Sheet) -> None:
        if not self.factor:
            return
        digit, edges = 28 // self.factor, 26 // self.factor
        left = sheet.width - edges - 2
        if self.painted:
            self._draw_pictures(sheet, left, left - digit - 3)
        room = left - digit - 7
        row = sheet.put_lines(1, 3, [NAME], "title")
        row = sheet.put_lines(row, 3, wrapped(MOTTO, room), "dim")
        sheet.put_lines(row + 1, 3, wrapped(self.page.way_on, room)[: sheet.height - row - 1], "accent")

    def _draw_pictures(self, sheet: Sheet, edges_at: int, digit_at: int) -> None:
        from fastai_tui.app.halfblocks import grey, signed

        digit, edges = art(self.factor)
        largest = max(abs(value) for row in edges for value in row)
        sheet.picture(0, edges_at, edges, signed(largest))
        sheet.picture(0, digit_at, digit, grey())
        sheet.put(len(digit) // 4, edges_at - 2, "→" if sheet.sight.unicode else ">", "dim")


class ContentsScreen(Page):
    """What a new learner sees first. Posts `Page.Open`."""

    KEYS = "Contents"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"chapter({n})", "to the chapter of that number", show=False) for n in range(1, 10)),
        Binding("slash", "app.search", "search"),
        Binding("r", "app.runs", "runs"),
        Binding("o", "app.options", "options"),
        Binding("q", "app.quit", "quit"),
    ]

    def __init__(
        self, chapters: Sequence[Chapter], problems: Sequence[Problem], progress: Progress, trouble: str = ""
    ) -> None:
        super().__init__()
        self.chapters, self.problems, self.progress, self.trouble = chapters, problems, progress, trouble
        self.banner = Banner(self)
        self.folded = progress.place is None  # a new learner sees the chapters first, and the steps with the next key

    def show(
        self, chapters: Sequence[Chapter], problems: Sequence[Problem], progress: Progress, trouble: str = ""
    ) -> None:
        """Show other chapters, or other progress."""
        self.chapters, self.problems, self.progress, self.trouble = chapters, problems, progress, trouble
        self.lines.renew()
        self.banner.redraw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "back"  # there is nothing before it

    def above(self) -> Sequence[Widget]:
        return [self.banner]

    def on_mount(self) -> None:
        self.lines.pick = self._first()
        if self.trouble:
            self.say(self.trouble, "warn")

    def on_resize(self) -> None:
        self.banner.fit()
        for head in self.query(Head):  # the top line says what the banner has no room for
            head.redraw()

    def heading(self) -> tuple[str, str]:
        done = sum(self.progress.done(chapter) for chapter in self.chapters)
        return ("Contents" if self.banner.factor else NAME), f"{done} of {plural(self._steps, 'step')} done"

    @property
    def way_on(self) -> str:
        """Where enter leads, in words."""
        first = self._first()
        if not isinstance(first, tuple):
            return "There is no chapter to open."
        chapter, step = self._found(first)
        if step is None:
            return f"Begin with {chapter.title}: press enter."
        return f"Go on with {chapter.title}: {step.title}"

    def rows(self, room: int) -> list[Row]:
        opened = self.lines.pick[0] if isinstance(self.lines.pick, tuple) and not self.folded else ""
        rows: list[Row] = []
        for chapter in self.chapters:
            rows += [Row(), *self._of_chapter(chapter, room)]
            if chapter.slug == opened:
                rows += self._of_steps(chapter, room)
        return [*rows[1:], *self._of_problems(room)]

    def stepped(self) -> bool:
        """The first arrow key unfolds the first chapter."""
        if not self.folded or not self.chapters or not self.chapters[0].steps:
            return False
        self.folded = False
        self.lines.renew((self.chapters[0].slug, self.chapters[0].steps[0].id))
        return True

    def moved(self, pick: Hashable) -> None:
        self.folded = False
        self.lines.renew(pick)

    def picked(self, pick: Hashable) -> None:
        if isinstance(pick, tuple):
            slug, step = pick
            self.app.post_message(self.Open(slug, step or self._next(self._found(pick)[0])))

    def action_chapter(self, number: int) -> None:
        """Choose the chapter of that number."""
        for chapter in self.chapters:
            if chapter.number == number:
                self.folded = False
                self.lines.renew((chapter.slug, ""))

    @property
    def _steps(self) -> int:
        return sum(len(chapter.steps) for chapter in self.chapters)

    def _first(self) -> Hashable | None:
        """What is chosen to begin with: where the learner left off; with that chapter done, the next that is not; for a
        new learner the first."""
        place = self.progress.place
        here = next((one for one in self.chapters if place and one.slug == place.chapter), None)
        if place and here and here.step(place.step):
            after = (one for one in self.chapters if one.number > here.number and not self._done(one))
            following = next(after, None) if self._done(here) else None
            return (here.slug, place.step) if following is None else (following.slug, self._next(following))
        return (self.chapters[0].slug, "") if self.chapters else None

    def _done(self, chapter: Chapter) -> bool:
        return self.progress.done(chapter) == len(chapter.steps)

    def _found(self, pick: tuple[str, str]) -> tuple[Chapter, Step | None]:
        chapter = next(one for one in self.chapters if one.slug == pick[0])
        return chapter, chapter.step(pick[1])

    def _next(self, chapter: Chapter) -> str:
        """The step at which a chapter is opened: where it was left, or the first that is not done."""
        place = self.progress.place
        if place and place.chapter == chapter.slug and chapter.step(place.step):
            return place.step
        undone = (step.id for step in chapter.steps if not self.progress.of(chapter.slug, step.id).done)
        return next(undone, chapter.steps[0].id if chapter.steps else "")

    def _of_chapter(self, chapter: Chapter, room: int) -> list[Row]:
        done, of = self.progress.done(chapter), len(chapter.steps)
        filled = round(BAR * done / of) if of else 0
        if done and not filled:
            filled = 1
        count = f"{done:>2} of {of}"
        title: Pieces = [(f"{chapter.number:>2}  ", "accent"), (chapter.title, "strong")]
        gap = room - 4 - width(chapter.title) - BAR - len(count) - 2
        tail: Pieces = [(f"  {count}", "dim")]
        if gap >= 1:
            bar: Pieces = [("█" * filled, "good" if done == of else "accent"), ("░" * (BAR - filled), "dim")]
            tail = [(" " * gap, "plain"), *bar, *tail]
        about = [Row([(f"    {line}", "dim")]) for line in wrapped(chapter.about, max(room - 4, 1))]
        return [Row([*title, *tail], (chapter.slug, "")), *about]

    def _of_steps(self, chapter: Chapter, room: int) -> list[Row]:
        rows = []
        place = self.progress.place
        for number, step in enumerate(chapter.steps, 1):
            done = self.progress.of(chapter.slug, step.id).done
            here = place is not None and (place.chapter, place.step) == (chapter.slug, step.id)
            left_off = "  you left off here"
            pieces: list[tuple[str, Style]] = [("    ✓ " if done else "    ○ ", "good" if done else "dim")]
            pieces += [(f"{number:>2} ", "dim"), (step.title, "plain")]
            if here and 9 + width(step.title) + len(left_off) <= room:
                pieces.append((left_off, "accent"))
            rows.append(Row(pieces, (chapter.slug, step.id)))
        return rows

    def _of_problems(self, room: int) -> list[Row]:
        """The chapters that can not be opened, and the way out."""
        rows: list[Row] = []
        for file in dict.fromkeys(problem.file for problem in self.problems):
            count = sum(problem.file == file for problem in self.problems)
            name = "".join(c if c.isprintable() else "?" for c in PurePath(file).name)
            words = f"{name} is left out for {plural(count, 'mistake')}: fastai-tui check tells what to do."
            rows += [Row(), *(Row([(f"    {line}", "warn")]) for line in wrapped(words, max(room - 4, 1)))]
        if not self.chapters and not rows:
            rows = [Row([(line, "warn")]) for line in wrapped("No chapters came with this installation.", room)]
        return rows


@lru_cache(maxsize=2)
def art(factor: int) -> tuple[Grid, Grid]:
    """The course's three and what `top_edge` finds in it, shrunk by a factor: a few milliseconds of plain Python."""
    from fastai_tui.engine.convolution import KERNELS, Kernel, plain_map
    from fastai_tui.engine.data.digits import digit

    pixels, _ = digit(1502)
    edges = plain_map(pixels, Kernel("top_edge", KERNELS["top_edge"]))
    return _shrunk(pixels, factor), _shrunk(edges, factor)


def _shrunk(rows: Grid, factor: int) -> Grid:
    """Each square of numbers becomes their mean."""
    return [
        [
            sum(rows[i + a][j + b] for a in range(factor) for b in range(factor)) / factor**2
            for j in range(0, len(rows[0]) - factor + 1, factor)
        ]
        for i in range(0, len(rows) - factor + 1, factor)
    ]
