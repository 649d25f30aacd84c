"""What the doctor's pane says: what is asked of the learner, what a reading says, and a line for every run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app import sentences
from fastai_tui.app.tui.panes.common import comparing
from fastai_tui.app.tui.panes.common.run_picture import LOSSES
from fastai_tui.app.tui.panes.training import doctor_cases
from fastai_tui.app.tui.panes.training.doctor_cases import MEANINGS, WORDS, Case
from fastai_tui.engine.remedies import remedy_in_words

if TYPE_CHECKING:
    from fastai_tui.app.tui.sheet import Role
    from fastai_tui.engine.finding import Evidence, Finding

TOLD = frozenset({"verdict", "valid_loss", "near_zero", *LOSSES})  # what a reading would give away
EXPLAINED = 44  # columns from which on the words are explained
Line = tuple[str, "Role"]


@dataclass(frozen=True)
class Shown:
    """What is shown: the runs with their cases, the chosen one, what was said of them, and how it is looked at."""

    runs: Sequence[str]
    cases: Mapping[str, Case]
    said: Mapping[str, str]
    at: int
    judged: bool
    found: Finding | None
    remedy: int
    view: str
    hidden: Collection[str]
    broken: Collection[str] = ()

    @property
    def run(self) -> str:
        """The chosen run; empty if there is none."""
        return self.runs[self.at] if self.runs else ""

    @property
    def case(self) -> Case | None:
        """Its case; None as long as it is not read."""
        return self.cases.get(self.run)

    @property
    def veiled(self) -> bool:
        """Is something to be predicted that a reading would tell?"""
        return bool(TOLD & set(self.hidden))

    @property
    def evidence(self) -> Sequence[Evidence]:
        """What may be marked: that of the finding that is told."""
        return self.found.evidence if self.judged and self.found is not None else ()


def varied(shown: Shown) -> list[str]:
    """What is not the same in all the runs."""
    return comparing.differences([shown.cases[run].shot for run in shown.runs if run in shown.cases])


def apart(shown: Shown, case: Case) -> str:
    """What sets a run apart: `lr=0.06 bs=64`."""
    return comparing.apart(case.shot, varied(shown))


def values_of(shown: Shown, case: Case) -> str:
    """The same after the run's number, by the values alone."""
    number, *values = cells_of(shown, case.shot.run)
    return f"{number} {', '.join(values)}"


def told(shown: Shown, case: Case, width: int, *, brief: bool = False) -> list[Line]:
    """What is asked of the learner, or what the reading says (`brief`: without its reasons), on lines of that width."""
    if not shown.judged:
        return _asked(shown, case, width)
    said, reading = shown.said[shown.run], case.reading
    verdict = " and ".join(reading.verdicts())
    agree = doctor_cases.right(case, said)
    both = f"You: {said}. The reading: {verdict} {'✓' if agree else '✗'}"
    both = both if len(both) <= width else both.replace("The reading", "Reading")
    lines: list[Line] = [*_wrapped(both, width, "good" if agree else "warn")]
    if shown.found is None:
        lines += _wrapped(reading.headline, width, "plain")
    else:
        why = "" if brief else shown.found.why
        lines += [*_wrapped(shown.found.seen, width, "plain"), *_wrapped(why, width, "dim")]
        lines += _wrapped(_proposal(shown), width, "accent")
    return [*lines, *_wrapped(reading.unseen, width, "dim")]


def _proposal(shown: Shown) -> str:
    """What space trains."""
    found = doctor_cases.remedies(shown.found)
    if not found:
        return ""
    words = remedy_in_words(found[shown.remedy % len(found)])
    return f"space trains it with {words}" + (f" (m: {len(found)} remedies)." if len(found) > 1 else ".")


def _asked(shown: Shown, case: Case, width: int) -> list[Line]:
    if not case.shot.ended:
        return _wrapped(f"It is {sentences.phase(case.shot)}: its reading comes when it is over.", width, "accent")
    if not case.ready:
        return _wrapped(case.reading.headline, width, "plain")
    if shown.veiled and shown.run in shown.said:
        return _wrapped(f"You: {shown.said[shown.run]}. The reading: ? (predict first)", width, "accent")
    other = " (v: the other plot)" if case.record.inside is not None else ""
    return [*_wrapped(f"What is it?{other}", width, "accent"), *_choices(width)]


def _choices(width: int) -> list[Line]:
    """The words with their keys, as many beside each other as there is room for; with what they mean on wide sheets."""
    words = [f"{i + 1} {word}" for i, word in enumerate(WORDS)]
    if width >= EXPLAINED:
        return [(f"{word:<15} {MEANINGS[name]}", "plain") for word, name in zip(words, WORDS, strict=True)]
    each = max(map(len, words)) + 2
    rows = -(-len(words) // max((width + 2) // each, 1))
    return [("".join(word.ljust(each) for word in words[row::rows]).rstrip(), "plain") for row in range(rows)]


def _wrapped(words: str, width: int, style: Role) -> list[Line]:
    import textwrap

    return [(line, style) for line in textwrap.wrap(words, max(width, 1), break_on_hyphens=False)]


def cells_of(shown: Shown, run: str) -> tuple[str, ...]:
    """A run's number, and its values of what is not the same in all runs."""
    case = shown.cases.get(run)
    if case is None:
        return (comparing.short(run), "can not be opened" if run in shown.broken else "…")
    chosen = comparing.conditions(case.shot)
    return (comparing.short(run), *(chosen.get(name, "-") for name in varied(shown)))


def judgement(shown: Shown, run: str) -> str:
    """What is known of a run: its reading, once the learner has judged it."""
    case = shown.cases.get(run)
    if case is None:
        return ""
    if not case.ready:
        return "too short" if case.shot.ended else sentences.phase(case.shot)
    if run not in shown.said or shown.veiled:
        return "?"
    return f"{case.reading.verdict} {'✓' if doctor_cases.right(case, shown.said[run]) else '✗'}"


def in_words(shown: Shown) -> str:
    """The picture for whoever can not see it."""
    case = shown.case
    if case is None:
        return "No run is read yet."
    loss = "" if LOSSES & set(shown.hidden) else f" Its {sentences.loss_sentence(case.shot)}"
    words = [f"Run {shown.at + 1} of {len(shown.runs)}: {shown.run}, {apart(shown, case)}.{loss}"]
    words += [line for line, _ in told(shown, case, 10_000)]
    return " ".join(words)
