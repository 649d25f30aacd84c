"""The pane of schedules: rate and momentum drawn before the run, and filled with what was used while it trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.sentences import last_line, notice
from fastai_tui.app.text import rate
from fastai_tui.app.tui import orders
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import beginning, run_picture
from fastai_tui.app.tui.panes.common.run_picture import instead, spoken
from fastai_tui.app.tui.panes.training import schedule_drawing as drawing
from fastai_tui.app.tui.panes.training.course import Course, CoursePane
from fastai_tui.app.tui.panes.training.schedule_drawing import VIEWS

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

TALL = 12  # rows from which a run's progress and numbers have room
CODE = {"1cycle": "one_cycle", "sgdr": "restarts"}  # the others are called as they are


class SchedulePane(CoursePane):
    """The arrows point at a batch, [ and ] at the peaks, v shows one schedule alone, space trains."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "column(1)", "batch", tooltip="point at a later batch"),
        Binding("left", "column(-1)", "batch", tooltip="point at an earlier batch"),
        Binding("down", "epoch(1)", "epoch", tooltip="an epoch later"),
        Binding("up", "epoch(-1)", "epoch", tooltip="an epoch earlier"),
        Binding("full_stop", "move(1)", "next batch", show=False),
        Binding("comma", "move(-1)", "batch before", show=False),
        Binding("home", "move(-999999999)", "first batch", show=False),
        Binding("end", "move(999999999)", "last batch", show=False),
        Binding("right_square_bracket", "peak(1)", "peak", tooltip="the next peak, restart or step of the rate"),
        Binding("left_square_bracket", "peak(-1)", "peak", tooltip="the peak, restart or step before"),
        Binding("v", "view", "view", tooltip="rate and momentum, the rate alone, the momentum alone, the loss"),
    ]
    FIRST = ("space", "right_square_bracket", "left_square_bracket", "v", "p", "u")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.pulse = beginning.Pulse(self)
        at, view = scene.kept.get("at"), self.option("view", VIEWS[0])
        self._at = at if isinstance(at, int) and at >= 1 else 1
        self.view = view if view in VIEWS else VIEWS[0]

    # The plan

    @property
    def at(self) -> int:
        """The batch that is pointed at; not beyond the last."""
        course = self.course()
        return min(self._at, course.now.total) if course else self._at

    # What it says of itself

    def measured(self) -> Measured:
        course = self.course()
        if course is None:
            return {}
        plan = course.now
        found: dict[str, float | str] = {
            "cycles": max(len(plan.cycles), 1),
            "planned_epochs": plan.total // plan.per_epoch,
        }
        if course.counted:
            rates, momentum = course.at(self.at)
            found |= {"top": float(rate(plan.top)), "peak": plan.peak, "total": plan.total, "batch": self.at}
            found |= {"rate": rates[-1], "momentum": momentum}
        return found

    def kept(self) -> State:
        return {"at": self._at, "view": self.view}

    def sentence(self) -> str:
        course = self.course()
        if course is None:
            return self.trouble or "These settings plan nothing."
        said = drawing.sentence(course, self.at, self.hidden)
        return f"{said} {self._say()}"

    def command(self) -> Sequence[str]:
        course = self.course()
        if course is not None and course.shot is not None:
            return ["show" if course.shot.ended else "watch", course.shot.run]
        if not self.scene.step.run:
            return ()
        return [*orders.command_of(self.scene.step, self.knobs), "--dry-run"]

    def code(self) -> str:
        course = self.course()
        name = course.now.name if course else "plan"
        return self.scene.step.code or f"engine.schedules:{CODE.get(name, name)}"

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        course = self.course()
        if action == "peak":
            return course is not None and course.counted and self._next(int(str(parameters[0]))) is not None
        if action == "epoch":
            return course is not None and course.now.total > course.now.per_epoch
        return super().check_action(action, parameters)

    def _point(self, to: int) -> None:
        course = self.course()
        if course is not None and course.counted:
            self._at = min(max(to, 1), course.now.total)
            self.refresh_bindings()
            self.changed()

    def action_move(self, by: int) -> None:
        self._point(self.at + by)

    def action_column(self, by: int) -> None:
        course = self.course()
        if course is not None:
            columns = max(self.size.width - drawing.MARGIN - 2, 1)
            self._point(self.at + by * max(round(course.now.total / columns), 1))

    def action_epoch(self, by: int) -> None:
        course = self.course()
        if course is not None:
            self._point(self.at + by * course.now.per_epoch)

    def _next(self, way: int) -> int | None:
        """The next peak on that side; None beyond the last. Those that are to be predicted are not pointed at."""
        course = self.course()
        if course is None or self.hidden & {"peak", "top", "rate"}:
            return None
        peaks = [step for step in course.now.peaks if (step > self.at if way > 0 else step < self.at)]
        return (peaks[0] if way > 0 else peaks[-1]) if peaks else None

    def action_peak(self, way: int) -> None:
        to = self._next(way)
        if to is not None:
            self._point(to)

    def action_view(self) -> None:
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]
        self.changed()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        course, area = self.course(), Area(0, 0, sheet.width, sheet.height)
        shot = course.shot if course else None
        asked = shot is None and self.once.pending("train")
        self.pulse.beat(asked or beginning.begins(shot))
        if course is None:
            words = self.trouble or "These settings plan nothing."
            instead(sheet, words, "bad")
            return
        top = self._head(sheet, area, course)
        foot = self._foot(sheet, course)
        for i, (line, style) in enumerate(foot):
            sheet.put(sheet.height - len(foot) + i, 0, line, style)
        body = Area(top, 0, sheet.width, max(sheet.height - top - len(foot), 0))
        drawing.draw(sheet, body, self.plotter, course, self.at, self.view, self.hidden)

    def _head(self, sheet: Sheet, area: Area, course: Course) -> int:
        """The run, or what is planned; returns the rows taken."""
        if course.shot is not None:
            rows = 3 if area.height >= TALL else 2 if area.height >= 8 else 1
            return run_picture.head(sheet, area._replace(height=rows + 1 if rows > 1 else 1), course.shot, self.hidden)
        brief = area.height < TALL and area.width < run_picture.WIDE
        lines = spoken(sheet, drawing.facts(course, self.hidden, brief=brief), area.width, 2, "strong")
        for i, (line, style) in enumerate(lines):
            sheet.put(i, 0, line, style)
        return len(lines)

    def _foot(self, sheet: Sheet, course: Course) -> list[tuple[str, Role]]:
        if sheet.height < 5:
            return []
        shot, style = course.shot, "accent"
        if course.shot is None and self.once.pending("train"):
            words = f"{self.pulse.sign(sheet.sight.unicode)} {beginning.STAGES[0]}"
        elif beginning.begins(shot):
            words = f"{self.pulse.sign(sheet.sight.unicode)} {beginning.STAGES[beginning.stage(shot)]}"
        else:
            words, style = self._say(), run_picture.mood(shot) if shot else "bad" if self.trouble else "accent"
        lines = spoken(sheet, words, sheet.width, 2 if sheet.height >= TALL else 1, style)  # type: ignore[arg-type]
        return lines if words else []

    def _say(self) -> str:
        """What the learner should know or could do now."""
        shot = self.followed()
        if shot is None:
            return self.trouble or "space trains it, as planned."
        if shot.phase == "paused":
            return "Paused: space goes on."
        if shot.ended and shot.phase != "finished":
            return (
                f"{last_line(shot).partition('; `')[0]} {'p goes on with it.' if shot.step else 'space tries again.'}"
            )
        return last_line(shot) if shot.ended and not self._secret() else notice(shot) if not shot.ended else "finished"

    def _secret(self) -> bool:
        """Is anything that a run's last words tell still to be predicted?"""
        return bool(self.hidden & {"accuracy", "valid_loss"})
