"""Keys that come before the lab's first answer: what they do is done once the answer is there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from fastai_tui.app.tui.panes.common.base import Pane

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene

MOST = 50  # keys that are kept; who holds one down means the answer, not fifty steps

Kind = TypeVar("Kind", bound="EarlyPane")
Given = ParamSpec("Given")


class EarlyPane(Pane):
    """A subclass says whether the answer is still to come (`waiting`), marks its actions with `once_told`, and calls
    `catch_up` when it has taken the answer."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.early: list[tuple[str, tuple[Any, ...]]] = []  # actions and their arguments, in the order of the keys

    @property
    def waiting(self) -> bool:
        """Has the lab yet to answer for the first time?"""
        raise NotImplementedError

    def catch_up(self) -> None:
        """Do what was asked for, as far as that is possible now; nothing while a line is typed."""
        if self.waiting or self.types:
            return
        early, self.early = self.early, []
        for action, given in early:
            if self.check_action(action, given):
                getattr(self, f"action_{action}")(*given)


def once_told(action: Callable[Concatenate[Kind, Given], None]) -> Callable[Concatenate[Kind, Given], None]:
    """An action of an `EarlyPane` that needs the answer."""

    @wraps(action)
    def done(self: Kind, *given: Given.args, **named: Given.kwargs) -> None:
        if not self.waiting:
            action(self, *given, **named)
        elif len(self.early) < MOST:
            self.early.append((action.__name__.removeprefix("action_"), given))

    return done
