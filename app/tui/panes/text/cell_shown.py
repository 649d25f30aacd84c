"""The work of one unit of a recurrent cell as stages: what each comes to, how, and what of it may be told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastai_tui.app.tui.panes.text.states_drawing import short

if TYPE_CHECKING:
    from fastai_tui.engine.recurrence import Part, Work

STAGES = {
    "rnn": ("input", "hidden", "sum", "state"),
    "gru": ("reset", "update", "candidate", "state"),
    "lstm": ("input", "forget", "candidate", "output", "cell", "state"),
}
LETTERS: dict[str, dict[str, str]] = {
    "rnn": {"input": "W x + b", "hidden": "U h + c", "sum": "sum", "state": "h'"},
    "gru": {"reset": "r", "update": "z", "candidate": "n", "state": "h'"},
    "lstm": {"input": "i", "forget": "f", "candidate": "g", "output": "o", "cell": "c'", "state": "h'"},
}
MEANINGS: dict[str, dict[str, str]] = {
    "rnn": {
        "input": "what the character brings",
        "hidden": "what the state before brings",
        "sum": "the two together",
        "state": "the new state, bounded by tanh: else it could explode",
    },
    "gru": {
        "reset": "how much of the old state the candidate is made with",
        "update": "how much of the old state stays",
        "candidate": "what the new state could be",
        "state": "the new state: old state and candidate, mixed",
    },
    "lstm": {
        "input": "how much of the candidate is added",
        "forget": "how much of the cell state stays",
        "candidate": "what could be remembered",
        "output": "how much of the cell state is shown",
        "cell": "the new cell state: what is remembered",
        "state": "the new state: what is shown of it",
    },
}
MIXES: dict[tuple[str, str], str] = {  # stages that are made of the gates alone
    ("gru", "state"): "z h + (1 − z) n",
    ("lstm", "cell"): "f c + i g",
    ("lstm", "state"): "o tanh c'",
}
MADE_OF: dict[str, dict[str, tuple[str, ...]]] = {  # from which measurements others follow
    "rnn": {"sum": ("input", "hidden"), "value": ("sum",)},
    "gru": {
        "sum": ("input", "hidden"),
        "reset": ("sum",),
        "update": ("sum",),
        "candidate": ("sum", "reset"),
        "value": ("update", "candidate", "before"),
    },
    "lstm": {
        "sum": ("input", "hidden"),
        "input_gate": ("sum",),
        "forget": ("sum",),
        "candidate": ("sum",),
        "output": ("sum",),
        "cell": ("forget", "input_gate", "candidate", "cell_before"),
        "value": ("output", "cell"),
    },
}
BEFORE = {"before": "value", "cell_before": "cell"}  # what was measured as that one character earlier


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: one unit's `work` on a character of `text`, and how many of its stages are done."""

    text: str
    work: Work
    stage: int
    who: str
    hidden: frozenset[str] = frozenset()

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of this kind of cell."""
        return STAGES[self.work.kind]

    @property
    def now(self) -> str:
        """The stage that was worked out last; the first one is next where none was."""
        return self.stages[max(self.stage - 1, 0)]

    @property
    def done(self) -> bool:
        """Is the new state known?"""
        return self.stage >= len(self.stages)

    @property
    def part(self) -> Part | None:
        """The gate or candidate whose sums are shown; none for a stage that is made of the gates alone."""
        if self.work.kind == "rnn":
            return self.work.parts[0]
        return None if (self.work.kind, self.now) in MIXES else self.work.part(self.now)

    @property
    def begins(self) -> bool:
        """Is the state before this character empty?"""
        return self.work.character in self.work.begins

    def measure(self, stage: str) -> str:
        """The name under which what a stage comes to is measured."""
        if stage == "state":
            return "value"
        return "input_gate" if stage == "input" and self.work.kind == "lstm" else stage

    def figures(self) -> dict[str, float]:
        """What is measured."""
        work, part = self.work, self.part or self.work.parts[-1]
        found = {"input": part.input.total, "hidden": part.hidden.total, "sum": part.sum}
        found |= {self.measure(one.name): one.value for one in work.parts}
        found |= {"before": work.before, "value": work.value}
        return found | ({"cell_before": work.cell_before, "cell": work.cell} if work.kind == "lstm" else {})

    def secret(self, name: str) -> bool:
        """Is it, or something that it follows from, the learner's to predict? What was there before is what the
        character before came to."""
        if (earlier := BEFORE.get(name)) is not None and self.work.character:
            return bool({name, earlier} & self.hidden)
        return name in self.hidden or any(self.secret(one) for one in MADE_OF[self.work.kind].get(name, ()))

    def told(self, name: str, value: float) -> str:
        """A number, unless it is to be predicted."""
        return "?" if self.secret(name) else short(value)

    def result(self, stage: str) -> str:
        """What a stage comes to."""
        name = self.measure(stage)
        return self.told(name, self.figures()[name])

    def arithmetic(self) -> str:
        """How the stage comes to that."""
        kind, stage = self.work.kind, self.now
        names = {one: factor(self.result(one)) for one in self.stages}
        result, before = self.result(stage), factor(self.told("before", self.work.before))
        if (kind, stage) == ("gru", "state"):
            return f"{names['update']} · {before} + (1 − {names['update']}) · {names['candidate']} = {result}"
        if (kind, stage) == ("lstm", "cell"):
            kept = factor(self.told("cell_before", self.work.cell_before))
            return f"{names['forget']} · {kept} + {names['input']} · {names['candidate']} = {result}"
        if (kind, stage) == ("lstm", "state"):
            return f"{names['output']} · tanh({self.result('cell')}) = {result}"
        return self._squashed(stage, result)

    def _squashed(self, stage: str, result: str) -> str:
        part = self.part or self.work.parts[0]
        first, second = self.told("input", part.input.total), factor(self.told("hidden", part.hidden.total))
        total = self.told("sum", part.sum)
        if self.work.kind == "rnn" and stage in ("input", "hidden"):
            found = part.input if stage == "input" else part.hidden
            return f"{found.many} products and a bias: {result}"
        if stage == "sum":
            return f"{first} + {second} = {total}"
        if self.work.kind == "rnn":
            return f"tanh({total}) = {result}"
        if self.work.kind == "gru" and stage == "candidate":
            second = f"{factor(self.result('reset'))} · {second}"
        by = "tanh" if stage == "candidate" else "σ"
        return f"{by}({first} + {second}) = {by}({total}) = {result}"

    def mix(self) -> list[tuple[str, str, float | None]]:
        """The products that the stage is made of, each by its letters, its numbers, and what it comes to (None where
        that, or one of them, is to be predicted)."""
        value, work = self.figures(), self.work
        if (work.kind, self.now) == ("gru", "state"):
            rows = [("z · h", "update", value["update"], "before", work.before)]
            rows.append(("(1−z)·n", "update", 1 - value["update"], "candidate", value["candidate"]))
        elif self.now == "cell":
            rows = [("f · c", "forget", value["forget"], "cell_before", work.cell_before)]
            rows.append(("i · g", "input_gate", value["input_gate"], "candidate", value["candidate"]))
        else:
            rows = [("o·tanh c'", "output", value["output"], "cell", math.tanh(work.cell))]
        return [
            (letters, f"{self.told(a, x)} · {factor(self.told(b, y))}", None if self._veils(a, b) else x * y)
            for letters, a, x, b, y in rows
        ]

    def _veils(self, *names: str) -> bool:
        """Would the product of these tell what is to be predicted?"""
        return any(map(self.secret, (*names, self.measure(self.now))))

    def state_before(self) -> str:
        """What `h` is."""
        if self.begins:
            why = "nothing was read yet" if self.work.character == 0 else "the window begins anew"
            return f"h is empty: {why}"
        before = self.told("before", self.work.before)
        return f"h: the state before, here {before}"


def factor(words: str) -> str:
    """A number that stands after a sign: negative ones in brackets."""
    return f"({words})" if words.startswith("−") else words
