"""The linter's view of one step: its pane, its run, its knobs, and what it asks of the learner."""

from collections.abc import Callable, Iterable, Mapping

from fastai_tui.engine.convolution import parse_kernel
from fastai_tui.engine.data.catalogue import DATA_SETS
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.job import Experiment
from fastai_tui.lessons import prose, sources
from fastai_tui.lessons.legible import SENTENCE_CELLS, TITLE_CELLS, Link, check_sentence, check_text
from fastai_tui.lessons.panes import PANES, RUN_MEASURES, Pane
from fastai_tui.lessons.problems import Problems, one_of, shown
from fastai_tui.lessons.schema import Goal, Knob, Question, Run, Step

MOST_KNOBS, MOST_HINTS, MOST_CHOICES, MOST_EPOCHS = 6, 5, 6, 1000


def check_step(step: Step, experiments: Mapping[str, Experiment], problems: Problems, link: Link) -> None:
    """Add what is wrong with `step` to `problems`."""
    check_sentence(step.title, step.line, "the step's title", problems, link, most=TITLE_CELLS)
    _check_prose(step, problems, link)
    _check_asking(step, problems)
    pane = PANES.get(step.pane)
    if pane is None:
        problems.add(step.line, f"there is no pane {shown(step.pane)}", one_of(step.pane, PANES))
    else:
        _check_pane(step, pane, problems)
    if step.run:
        _check_run(step.run, experiments, problems)
    if step.code:
        _try(problems, step.line, sources.source, step.code)
    _check_knobs(step, pane, experiments, problems)
    measures = {**(pane.measures if pane else {}), **(RUN_MEASURES if step.run else {})}
    for question in step.questions:
        _check_question(question, measures if pane else None, problems, link)
        if question.after and question.after not in (goals := [goal.id for goal in step.goals]):
            problems.add(question.line, f"there is no goal {shown(question.after)} here", one_of(question.after, goals))
    for goal in step.goals:
        _check_goal(goal, measures if pane else None, problems, link)


def _try(problems: Problems, line: int, attempt: Callable[..., object], *arguments: object) -> None:
    """What `attempt` finds wrong, as a problem: its sentences have the remedy after a colon or semicolon."""
    try:
        attempt(*arguments)
    except BadInput as error:
        what, _, remedy = str(error).rstrip(".").replace("; ", ": ", 1).partition(": ")
        problems.add(line, what, remedy or "change it")


def _check_prose(step: Step, problems: Problems, link: Link) -> None:
    if not step.prose:
        problems.add(step.line, "the step has no prose", "say what there is to do, below its block")
    check_text(step.prose, step.prose_line, "the prose", problems, link)
    if not step.hints:
        problems.add(step.line, "the step has no hint", 'add hints = ["…"], the gentlest first')
    if len(step.hints) > MOST_HINTS:
        problems.add(step.line, f"the step has {len(step.hints)} hints", f"keep the best {MOST_HINTS}")
    for number, hint in enumerate(step.hints, 1):
        check_text(hint, step.line, f"hint {number}", problems, link)


def _check_asking(step: Step, problems: Problems) -> None:
    if not step.questions and not step.goals:
        remedy = "add a [[question]] to be answered or a [[goal]] to be reached"
        problems.add(step.line, "the step asks nothing of the learner", remedy)
    for what, ids in (("question", [q.id for q in step.questions]), ("goal", [g.id for g in step.goals])):
        for id in _repeated(ids):
            problems.add(step.line, f"two {what}s of the step have the id {shown(id)}", "choose another for one")


def _repeated(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def _check_pane(step: Step, pane: Pane, problems: Problems) -> None:
    if pane.trains and not step.run:
        problems.add(step.line, f"the pane {step.pane} shows a run, and the step has none", "add [run]")
    for name, value in step.show.items():
        kind = pane.options.get(name)
        if kind is None:
            problems.add(
                step.line, f"the pane {step.pane} has nothing called {shown(name)}", one_of(name, pane.options)
            )
        else:
            _try(problems, step.line, _OPTIONS[kind], name, value)


def _kernel(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise BadInput(f'{name} is no kernel: write its name or its cells, as in "1,0,-1;2,0,-2;1,0,-1".')
    parse_kernel(value)


def _kernels(name: str, value: object) -> None:
    if not isinstance(value, list) or not value:
        raise BadInput(f'{name} is no list of kernels: write one, as in ["top_edge", "left_edge"].')
    for one in value:
        _kernel(name, one)


def _picture(name: str, value: object) -> None:
    if value == "drawn":  # the learner's own drawing
        return
    data, _, index = value.partition(":") if isinstance(value, str) else ("", "", "")
    found = DATA_SETS.get(data)
    if not found or found.kind != "images" or not index.isdecimal() or not index.isascii() or len(index) > 9:
        raise BadInput(f'{name} is no picture: write NAME:INDEX, as in "mnist-sample:1502", or "drawn".')
    if not found.embedded:
        raise BadInput(f"{shown(value)} needs a download: take a picture of an embedded data set.")
    if int(index) >= found.train + found.valid:
        raise BadInput(f"{data} has no picture {index}: take one below {found.train + found.valid}.")


def _cell(name: str, value: object) -> None:
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(n, int) and 0 <= n < 1000 for n in value)):
        raise BadInput(f"{name} is no cell: write its row and column, as in [5, 7].")


def _number(name: str, value: object) -> None:
    if not isinstance(value, (int, float)):
        raise BadInput(f"{name} is no number: write one, as in 2.")


def _word(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise BadInput(f'{name} is no word: write one in "quotes".')


_OPTIONS: dict[str, Callable[[str, object], None]] = {
    "kernel": _kernel, "kernels": _kernels, "picture": _picture, "cell": _cell, "number": _number, "word": _word,
}  # fmt: skip


def _check_run(run: Run, experiments: Mapping[str, Experiment], problems: Problems) -> None:
    experiment = experiments.get(run.experiment)
    if experiment is None:
        problems.add(run.line, f"there is no experiment {shown(run.experiment)}", one_of(run.experiment, experiments))
        return
    for name, value in run.set.items():
        _try(problems, run.line, lambda name, value: experiment.schema[name].parse(value), name, value)
    if run.epochs is not None and not 1 <= run.epochs <= MOST_EPOCHS:
        problems.add(run.line, f"epochs {shown(run.epochs)} is out of bounds", f"give 1 to {MOST_EPOCHS}")
    if not 0 <= run.seed < 2**32:
        problems.add(run.line, f"seed {shown(run.seed)} is out of bounds", "give a whole number below 4294967296")
    if run.data and run.data not in experiment.data:
        problems.add(run.line, f"{run.experiment} has no data {shown(run.data)}", one_of(run.data, experiment.data))


def _check_knobs(step: Step, pane: Pane | None, experiments: Mapping[str, Experiment], problems: Problems) -> None:
    if len(step.knobs) > MOST_KNOBS:
        problems.add(step.line, f"the step has {len(step.knobs)} knobs", f"keep {MOST_KNOBS}: two lines fit")
    for name in _repeated(knob.key for knob in step.knobs):
        problems.add(step.line, f"two knobs turn {shown(name)}", "keep one")
    experiment = experiments.get(step.run.experiment) if step.run else None
    for knob in step.knobs:
        if knob.name and pane and knob.name not in pane.knobs:
            remedy = one_of(knob.name, pane.knobs)
            problems.add(knob.line, f"the pane {step.pane} has no knob {shown(knob.name)}", remedy)
        elif not (knob.setting and step.run and not experiment):  # an unknown experiment is said once
            _try(problems, knob.line, knob.resolve, experiment.schema if experiment else None)
        _check_nudge(knob, problems)


def _check_nudge(knob: Knob, problems: Problems) -> None:
    if knob.step is not None and knob.factor is not None:
        problems.add(knob.line, f"the knob {shown(knob.key)} has a step and a factor", "keep one of the two")
    if knob.step is not None and knob.step <= 0:
        problems.add(knob.line, f"the knob {shown(knob.key)}'s step is not above 0", "give what a key adds")
    if knob.factor is not None and knob.factor <= 1:
        problems.add(knob.line, f"the knob {shown(knob.key)}'s factor is not above 1", "give what a key multiplies by")
    if knob.name and knob.kind in ("int", "float", "rates") and (knob.low is None or knob.high is None):
        problems.add(knob.line, f"the knob {shown(knob.key)} has no bounds", "give its low and high")


def _check_question(question: Question, measures: Mapping[str, str] | None, problems: Problems, link: Link) -> None:
    choices = "\n".join(f"- {choice}" for choice in question.choices)
    check_text(f"{question.ask.strip()}\n\n{choices}".strip(), question.line, "the question", problems, link)
    check_text(question.why.strip(), question.line, "the explanation", problems, link, lines=prose.LINES)
    if len(question.choices) > MOST_CHOICES:
        problems.add(question.line, f"the question has {len(question.choices)} choices", f"keep {MOST_CHOICES}")
    if question.measure and measures is not None and measures.get(question.measure) != "number":
        numbers = [name for name, kind in measures.items() if kind == "number"]
        what = f"the step measures no number {shown(question.measure)}"
        problems.add(question.line, what, one_of(question.measure, numbers))
    if question.hides and measures is not None and question.hides not in measures:
        what = f"the step measures nothing called {shown(question.hides)} that could be hidden"
        problems.add(question.line, what, one_of(question.hides, measures))


def _check_goal(goal: Goal, measures: Mapping[str, str] | None, problems: Problems, link: Link) -> None:
    check_sentence(goal.say, goal.line, "what the goal says", problems, link, most=SENTENCE_CELLS)
    for clause in goal.clauses:
        if measures is None:
            continue
        kind = measures.get(clause.name)
        if kind is None:
            problems.add(goal.line, f"the step does not measure {shown(clause.name)}", one_of(clause.name, measures))
        elif kind != clause.kind:
            example = {"number": f"{clause.name} >= 1", "place": f"{clause.name} at 5,7", "word": f"{clause.name} is x"}
            problems.add(goal.line, f"{clause.name} is a {kind}, not a {clause.kind}", f"write {example[kind]}")
