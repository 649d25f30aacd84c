"""One run over the whole screen: everything that `watch` shows, with its settings, and the keys to steer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.screen import Screen

from fastai_tui.app import sentences, views
from fastai_tui.app.tui import steering
from fastai_tui.app.tui.canvas import Canvas
from fastai_tui.app.tui.following import follow
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.once import Once
from fastai_tui.app.tui.panes.common.run_picture import RunPicture, numbers, small, views_of
from fastai_tui.app.tui.plotting import Plotter
from fastai_tui.app.tui.screens.inside import InsideView, steering_keys
from fastai_tui.app.tui.screens.page import Note, wrapped
from fastai_tui.app.tui.widgets.keyline import KeyLine

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.runs.run import Run

FACTS = "facts"  # the view of settings, warnings, versions
NAME = 12  # columns of a fact's name
ROOMY = 36  # rows from which the settings are shown below the curves


Fact = tuple[str, str, "Role"]


class RunView(Canvas, can_focus=True):
    """Draws the run."""

    KEYS = "This run"
    BINDINGS: ClassVar[list[BindingType]] = [
        *steering_keys(),
        Binding("v", "view", "view", tooltip="curves, one of them, epochs, settings"),
    ]

    def __init__(self) -> None:
        super().__init__(id="run")
        self.plotter = Plotter(self)
        self.picture = RunPicture(self.plotter, "c continues it.", "")
        self.shot: Snapshot | None = None
        self.view = "all"

    def show(self, shot: Snapshot) -> None:
        """Show a newer snapshot."""
        self.shot = shot
        self.redraw()

    def on_key(self, event: events.Key) -> None:
        self.plotter.pressed()

    def action_view(self) -> None:
        all_views = [*views_of(self.shot), FACTS]
        if small(Area(0, 0, self.size.width, self.size.height - 4)):
            all_views.remove("loss")  # there, it is what "all" shows
        at = all_views.index(self.view) if self.view in all_views else 0
        self.view = all_views[(at + 1) % len(all_views)]
        self.redraw()

    def draw(self, sheet: Sheet) -> None:
        shot = self.shot
        if shot is None:
            sheet.put(0, 1, "Reading the run …", "dim")
            return
        area = Area(0, 1, max(sheet.width - 2, 0), sheet.height)
        facts = _facts(shot, area.width)
        if self.view == FACTS:
            self._facts(sheet, area, facts)
            return
        if sheet.height >= ROOMY and self.view == "all":
            below = min(len(facts), sheet.height // 4) + 1
            self._lines(sheet, Area(sheet.height - below + 1, area.column, area.width, below - 1), facts)
            area = area._replace(height=sheet.height - below)
        else:
            sheet.leave_out("the settings (v)")
        left = self.picture.draw(sheet, area, shot, self.view, ())
        self._left_out(sheet, area, bool(shot.step))
        if left.height > 2:
            self._lines(sheet, left._replace(row=left.row + 1, height=left.height - 2), facts)

    def _left_out(self, sheet: Sheet, area: Area, begun: bool) -> None:
        """Say at the right of the numbers' line what `v` would show; the accuracy gives way to it."""
        if self.shot is None or not sheet.left_out or not begun or sheet.height < 4:
            return
        words = f"not shown: {', '.join(sheet.left_out)}"
        if len(words) + 2 > area.width - len(numbers(self.shot, area.width)):
            words = f"{len(sheet.left_out)} not shown"
        room = area.width - len(words) - 2
        line = numbers(self.shot, room)
        if len(line) <= room:
            sheet.put(2, area.column, line.ljust(room + 2))
            sheet.put(2, area.right - len(words), words, "dim")

    def _facts(self, sheet: Sheet, area: Area, facts: list[Fact]) -> None:
        sheet.put(0, area.column, self.shot.run if self.shot else "", "strong")
        self._lines(sheet, area._replace(row=2, height=area.height - 2), facts)

    def _lines(self, sheet: Sheet, area: Area, lines: list[Fact]) -> None:
        if len(lines) > area.height:
            sheet.leave_out("some of the settings")
        for i, (name, line, style) in enumerate(lines[: max(area.height, 0)]):
            sheet.put(area.row + i, area.column, name, "dim")
            sheet.put(area.row + i, area.column + NAME, line, style)


def _facts(shot: Snapshot, width: int) -> list[Fact]:
    """Warnings, settings, changes and versions as (name, a line of its words, style)."""
    told: list[Fact] = [("warning", warning, "warn") for warning in shot.warnings]
    told += [(name, words, "plain") for name, words in views.facts(shot)]
    room = max(width - NAME, 1)
    return [(name if not i else "", line, style) for name, words, style in told
            for i, line in enumerate(wrapped(words, room))]  # fmt: skip


class RunScreen(Screen[None]):
    """Follows one run. Escape goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back"),
        Binding("x", "command", "command line", show=False),
        Binding("s", "say_it", "in a sentence", show=False),
        Binding("a", "inside(1)", "activations", tooltip="what goes on between its layers"),
        Binding("a", "inside(0)", "the run", tooltip="its curves, epochs, settings"),
    ]
    AUTO_FOCUS = "#run"
    DEFAULT_CSS = """
    RunScreen { layout: vertical; overflow: hidden; }
    RunScreen Canvas { width: 100%; height: 1fr; }
    RunScreen #keys { height: 1; }
    """

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.shot: Snapshot | None = None
        self.view, self.note, self._once = RunView(), Note(), Once()
        self.inside = InsideView(run, self.note.say)

    def compose(self) -> ComposeResult:
        self.inside.display = False
        yield self.view
        yield self.inside
        yield self.note
        yield KeyLine()

    def on_mount(self) -> None:
        self._follow()

    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        await follow(self.run, self._told, lambda sentence: self.note.say(sentence, "bad"))

    def _told(self, shot: Snapshot) -> None:
        before, self.shot = self.shot, shot
        (self.inside if self.inside.display else self.view).show(shot)
        if before is None or before.phase != shot.phase or bool(before.step) != bool(shot.step):
            self._once.forget()
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "steer":
            return self.shot is not None and steering.can(str(parameters[0]), self.shot.phase, self.shot.live)
        if action == "inside":
            return self._recorded() if parameters[0] else self.inside.display
        return True

    def _recorded(self) -> bool:
        """Are there activations to be seen that are not shown yet?"""
        asked = dict(self.shot.settings).get("activations", "off") if self.shot and self.shot.step else "off"
        return asked != "off" and not self.inside.display

    def action_inside(self, inside: int) -> None:
        self.inside.display, self.view.display = bool(inside), not inside
        shown = self.inside if inside else self.view
        shown.focus()
        if self.shot is not None:
            shown.show(self.shot)
        self.refresh_bindings()

    @work
    async def action_steer(self, do: str) -> None:
        if not self._once.first(do):
            return
        said, well = await steering.steer(self.run, do)
        self.note.say(said, "accent" if well else "bad")
        if do == "continue" and well:
            self._follow()

    def action_command(self) -> None:
        from fastai_tui.app.tui.screens.command import CommandScreen

        ended = self.shot is not None and self.shot.ended
        self.app.push_screen(CommandScreen(["show" if ended else "watch", self.run.id]))

    def action_say_it(self) -> None:
        from fastai_tui.app.tui.screens.say import SayScreen

        shot = self.shot
        words = [sentences.loss_sentence(shot), sentences.rate_sentence(shot), sentences.notice(shot)] if shot else []
        said = " ".join(word[:1].upper() + word[1:] for word in words if word)
        if self.inside.display:
            said = self.inside.in_words() or said
        self.app.push_screen(SayScreen(said or "Nothing is known of the run yet."))

    def action_back(self) -> None:
        if self.app.screen is self:  # else a quick second key would close what lies under it
            self.dismiss()
