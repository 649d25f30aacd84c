"""One step of a chapter: its heading, the block that declares it, and its prose."""

import re
from typing import Any

import msgspec

from fastai_tui.engine.errors import BadInput
from fastai_tui.lessons import conditions
from fastai_tui.lessons.blocks import Block
from fastai_tui.lessons.problems import Problems, shown
from fastai_tui.lessons.schema import Goal, Knob, Option, Question, Run, Step

STEP_FENCE = "toml step"
_HEADING = re.compile(r"##\s+(?P<title>.*?)\s*(?:\{#(?P<id>[^{}]*)\})?\s*")


class Section(msgspec.Struct):
    """A heading and what stands under it, up to the next."""

    heading: str
    line: int
    rows: list[str]


def trimmed(rows: list[str], first: int) -> tuple[str, int]:
    """Rows without the empty ones around them, as a text, and the line on which it begins."""
    while rows and not rows[0].strip():
        rows, first = rows[1:], first + 1
    return "\n".join(rows).rstrip(), first


class _Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What a step's block says about the step itself."""

    pane: str
    show: dict[str, Option] = {}
    code: str = ""
    hints: tuple[str, ...] = ()


def read_step(section: Section, problems: Problems) -> Step | None:
    """The step that a section holds, or None where it has mistakes, which are added to `problems`."""
    heading = _HEADING.fullmatch(section.heading)
    title, id = (heading["title"], heading["id"]) if heading else ("", None)
    if not title:
        problems.add(section.line, "the step has no title", "write ## Its title {#its-id}")
    if id is None:
        slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "its-id"
        problems.add(section.line, "the step has no id", f"end its heading with {{#{slug}}}")
    block, prose, prose_line = _declaration(section, problems)
    if block is None or block.values is None:
        return None
    run, knobs, questions, goals = _run(block), _knobs(block), _questions(block), _goals(block)
    own = {k: v for k, v in block.values.items() if k not in ("run", "knob", "question", "goal")}
    declared = block.build(_Declared, own, (), "the step's block")
    if declared is None or not title or id is None:
        return None
    return Step(
        id=id,
        title=title,
        prose=prose,
        line=section.line,
        prose_line=prose_line,
        run=run,
        knobs=knobs,
        questions=questions,
        goals=goals,
        **msgspec.structs.asdict(declared),
    )


def _declaration(section: Section, problems: Problems) -> tuple[Block | None, str, int]:
    """The step's block, and the prose after it with its line."""
    fences = [i for i, row in enumerate(section.rows) if row.rstrip() in (f"```{STEP_FENCE}", f"~~~{STEP_FENCE}")]
    before = trimmed(section.rows[: fences[0]], 0)[0] if fences else ""
    if not fences or before:
        line = section.line + fences[0] + 1 if fences else section.line
        problems.add(line, "the step does not begin with its block", f"put it under the heading, after ```{STEP_FENCE}")
        return None, "", 0
    if len(fences) > 1:
        problems.add(section.line + fences[1] + 1, "the step has two blocks", "make one of them, or begin a new step")
    start = fences[0]
    mark = section.rows[start].strip()[:3]
    end = next((i for i, row in enumerate(section.rows) if i > start and row.rstrip() == mark), len(section.rows))
    prose, line = trimmed(section.rows[end + 1 :], section.line + end + 2)
    return Block("\n".join(section.rows[start + 1 : end]), section.line + start + 2, problems), prose, line


def _run(block: Block) -> Run | None:
    values = (block.values or {}).get("run")
    if values is None:
        return None
    if not isinstance(values, dict):
        block.problems.add(block.line_of("run"), "run is no table", 'write [run] and, below it, experiment = "…"')
        return None
    return block.build(Run, values, ("run",), "[run]", line=block.line_of("run"))


def _each(block: Block, key: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The `[[key]]` tables with what `build` wants to know of them."""
    return [
        (table, {"path": (key, i), "label": f"{key} {i + 1}", "line": block.line_of(key, i)})
        for i, table in enumerate(block.tables(key))
    ]


def _knobs(block: Block) -> tuple[Knob, ...]:
    found = [block.build(Knob, table, **place) for table, place in _each(block, "knob")]
    for knob in filter(None, found):
        if bool(knob.setting) == bool(knob.name):
            remedy = 'write setting = "…" for the experiment\'s, or name = "…" for the pane\'s own'
            block.problems.add(knob.line, "a knob has either a setting or a name", remedy)
        elif knob.name and (knob.kind is None or knob.default is None):
            remedy = "add kind and default, and its low and high or its choices"
            block.problems.add(knob.line, f"the pane's own knob {shown(knob.name)} lacks its kind or default", remedy)
        elif knob.name and (knob.kind == "choice") != bool(knob.choices):
            remedy = "give choices to a knob of kind choice, and to no other"
            block.problems.add(knob.line, f"the pane's own knob {shown(knob.name)} lacks its choices or kind", remedy)
    return tuple(filter(None, found))


def _questions(block: Block) -> tuple[Question, ...]:
    found = [block.build(Question, table, **place) for table, place in _each(block, "question")]
    for question in filter(None, found):
        if fault := _question_fault(question):
            block.problems.add(question.line, f"question {shown(question.id)} {fault[0]}", fault[1])
    return tuple(filter(None, found))


def _question_fault(question: Question) -> tuple[str, str] | None:
    if (question.answer is None) == (not question.measure):
        return "has to have either an answer or a measure", "keep one of the two"
    if question.choices and (question.measure or question.answer not in question.choices):
        return "has an answer that is not among its choices", "write one of its choices, letter for letter"
    if question.choices and (len(question.choices) < 2 or len(set(question.choices)) < len(question.choices)):
        return "has no real choice", "give two choices or more, all different"
    if not question.choices and isinstance(question.answer, str):
        return "has a text as its answer but no choices", "give its choices, or a number as its answer"
    if question.tolerance < 0 or (question.choices and question.tolerance):
        return "has a tolerance that makes no sense", "give a number of at least 0, for numbers only"
    return None


def _goals(block: Block) -> tuple[Goal, ...]:
    found: list[Goal] = []
    for table, place in _each(block, "goal"):
        goal = block.build(Goal, table, **place, clauses=())
        if goal is None:
            continue
        try:
            found.append(msgspec.structs.replace(goal, clauses=conditions.parse(goal.when)))
        except BadInput as error:
            what, _, remedy = str(error).partition(": ")
            block.problems.add(block.line_of(*place["path"], "when"), what, remedy.rstrip("."))
    return tuple(found)
