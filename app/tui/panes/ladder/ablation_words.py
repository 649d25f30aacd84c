"""A study in words: what it is, how far it is, what has been guessed, and what it shows."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from fastai_tui.app.text import number, plural

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.ladder.ablation_drawing import Shown
    from fastai_tui.app.tui.sheet import Role

DIGITS = 4


def title(shown: Shown, width: int = 200) -> str:
    """What is studied: `cifar10-1: norm, 3 seeds`."""
    study = shown.books.study
    varied = [f"{len(f.values)} × {f.name}" for f in study.factors if len(f.values) > 1]
    seeds = plural(len(study.seeds), "seed")
    head = f"{study.name}: " if shown.started else ""
    what = ", ".join(varied) or study.experiment
    cells = f"{len(study.cells)} combinations"
    possible = (f"{head}{what}, {seeds}", f"{head}{cells}, {seeds}", f"{what}, {seeds}", what, cells)
    return next((words for words in possible if len(words) <= width), study.name or study.experiment)


def stage(shown: Shown, pulse: str = "") -> tuple[str, Role]:
    """How far it is, and what a key does about it."""
    books, runs = shown.books, plural(shown.books.total, "run")
    if shown.trouble:
        return shown.trouble, "bad"
    if shown.begins and not books.running:
        return f"{pulse} The study begins …".strip(), "accent"
    if not shown.started:
        return (shown.refused, "warn") if shown.refused else (f"{runs} planned. Space runs the study.", "plain")
    if books.running:
        return f"{books.done} of {runs}", "accent"
    if books.whole:
        return f"✓ all {runs} done", "good"
    failed = f" {books.failed}" if books.failed else ""
    return f"{books.done} of {runs} done: space goes on.{failed}", "bad" if failed else "warn"


def verdict(shown: Shown) -> tuple[str, Role]:
    """What stands below the table: the guess, and what has come of it."""
    if not shown.books.whole:
        return guess(shown), "accent"
    lead = shown.books.lead
    if lead is None:
        return "Too few combinations have been measured to compare.", "warn"
    if not shown.told:
        return "What leads, and by more than chance? Answer the question first.", "dim"
    if not lead.gap:
        return "The two best are equally good.", "warn"
    best = shown.books.label(lead.best)
    gap = f"{best} is best, by {number(lead.gap, DIGITS)}"
    if lead.spread is None or lead.needed is None:
        said = f"{gap}; with one seed nobody knows whether that is chance."
    elif lead.verdict == "real":
        said = f"{gap}: more than chance ({number(lead.needed, DIGITS)} would do)."
    else:
        said = f"{gap}, but that may be chance: it would take {number(lead.needed, DIGITS)}."
    return f"{said} {_judged(shown)}".strip(), "good" if lead.verdict == "real" else "warn"


def guess(shown: Shown) -> str:
    """The guess, or how to make one."""
    if not shown.guess:
        return "m: my guess, the row at the cursor is best." if not shown.books.done else ""
    return f"My guess: {shown.guess}, {'clearly' if shown.sure else 'perhaps by chance'}."


def right(shown: Shown) -> bool | None:
    """Was the guess right? None where there is none, or no answer yet."""
    lead = shown.books.lead
    if lead is None or not shown.guess:
        return None
    return shown.books.label(lead.best) == shown.guess and (lead.verdict == "real" or not shown.sure)


def _judged(shown: Shown) -> str:
    lead = shown.books.lead
    if lead is None or not shown.guess:
        return ""
    if shown.books.label(lead.best) != shown.guess:
        return f"Your guess was {shown.guess}."
    if shown.sure and lead.verdict != "real":
        return "You guessed it, but not that chance can do as much."
    return "You guessed it."


def findings_lines(shown: Shown, width: int) -> list[tuple[str, Role]]:
    """The findings, wrapped, a line free after each."""
    said = shown.books.conclusions if shown.books.done else ["Nothing has been measured yet."]
    lines: list[tuple[str, Role]] = []
    for sentence in said:
        style: Role = "good" if " Real: " in sentence else "plain"
        lines += [(line, style) for line in textwrap.wrap(sentence, max(width, 8), break_on_hyphens=False)]
        lines.append(("", "plain"))
    return lines[:-1]


def sentence(shown: Shown) -> str:
    """The picture in words."""
    said = [f"{title(shown)}.", stage(shown)[0].rstrip(".") + "."]
    if shown.books.running:
        said += [f"{line}." for line in shown.books.now]
    if not shown.started:
        chosen = [f"{f.name} {' or '.join(map(str, f.values))}" for f in shown.plan.varying]
        said.append(f"Chosen: {'; '.join(chosen) or 'nothing yet'}.")
    if shown.books.whole:
        said.append(verdict(shown)[0])
    elif shown.guess:
        said.append(guess(shown))
    return " ".join(said)
