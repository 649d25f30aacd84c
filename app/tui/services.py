"""What panes and screens ask of the rest of the program, handed to them rather than reached for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fastai_tui.engine.runs.store import RunStore

if TYPE_CHECKING:
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.progress import State
    from fastai_tui.lessons.schema import Step


class Lab(Protocol):
    """The lab process, as panes see it (engine/client.py)."""

    async def ask(self, request: str, /, *, topic: str = "", **arguments: Any) -> Any:
        """The answer, as plain values. Raises the `FastaiTuiError` that stood in its way."""


@dataclass(frozen=True)
class Services:
    """The lab for what needs torch, the runs there are, and a place where panes leave what they want to find again for
    as long as the app is open, by chapter and step."""

    lab: Lab
    runs: RunStore = field(default_factory=RunStore)
    memory: dict[tuple[str, str], Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """Where a pane stands: its step, the values of the step's knobs, what it kept the last time, which measurements
    it must not show before they were predicted, and the services."""

    chapter: str
    step: Step
    services: Services
    knobs: Mapping[str, Value] = field(default_factory=dict)
    kept: State = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
