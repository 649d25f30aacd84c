"""What a chapter is: frozen values, parsed from one markdown file (README.md beside this file shows how to write one).

The field names are the names that a chapter's blocks use; `line` is where a thing begins in its file.
"""

import math
from collections.abc import Mapping

import msgspec

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.settings import Kind, Schema, Setting, Value
from fastai_tui.lessons.conditions import Clause, Measured, met

SCHEMA_VERSION = 1

Answer = str | float
Option = str | int | float | list[int | str]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a step trains: an experiment's name, and the settings (`set`) and length that differ from its defaults."""

    experiment: str
    set: dict[str, Value] = {}
    epochs: int | None = None
    seed: int = 42
    data: str = ""
    line: int = 0


class Knob(msgspec.Struct, frozen=True, kw_only=True):
    """A bounded number or choice that a key nudges.

    Either `setting`, a setting of the step's experiment, whose bounds and default may be narrowed here, or `name`, a
    knob of the step's pane, whose `kind`, `default` and bounds are declared here. A key adds `step` to its value, or
    multiplies it by `factor`.
    """

    setting: str = ""
    name: str = ""
    kind: Kind | None = None
    default: Value | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    about: str = ""
    unit: str = ""
    step: float | None = None
    factor: float | None = None
    line: int = 0

    @property
    def key(self) -> str:
        """What the knob turns."""
        return self.setting or self.name

    def resolve(self, schema: Schema | None) -> Setting:
        """The setting this knob turns, within the knob's bounds; `schema` is the experiment's, if the step has one.

        Raises `BadInput` for an unknown setting, bounds wider than the setting's own, or a default outside of them.
        """
        found = narrowed(self, _whole(self, schema))
        return msgspec.structs.replace(found, default=found.parse(found.default))


def _whole(knob: Knob, schema: Schema | None) -> Setting:
    if knob.setting:
        if schema is None:
            raise BadInput(f"{knob.setting} is a setting, but the step has no [run] whose experiment could have it.")
        return schema[knob.setting]
    if knob.kind is None or knob.default is None:
        raise BadInput(f"{knob.name} is the pane's own knob and lacks its kind or its default.")
    return Setting(name=knob.name, kind=knob.kind, default=knob.default, about=knob.about, choices=knob.choices)


def narrowed(knob: Knob, setting: Setting) -> Setting:
    """`setting` within the knob's bounds. Raises `BadInput` where the knob asks for more than the setting allows."""
    low = setting.low if knob.low is None else knob.low
    high = setting.high if knob.high is None else knob.high
    if not setting.low <= low <= high <= setting.high:
        raise BadInput(
            f"{knob.key}'s bounds {low:g} to {high:g} are no part of {setting.low:g} to {setting.high:g}: narrow them."
        )
    if more := [choice for choice in knob.choices if choice not in setting.choices]:
        raise BadInput(f"{knob.key} can not be {', '.join(more)}; allowed: {', '.join(setting.choices) or 'numbers'}.")
    return msgspec.structs.replace(
        setting,
        low=low,
        high=high,
        choices=knob.choices or setting.choices,
        default=setting.default if knob.default is None else knob.default,
        about=knob.about or setting.about,
        unit=knob.unit or setting.unit,
    )


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A prediction, asked for before the answer is shown, and `why`, which is shown after it.

    With `choices` the `answer` is one of them. Without, it is a number, right within `tolerance`; instead of an
    `answer` a question may name the measurement (`measure`) that will give it, such as the accuracy of the
    learner's own run. `hides` names a measurement that the step does not show before the question is answered.
    `after` is the id of the step's goal that must be reached before the question is asked: what it asks about is seen
    only then.
    """

    id: str
    ask: str
    why: str
    choices: tuple[str, ...] = ()
    answer: Answer | None = None
    measure: str = ""
    hides: str = ""
    after: str = ""
    tolerance: float = 0.0
    unit: str = ""
    line: int = 0

    def truth(self, measured: Measured) -> Answer | None:
        """The right answer, or None while it has not been measured yet."""
        value = measured.get(self.measure) if self.measure else self.answer
        return value if isinstance(value, (str, int, float)) else None

    def right(self, given: Answer, measured: Measured | None = None) -> bool:
        """Was the prediction `given` right?"""
        truth = self.truth(measured or {})
        if self.choices or isinstance(truth, str) or isinstance(given, str):
            return given == truth
        return truth is not None and math.isfinite(given) and abs(given - truth) <= self.tolerance


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """Something to bring about: `say` asks for it, `when` (see conditions.py) is true once it is."""

    id: str
    say: str
    when: str
    clauses: tuple[Clause, ...] = ()
    line: int = 0

    def met(self, measured: Measured) -> bool:
        """Has it been brought about? What has not been measured yet has not."""
        return met(self.clauses, measured)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a chapter: `prose` on one side, a pane of the kind `pane` on the other, and what is asked.

    `show` is what the pane begins with; `code` names the code that the step runs (`engine.learner:Learner.fit`);
    `hints` come one at a time. `prose` is markdown, as prose.py reads it.
    """

    id: str
    title: str
    pane: str
    prose: str
    show: dict[str, Option] = {}
    run: Run | None = None
    code: str = ""
    hints: tuple[str, ...] = ()
    knobs: tuple[Knob, ...] = ()
    questions: tuple[Question, ...] = ()
    goals: tuple[Goal, ...] = ()
    line: int = 0
    prose_line: int = 0


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """One chapter. `needs` are the slugs of the chapters before it that it builds on; `opening` is prose of its own."""

    schema: int
    number: int
    slug: str
    title: str
    about: str
    needs: tuple[str, ...] = ()
    opening: str = ""
    steps: tuple[Step, ...] = ()
    file: str = ""
    opening_line: int = 0

    def step(self, id: str) -> Step | None:
        """The step of that id, if there is one."""
        return next((step for step in self.steps if step.id == id), None)


def finished(step: Step, answered: Mapping[str, Answer], goals: tuple[str, ...]) -> bool:
    """Is the step done: every question answered, rightly or not, and every goal met?"""
    return all(q.id in answered for q in step.questions) and all(g.id in goals for g in step.goals)
