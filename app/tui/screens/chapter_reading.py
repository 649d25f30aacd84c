"""What the column of the chapter screen shows: which page comes after which, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fastai_tui.app.tui import pages, tasks
from fastai_tui.lessons.progress import StepProgress

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastai_tui.app.tui.screens.chapter import ChapterScreen
    from fastai_tui.lessons.glossary import Glossary, Term
    from fastai_tui.lessons.schema import Question

NO_NUMBER = "Type a number, such as 42 or .95."
NO_CHOICE = "Choose one first: ↑ and ↓, or its number."
STILL = "That is still to be done: h gives a hint, n goes on without."


class Reading:
    """Leads from the prose to questions, hints and terms, and back; shows pages by `screen.read`."""

    def __init__(self, screen: ChapterScreen, glossary: Callable[[], Glossary]) -> None:
        self.screen, self.glossary = screen, glossary
        self._linked: list[Term] = []

    def first(self) -> pages.Prose:
        """What a step begins with: its prose, or the chapter's opening where nothing has been done yet."""
        screen = self.screen
        new = screen.at == 0 and screen.done == StepProgress()
        return pages.Prose(screen.chapter.opening if new and screen.chapter.opening else screen.step.prose)

    def prompt(self, content: pages.Content) -> tasks.Task:
        """What the line that asks says beside a page: above all, what enter does now."""
        screen = self.screen
        task = tasks.next_task(screen.step, screen.done)
        if isinstance(content, pages.Asking):
            return replace(task, kind="answer")
        if screen.pane is not None and screen.pane.types:
            return tasks.Task("read", "enter: done with typing")
        if self._elsewhere(content):
            return tasks.Task("read", f"enter: begin with “{screen.step.title}”")
        if isinstance(content, (pages.Hinting, pages.Meaning)):
            return tasks.Task("read", "enter: back to the text")
        if task.kind == "done":
            return tasks.farewell(screen.chapter, screen.at, screen.steps_done)
        return task

    def enter(self, content: pages.Content) -> bool:
        """Do what the line that asks says; True if that is to go on to the next step."""
        step, done = self.screen.step, self.screen.done
        question = tasks.due(step, done)
        if isinstance(content, pages.Asking):
            self._submit(content)
        elif isinstance(content, (pages.Hinting, pages.Meaning)) or self._elsewhere(content):
            self._prose()
        elif question is not None:
            self.screen.read(pages.Asking(question))
        elif isinstance(content, pages.Answered) and not done.done:
            self._prose()
        elif not done.done:
            self.screen.tell(STILL, "accent")
        else:
            return True
        return False

    def back(self, content: pages.Content) -> bool:
        """Return to the prose; False if that is what is shown."""
        if isinstance(content, pages.Prose) and not self._elsewhere(content):
            return False
        self._prose()
        return True

    def hint(self, content: pages.Content) -> None:
        """The hints seen so far; pressed again, the next one."""
        screen, hints = self.screen, self.screen.step.hints
        seen = screen.done.hints
        seen = min(seen + 1, len(hints)) if isinstance(content, pages.Hinting) else max(seen, 1)
        slug, step = screen.chapter.slug, screen.step.id
        screen.keeper.update(lambda progress: progress.put(slug, step, hints=seen))
        screen.read(pages.Hinting(hints[:seen], len(hints)))

    def term(self, content: pages.Content) -> None:
        """The terms that what is shown links to, one after the other."""
        if not isinstance(content, pages.Meaning):
            self._linked = [term for name in pages.terms(_text(content)) if (term := self.glossary().find(name))]
        found = self._linked
        if not found:
            self.screen.tell("This page links to no term; / searches the whole glossary.")
            return
        nth = content.nth % len(found) + 1 if isinstance(content, pages.Meaning) else 1
        self.screen.read(pages.Meaning(found[nth - 1], nth, len(found)))

    def answered(self, question: Question) -> pages.Answered:
        """What there is to say about an answer that was given."""
        screen = self.screen
        known = tasks.settled(question, screen.runs.own_shots)
        truth = question.truth(screen.measured()) if known else None
        return pages.Answered(question, screen.done.answers[question.id], truth)

    def _submit(self, asking: pages.Asking) -> None:
        given, question, screen = asking.given, asking.question, self.screen
        if given is None:
            screen.read(replace(asking, trouble=NO_CHOICE if question.choices else NO_NUMBER))
            return
        slug, step = screen.chapter.slug, screen.step
        screen.keeper.update(lambda progress: progress.answered(slug, step, question.id, given))
        screen.read(self.answered(question))
        screen.judge()

    def _prose(self) -> None:
        self.screen.read(pages.Prose(self.screen.step.prose))

    def _elsewhere(self, content: pages.Content) -> bool:
        """Is it prose, but not this step's: the chapter's opening?"""
        return isinstance(content, pages.Prose) and content.text != self.screen.step.prose


def _text(content: pages.Content) -> str:
    """The lesson's own words in a page."""
    match content:
        case pages.Prose():
            return content.text
        case pages.Asking():
            return content.question.ask
        case pages.Answered():
            return content.question.why
        case pages.Hinting():
            return "\n\n".join(content.hints)
    return ""
