"""The command palette's commands: every chapter and step, every theme, every key's function, every term."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.message import Message

from fastai_tui.app.tui.screens.page import Page
from fastai_tui.app.tui.themes import ABOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastai_tui.lessons.glossary import Glossary
    from fastai_tui.lessons.schema import Chapter


class ThemeChosen(Message):
    """The learner wants to see and keep a theme."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class Course(Protocol):
    """What the provider asks of the app."""

    chapters: Sequence[Chapter]

    @property
    def glossary(self) -> Glossary: ...

    def post_message(self, message: Message) -> bool: ...


class Command(NamedTuple):
    """What it is called, what it does in a few words, and doing it."""

    name: str
    about: str
    act: Callable[[], Any]


class LessonCommands(Provider):
    """For `App.COMMANDS`."""

    @property
    def _course(self) -> Course:
        return cast("Course", self.app)

    async def startup(self) -> None:
        """Gather the commands once: the bindings are those of the screen that the palette was opened on."""
        self.commands = [*self._keys(), *self._steps(), *self._themes(), *self._terms()]

    async def discover(self) -> Hits:
        """Before anything is typed: what the keys do."""
        for command in self._keys():
            yield DiscoveryHit(command.name, command.act, help=command.about)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self.commands:
            if (score := matcher.match(command.name)) > 0:
                yield Hit(score, matcher.highlight(command.name), command.act, help=command.about)

    def _keys(self) -> Iterator[Command]:
        from fastai_tui.app.tui.keynames import active, key_name

        done = {"Open the command palette"}
        for node, key, binding in active(self.screen):
            words = binding.tooltip or binding.description
            if words not in done:
                done.add(words)
                act = partial(self.app.run_action, binding.action, node)
                yield Command(words[:1].upper() + words[1:], f"key {key_name(key)}", act)

    def _steps(self) -> Iterator[Command]:
        for chapter in self._course.chapters:
            open_chapter = partial(self._course.post_message, Page.Open(chapter.slug))
            yield Command(f"Chapter {chapter.number}: {chapter.title}", chapter.about, open_chapter)
            for number, step in enumerate(chapter.steps, 1):
                open_step = partial(self._course.post_message, Page.Open(chapter.slug, step.id))
                yield Command(step.title, f"{chapter.title}, step {number}", open_step)

    def _themes(self) -> Iterator[Command]:
        for name, about in ABOUT.items():
            yield Command(f"Theme: {name}", about, partial(self._course.post_message, ThemeChosen(name)))

    def _terms(self) -> Iterator[Command]:
        for term in self._course.glossary:
            read = partial(self._course.post_message, Page.Term(term.name))
            yield Command(f"What is {term.name}?", ", ".join(term.also) or "glossary", read)
