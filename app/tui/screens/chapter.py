"""The chapter screen: a step's prose on one side, its pane on the other, and what is asked below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from fastai_tui.app.tui import pages, tasks
from fastai_tui.app.tui.frame import View, frame, widened
from fastai_tui.app.tui.panes import pane_class
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.screens.chapter_keys import CHAPTER_KEYS, ESSENTIAL
from fastai_tui.app.tui.screens.chapter_knobs import Knobs
from fastai_tui.app.tui.screens.chapter_reading import Reading
from fastai_tui.app.tui.screens.chapter_runs import StepRuns
from fastai_tui.app.tui.screens.closer import closer, possible
from fastai_tui.app.tui.services import Scene
from fastai_tui.app.tui.widgets.ask import READ_FOR, AskLine
from fastai_tui.app.tui.widgets.column import Column
from fastai_tui.app.tui.widgets.keyline import KeyLine
from fastai_tui.app.tui.widgets.knobs import KnobLines
from fastai_tui.app.tui.widgets.middle import Middle
from fastai_tui.app.tui.widgets.status import StatusLine
from fastai_tui.app.tui.widgets.title import Heading, Title

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events

    from fastai_tui.app.tui.keeper import Keeper
    from fastai_tui.app.tui.services import Services
    from fastai_tui.app.tui.sheet import Role
    from fastai_tui.engine.settings import Setting, Value
    from fastai_tui.lessons.conditions import Measurement
    from fastai_tui.lessons.glossary import Glossary
    from fastai_tui.lessons.progress import State, StepProgress
    from fastai_tui.lessons.schema import Chapter, Step

SAVE_AFTER = 0.7  # seconds without a change before a pane's state is written


class ChapterScreen(Screen[None]):
    """Plays one chapter. What the learner does goes to the keeper; what runs do comes from `StepRuns`."""

    KEYS = "This chapter"
    BINDINGS: ClassVar[list[BindingType]] = CHAPTER_KEYS

    def __init__(
        self,
        chapter: Chapter,
        step: str,
        keeper: Keeper,
        services: Services,
        glossary: Callable[[], Glossary],
        prose_width: int = 0,
    ) -> None:
        super().__init__()
        self.chapter, self.keeper, self.services = chapter, keeper, services
        self.at = next((i for i, one in enumerate(chapter.steps) if one.id == step), 0)
        self.view: View = "both"
        self.essential: tuple[str, ...] = ESSENTIAL
        self.prose_width = prose_width
        self.runs = StepRuns(self, services)
        self.reading = Reading(self, glossary)
        self.knobs = Knobs(chapter.steps[self.at], {})
        self.pane: Pane | None = None
        # Held, not looked up: what is called late may find the screen taken down already
        self.heading, self.middle, self.column = Title(), Middle(), Column()
        self.knob_lines, self.ask, self.status, self.key_line = KnobLines(), AskLine(), StatusLine(), KeyLine()
        self._save: Any = None

    # What the screen is made of

    def compose(self) -> ComposeResult:
        self.pane = self._new_pane()
        self.middle.compose_add_child(self.column)
        self.middle.compose_add_child(self.pane)
        yield from (self.heading, self.middle, self.knob_lines, self.ask, self.status, self.key_line)

    def on_mount(self) -> None:
        self._opened()

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self.chapter.steps[self.at]

    @property
    def done(self) -> StepProgress:
        """What the learner has done of it."""
        return self.keeper.progress.of(self.chapter.slug, self.step.id)

    @property
    def steps_done(self) -> tuple[bool, ...]:
        """Which of the chapter's steps are done."""
        return tuple(self.keeper.progress.of(self.chapter.slug, step.id).done for step in self.chapter.steps)

    # Opening and leaving a step

    def _new_pane(self) -> Pane:
        kept = self.done.state
        self.knobs = Knobs(self.step, kept)
        hidden = tasks.hidden(self.step, self.done)
        scene = Scene(self.chapter.slug, self.step, self.services, self.knobs.values, kept, hidden)
        return pane_class(self.step.pane)(scene)

    def _opened(self) -> None:
        """Everything around the pane as this step wants it."""
        self.column.show(self.reading.first())
        self.keeper.update(lambda progress: progress.at(self.chapter.slug, self.step.id))
        self.ask.say("")
        self._show_knobs()
        self._arrange()
        self.show_status()
        self.runs.open(self.chapter, self.step, self.keeper.progress)
        self.judge()

    async def open_step(self, index: int) -> None:
        """Show another step of the chapter."""
        if self.pane is None or not 0 <= index < len(self.chapter.steps):
            return
        self.keep()
        self.runs.close()
        self.at = index
        before, self.pane = self.pane, None
        with self.app.batch_update():
            await before.remove()
            self.pane = self._new_pane()
            await self.middle.mount(self.pane)
            self._opened()
        self.refresh_bindings()

    def keep(self) -> None:
        """Have the pane's state and the knobs written."""
        if self._save is not None:
            self._save.stop()
            self._save = None
        if self.pane is None:
            return
        slug, step = self.chapter.slug, self.step.id
        state: State = {**self.pane.kept(), **self.knobs.kept(), **self.runs.kept()}
        if state != self.done.state:
            self.keeper.update(lambda progress: progress.put(slug, step, state=state))

    def on_unmount(self) -> None:
        self.keep()
        self.runs.close()

    # What the size allows

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    def _arrange(self) -> None:
        width, height = self.app.size
        telling = self._trains or self.status.facts.telling
        now = frame(width, height, self.view, knobs=bool(self.knobs.settings), prose=self.prose_width, status=telling)
        if self.pane is None:
            return
        self.middle.divide(now, self.column, self.pane)
        self.knob_lines.display, self.knob_lines.styles.height = bool(now.knobs), now.knobs or 1
        self.status.display, self.key_line.styles.height = bool(now.status), now.keys
        self._left_out = now.left_out
        self.essential = ESSENTIAL if now.arrangement in ("beside", "stacked") else ("widen", *ESSENTIAL)
        self.call_after_refresh(self._head)
        self._focus()

    def _head(self) -> None:
        """The top line, once the pane has drawn what fits."""
        if self.pane is None or not self.pane.is_attached:
            return
        left_out = (*self._left_out, *(self.pane.sheet.left_out if self.pane.display else ()))
        self.heading.show(Heading(self.chapter.title, self.step.title, self.at, self.steps_done, left_out))

    def _focus(self) -> None:
        asking = isinstance(self.column.content, pages.Asking)
        if asking:
            self.set_focus(self.column)  # at once: focus() would let a quick key go to the pane
        elif self.pane is not None:
            self.set_focus(self.pane)

    def action_widen(self) -> None:
        self.view = widened(self.view)
        self._arrange()

    # What is asked, and what has been reached

    def judge(self) -> None:
        """Goals that are reached now; what to ask next; what may be shown."""
        if self.pane is None:
            return
        self.pane.reveal(tasks.hidden(self.step, self.done))
        for goal in tasks.newly_met(self.step, self.done, self.measured()):
            self._reach(goal.id, goal.say)
        self.column.tasks(tasks.listed(self.step, self.done))
        self.ask.show(self.reading.prompt(self.column.content))
        self._head()

    def _reach(self, goal: str, say: str) -> None:
        slug, step = self.chapter.slug, self.step
        self.keeper.update(lambda progress: progress.reached(slug, step, goal))
        task = self.reading.prompt(pages.Prose(step.prose))
        self.tell(f"✓ {task.words if task.kind == 'done' else f'Done: {say}'}", "good")

    def measured(self) -> dict[str, Measurement]:
        """Everything that goals and questions of this step can be about."""
        pane = self.pane.measured() if self.pane is not None else {}
        return {**tasks.run_measures(self.runs.own_shots), **pane}

    def on_pane_changed(self, message: Pane.Changed) -> None:
        message.stop()
        if self._save is not None:
            self._save.stop()
        self._save = self.set_timer(SAVE_AFTER, self.keep)
        self.judge()

    def on_pane_said(self, message: Pane.Said) -> None:
        message.stop()
        self.tell(message.sentence)

    def tell(self, sentence: str, mood: Role = "warn") -> None:
        """Say something in the line that asks, for a while."""
        self.ask.say(sentence, mood)

    def on_key(self, event: events.Key) -> None:
        self.ask.hush(READ_FOR)

    # Reading, and answering

    def read(self, content: pages.Content) -> None:
        """Show something in the column; a question takes the keys."""
        self.column.show(content)
        if not isinstance(content, pages.Prose) and not self.column.display:
            self.view = "both"
        self.ask.show(self.reading.prompt(content))
        self._arrange()
        self.refresh_bindings()

    async def action_enter(self) -> None:
        if not self.reading.enter(self.column.content):
            return
        to = tasks.after(self.chapter, self.at, self.steps_done)
        if to is None:
            self._leave()
        else:
            await self.open_step(to)

    def action_hint(self) -> None:
        self.reading.hint(self.column.content)

    def action_term(self) -> None:
        self.reading.term(self.column.content)

    def action_page(self, direction: int) -> None:
        self.column.scroll_page(direction)

    def action_back(self) -> None:
        if not self.reading.back(self.column.content):
            self._leave()

    def _leave(self) -> None:
        self.keep()
        self.app.open_contents()  # type: ignore[attr-defined]

    async def action_step(self, direction: int) -> None:
        if not 0 <= self.at + direction < len(self.chapter.steps):
            end = "This is the chapter's last step; esc leads to the contents."
            self.tell(end if direction > 0 else "This is the chapter's first step.")
            return
        await self.open_step(self.at + direction)

    # Knobs

    def _show_knobs(self) -> None:
        self.knob_lines.show(self.knobs.settings, self.knobs.values, self.knobs.chosen)

    def action_knob(self, direction: int) -> None:
        self.knobs.choose(direction)
        self._show_knobs()

    def action_turn(self, direction: int) -> None:
        self._turned(*self.knobs.turn(direction))

    def on_pane_turn(self, message: Pane.Turn) -> None:
        message.stop()
        if (turned := self.knobs.put(message.knob, message.value)) is not None:
            self._turned(*turned)

    def _turned(self, setting: Setting, value: Value) -> None:
        self._show_knobs()
        if self.pane is not None:
            self.pane.knobs[setting.name] = value
            self.pane.turned(setting.name, value)
            if self.pane.STEERS:
                self.runs.turned(setting, value)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "knob":
            return len(self.knobs.settings) > 1
        if action == "turn":
            return bool(self.knobs.settings)
        if action == "look":
            return self.pane is not None and possible(self.pane, str(parameters[0]))
        return True

    def action_look(self, what: str) -> None:
        if self.pane is not None:
            self.app.push_screen(closer(self.pane, what))

    # Runs

    def on_pane_train(self, message: Pane.Train) -> None:
        message.stop()
        self.runs.train(self.knobs.values, message.order)

    def on_pane_steer(self, message: Pane.Steer) -> None:
        message.stop()
        self.runs.steer(message.do)

    def followed(self) -> None:
        """A run of this step has something new."""
        if self.pane is None or not self.pane.is_attached:
            return
        self.pane.chapter_runs, self.pane.home_runs = self.runs.all, self.runs.home
        self.pane.follow(self.runs.shown, self.runs.shot, self.runs.family)
        self.show_status()
        self.judge()
        content = self.column.content
        if isinstance(content, pages.Answered) and content.truth is None:
            self.column.show(self.reading.answered(content.question))

    @property
    def _trains(self) -> bool:
        """Is there a run in this step, or one to come?"""
        return self.step.run is not None and pane_class(self.step.pane).TRAINS

    def show_status(self) -> None:
        """The status line, from what is known of the run, the lab and the link."""
        note = "progress is not saved" if self.keeper.trouble else ""
        facts = self.runs.facts(trains=self._trains, note=note)
        told = self.status.facts.telling
        self.status.show(facts)
        if facts.telling != told:
            self._arrange()
