"""The glossary: every term from A to Z, and what it means, with its links to the others."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.text import fit, width
from fastai_tui.app.tui import pages
from fastai_tui.app.tui.screens.page import Page, Row, wrapped

if TYPE_CHECKING:
    from fastai_tui.lessons.glossary import Glossary, Term


class GlossaryScreen(Page):
    """The list of terms; enter opens one, in which enter follows a link. Escape goes back the same way."""

    KEYS = "Glossary"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,n", "beside(1)", "next term"),
        Binding("left,p", "beside(-1)", "term before"),
        Binding("g", "list", "all terms"),
    ]

    def __init__(self, glossary: Glossary, term: str = "") -> None:
        super().__init__()
        self.glossary = glossary
        found = glossary.find(term) if term else None
        self.trail: list[Term] = [found] if found else []
        self._from_list = not found  # so escape leads back to the list, and not out

    @property
    def term(self) -> Term | None:
        """The term that is read; None in the list."""
        return self.trail[-1] if self.trail else None

    @property
    def reading(self) -> bool:
        return self.term is not None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self.trail) if action in ("beside", "list") else True

    def heading(self) -> tuple[str, str]:
        return (f"Glossary · {self.term.name}" if self.term else "Glossary"), f"{len(self.glossary)} terms"

    def rows(self, room: int) -> list[Row]:
        if self.term is not None:
            return self._meaning(self.term, room)
        rows = []
        for term in self.glossary:
            also = fit(", ".join(term.also), max(room - width(term.name) - 3, 0)).rstrip()
            rows.append(Row([(term.name, "plain"), (f" · {also}" if also else "", "dim")], term.name))
        return rows

    def _meaning(self, term: Term, room: int) -> list[Row]:
        rows = [Row([(term.name, "title")])]
        if term.also:
            rows += [Row([(line, "dim")]) for line in wrapped(f"also: {', '.join(term.also)}", room)]
        rows += [Row(), *(Row(pieces) for pieces in pages.written(term.text.strip("\n"), min(room, 72)))]
        targets = [found for name in pages.terms(term.text) if (found := self.glossary.find(name))]
        if targets:
            rows += [Row(), Row([("See also", "dim")])]
            rows += [Row([(other.name, "link")], other.name) for other in dict.fromkeys(targets)]
        return rows

    def picked(self, pick: Hashable) -> None:
        if found := self.glossary.find(str(pick)):
            self.trail.append(found)
            self._turned()

    def action_beside(self, way: int) -> None:
        """Read the term that comes next in the alphabet, or the one before."""
        if self.term is not None:
            at = (self.glossary.terms.index(self.term) + way) % len(self.glossary)
            self.trail = [self.glossary.terms[at]]
            self._turned()

    def action_list(self) -> None:
        self._to_list()

    def action_back(self) -> None:
        if len(self.trail) > 1:
            self.trail.pop()
            self._turned()
        elif self.trail and self._from_list:
            self._to_list()
        else:
            super().action_back()

    def _to_list(self) -> None:
        """All the terms, with the one that was read chosen."""
        last = self.term
        self.trail, self._from_list = [], True
        self._turned(last.name if last else None)

    def _turned(self, pick: str | None = None) -> None:
        self.lines.pick = None
        self.lines.renew(pick, top=pick is None)
        self.query_one("#title").redraw()  # type: ignore[attr-defined]
