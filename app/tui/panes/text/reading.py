"""A pane that has a network read the learner's text: whose network, which text, and the character under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.early import EarlyPane
from fastai_tui.app.tui.panes.common.inside import InsidePane
from fastai_tui.app.tui.panes.common.letters import named
from fastai_tui.app.tui.panes.common.playing import whole
from fastai_tui.app.tui.panes.common.typed import LONGEST
from fastai_tui.app.tui.panes.common.typing import TypingPane
from fastai_tui.app.tui.panes.text.networks import networks
from fastai_tui.app.writing import EMBEDDED
from fastai_tui.engine.manner import Manner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.lessons.progress import State

KINDS = ("rnn", "gru", "lstm")


class ReadingPane(TypingPane, EarlyPane, InsidePane):
    """A subclass asks the lab in `inquire`. The network is the step's run once it has begun, else the embedded one; or
    a fresh one of the kind that the option `model` names."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "go(1)", "character", tooltip="the next character"),
        Binding("left", "go(-1)", "character", tooltip="the character before"),
        Binding("home", "go(-9999)", "first character", show=False),
        Binding("end", "go(9999)", "last character", show=False),
        Binding("k", "network(1)", "network", tooltip="the next network: your runs, and the embedded one"),
        Binding("K", "network(-1)", "network before", show=False),
    ]
    TRAINS = False

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.given = plain(scene.step.show.get("text", ""))
        self.text = plain(self.option("text", "")) or self.given
        self.at = whole(scene.kept.get("at"), LONGEST - 1)  # from 0
        seen = scene.kept.get("visited")
        self.visited = {n for n in seen if isinstance(n, int) and 0 <= n < LONGEST} if isinstance(seen, list) else set()
        chosen = scene.kept.get("network")
        self.chosen = chosen if isinstance(chosen, str) else ""
        self.settle()

    def on_mount(self) -> None:
        super().on_mount()
        self.inquire()

    def inquire(self) -> None:
        """Ask the lab for what is to be shown, unless that is known."""
        raise NotImplementedError

    # Whose network, and which text

    @property
    def own(self) -> str:
        """The network that the step is about."""
        if self.option("source") == EMBEDDED or not self.begun_run:
            model = self.option("model")
            return f"fresh-{model}" if model in KINDS and self.option("source") != EMBEDDED else EMBEDDED
        return self.begun_run

    @property
    def source(self) -> str:
        """The one that reads."""
        return self.chosen or self.own

    def suits(self, model: str) -> bool:
        """Is a network of that model worth offering?"""
        return True

    def settle(self) -> None:
        """Keep the cursor in the text, and note where it has been."""
        self.at = min(max(self.at, 0), max(len(self.text) - 1, 0))
        if self.text:
            self.visited.add(self.at)

    @property
    def typed(self) -> int:
        """1 if the text is the learner's own."""
        return int(self.text != self.given)

    @property
    def character(self) -> str:
        """The one under the cursor, as a word."""
        return named(self.text[self.at]) if self.text else ""

    def kept(self) -> State:
        visited: list[int | float | str] = [*sorted(self.visited)]
        return {"text": self.text, "at": self.at, "visited": visited, "network": self.chosen}

    def command(self) -> Sequence[str]:
        from fastai_tui.app import writing

        source = EMBEDDED if self.source.startswith("fresh-") else self.source
        return writing.arguments(source, self.text[: self.at + 1], 1, Manner(greedy=True))

    def refused(self, sentence: str) -> None:
        self.early.clear()
        super().refused(sentence)

    # What the screen tells it

    def look(self) -> None:
        if self.run is not None and self.source == self.run.id:
            self.trouble = ""
            self.inquire()

    def forget_run(self) -> None:
        self.trouble = ""
        if self.is_attached:
            self.inquire()

    # Keys

    def before_typing(self) -> str:
        return self.text

    def take(self, text: str) -> None:
        if text != self.text:
            self.text, self.trouble = text, ""
            self.settle()
            self.inquire()
        self.catch_up()

    def action_go(self, by: int) -> None:
        self.at += by
        self.settle()
        self.inquire()
        self.changed()

    def action_network(self, by: int) -> None:
        found = [network.source for network in networks(self.services.runs) if self.suits(network.model)]
        all_ = [self.own, *(source for source in found if source != self.own)]
        if len(all_) == 1:
            self.say("There is no other network yet: those that you train are found here.")
            return
        at = all_.index(self.source) if self.source in all_ else 0
        self.chosen, self.trouble = all_[(at + by) % len(all_)], ""
        self.inquire()
        self.changed()


def plain(text: object) -> str:
    """A text that can be read: line ends and what is printable, up to `LONGEST` characters; empty for anything else."""
    return "".join(c for c in text if c == "\n" or c.isprintable())[:LONGEST] if isinstance(text, str) else ""
