"""What is drawn of a training loop hook by hook: its code with the line that is lit, the callbacks at work, the rate,
and how often each hook was called."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from fastai_tui.app import plots
from fastai_tui.app.text import fit, number, rate
from fastai_tui.app.tui.highlighting import Pieces, coloured, tightened
from fastai_tui.app.tui.layout import Area
from fastai_tui.engine.loop_trace import HOOKS
from fastai_tui.lessons import sources
from fastai_tui.lessons.refactoring import numbered

if TYPE_CHECKING:
    from fastai_tui.app.text import Look
    from fastai_tui.app.tui.sheet import Sheet, Style
    from fastai_tui.engine.loop_trace import Act, Call, Listed, Trace

VIEWS = ("loop", "calls")
COUNTED = 22  # columns of a hook's name and its calls
LOOP = tuple(f"engine.learner:Learner.{name}" for name in ("fit", "_train", "_learn_from_batch"))
PLOT, MOST_PLOT = 5, 20  # rows that the rate's curve needs, and may have
NARROW = 70  # columns below which code is tightened
STATES = {  # in words, and in few
    "none": ("the state is empty", "state empty"),
    "cut": ("the state is carried on, its history cut off", "state kept, past cut"),
    "history": ("the state is carried on with its history", "state and past kept"),
}


@dataclass(frozen=True)
class Shown:
    """Everything that is drawn: a trace, and the number of the hook that was called last (−1: none yet)."""

    trace: Trace
    at: int
    view: str = "loop"
    hidden: frozenset[str] = frozenset()

    @property
    def call(self) -> Call | None:
        """The hook that was called last."""
        return self.trace.calls[self.at] if self.at >= 0 else None

    @property
    def epochs(self) -> int:
        return self.trace.ends[-1]

    @property
    def saved(self) -> int:
        """Files with weights, those of this hook among them."""
        call = self.call
        return call.saved + sum(act.what == "file" for act in call.acts) if call else 0


def heading(shown: Shown) -> tuple[str, str]:
    """The hook, and where in training that is."""
    call, trace = shown.call, shown.trace
    if call is None:
        return "nothing has been called yet", f"{shown.epochs} epochs of {trace.batches} batches"
    cycle = "?" if "cycle" in shown.hidden else str(call.cycle)
    place = f"epoch {call.epoch}/{shown.epochs} · {call.batch}/{shown.epochs * trace.batches} batches"
    return call.hook, f"{place} · cycle {cycle}/{len(trace.ends)}"


def draw_head(sheet: Sheet, shown: Shown) -> Area:
    """The hook and the place; returns what is left."""
    hook, place = heading(shown)
    style: Style = "accent" if shown.call else "plain"
    if len(hook) + 2 + len(place) <= sheet.width:
        sheet.put(0, 0, hook, style)
        sheet.put(0, sheet.width - len(place), place, "dim")
        return Area(1, 0, sheet.width, sheet.height - 1)
    sheet.put(0, 0, fit(hook, sheet.width), style)
    if sheet.height < 8:
        sheet.leave_out("the place in training")
        return Area(1, 0, sheet.width, sheet.height - 1)
    sheet.put(1, 0, fit(place, sheet.width), "dim")
    return Area(2, 0, sheet.width, sheet.height - 2)


def divided(area: Area, shown: Shown) -> tuple[Area, Area, Area]:
    """Where the code, the callbacks and the rate's curve stand."""
    acting = min(len(shown.trace.callbacks) + 1, max(area.height - 1, 0))
    left = area.height - acting
    code = min(len(loop_lines()[0]), left)
    plot = min(left - min(code, max(left * 3 // 5, 4)), MOST_PLOT) if "rate" not in shown.hidden else 0
    plot = plot if plot >= PLOT else 0
    code = min(code, left - plot)
    return (
        area._replace(height=code),
        Area(area.row + code, area.column, area.width, acting),
        Area(area.row + code + acting, area.column, area.width, plot),
    )


# The loop


@lru_cache(maxsize=1)
def loop_lines() -> tuple[list[int], list[Pieces]]:
    """The loop's code in our roles, with the numbers of its lines in their file (0 for an empty line between)."""
    numbers: list[int] = []
    lines: list[str] = []
    for reference in LOOP:
        found = sources.located(reference)
        if lines:
            numbers.append(0)
            lines.append("")
        for at, line in numbered(found.text, found.line):
            numbers.append(at)
            lines.append(line.removeprefix("    "))
    return numbers, coloured("\n".join(lines))


def draw_loop(sheet: Sheet, area: Area, call: Call | None) -> None:
    """The code around the line from which the hook was called, which is lit."""
    numbers, lines = loop_lines()
    lit = numbers.index(call.line) if call is not None and call.line in numbers else None
    first = min(max((lit or 0) - area.height // 2, 0), max(len(lines) - area.height, 0))
    for row, at in enumerate(range(first, min(first + area.height, len(lines))), area.row):
        line = tightened(lines[at]) if area.width < NARROW else lines[at]
        words = "".join(piece for piece, _ in line)
        if at == lit:
            sheet.put(row, area.column, fit(f"> {words}", area.width), "cursor")
        else:
            sheet.spans(row, area.column + 2, line)
            if len(words) + 2 > area.width:
                sheet.put(row, area.column + area.width - 1, "…", "dim")


# The callbacks


def draw_acts(sheet: Sheet, area: Area, shown: Shown) -> None:
    """What the loop did, and a line for each callback: what it did at this hook, if it has such a one."""
    call, listed = shown.call, shown.trace.callbacks
    acts = {act.callback: act for act in call.acts} if call else {}
    wide = max((len(one.name) for one in listed), default=8)
    room = max(area.width - 3 - wide, 0)
    lines: list[tuple[str, str, bool]] = [("the loop", _fitting(done(shown), done(shown, brief=True), room), False)]
    for one in listed:
        act = acts.get(one.name)
        words = _fitting(said(act, shown), said(act, shown, brief=True), room) if act else _silent(one, shown)
        lines.append((one.name, words, act is not None))
    lines = sorted(lines, key=lambda line: not line[2]) if area.height < len(lines) else lines
    if area.height < len(lines):
        sheet.leave_out("some of the callbacks")
    for row, (name, words, acting) in enumerate(lines[: area.height], area.row):
        sheet.put(row, area.column, "●" if acting else " ", "accent")
        sheet.put(row, area.column + 2, name, "strong" if acting else "dim")
        told: Style = "plain" if acting or name == "the loop" else "dim"
        sheet.put(row, area.column + 3 + wide, fit(words, room), told)


def _fitting(words: str, fewer: str, room: int) -> str:
    return words if len(words) <= room else fewer


def _silent(one: Listed, shown: Shown) -> str:
    """When it will act next."""
    coming = (call for call in shown.trace.calls[shown.at + 1 :] if any(act.callback == one.name for act in call.acts))
    found = next(coming, None)
    return f"next: {found.hook}" if found else "has done its part"


def said(act: Act, shown: Shown, brief: bool = False) -> str:
    """What a callback did, in words."""
    if act.what == "rate":
        before, after = ("?", "?") if "rate" in shown.hidden else (rate(act.before), rate(act.after))
        return f"rate {before} → {after}"
    if act.what == "file":
        name = act.name.rpartition("/")[2].partition(".")[0] if brief else act.name
        return f"keeps {'?' if 'saved' in shown.hidden else name}"
    if act.what == "cycle":
        return f"cycle {'?' if 'cycle' in shown.hidden else round(act.after)} is over"
    if act.what == "count":
        of = "?" if "cycle" in shown.hidden else round(act.before)
        return f"counts: {round(act.after)} of {of} batches"
    return "the state begins empty" if act.what == "state" else "looks, changes nothing"


def done(shown: Shown, brief: bool = False) -> str:
    """What the loop itself did since the hook before, in words."""
    call = shown.call
    if call is None:
        return "has not begun"
    if call.loss is not None:
        return f"loss {number(call.loss)}{'' if brief else f', gradient {number(call.gradient, 3)}'}"
    if call.moved is not None:
        return f"weights moved by {number(call.moved, 3)}"
    if call.valid_loss is not None:
        return f"validation loss {number(call.valid_loss)}"
    if call.hook == "before_batch":
        return STATES.get(call.state, (call.state, call.state))[brief]
    return "goes on"


# How often


def draw_calls(sheet: Sheet, area: Area, shown: Shown) -> None:
    """A line for each hook: how often it was called, and which callbacks have it."""
    counted = Counter(call.hook for call in shown.trace.calls[: shown.at + 1])
    listed, now = shown.trace.callbacks, shown.call.hook if shown.call else ""
    each = 1 + max((len(one.name) for one in listed), default=1)
    columns = COUNTED + each * len(listed) <= area.width  # one a callback, or else their names, of which there are few
    sheet.put(area.row, area.column, fit("hook", 15) + fit(" calls", COUNTED - 15), "dim")
    for i, one in enumerate(listed if columns else ()):
        sheet.put(area.row, area.column + COUNTED + i * each, one.name, "dim")
    first = min(max((HOOKS.index(now) if now else 0) - area.height // 2 + 1, 0), max(len(HOOKS) + 1 - area.height, 0))
    for row, hook in enumerate(HOOKS[first : first + max(area.height - 1, 0)], area.row + 1):
        style: Style = "cursor" if hook == now else "plain" if counted[hook] else "dim"
        calls = "?" if "calls" in shown.hidden else counted[hook]
        sheet.put(row, area.column, fit(f"{hook:<15}{calls:>6} ", area.width), style)
        acting = [(i, one.name) for i, one in enumerate(listed) if hook in one.hooks]
        for i, _ in acting if columns else ():
            sheet.put(row, area.column + COUNTED + i * each, "●", style)
        if not columns:
            names = ", ".join(name for _, name in acting)
            sheet.put(row, area.column + COUNTED, fit(names, max(area.width - COUNTED, 0)).rstrip(), style)


def plot(shown: Shown, look: Look, width: int, height: int) -> list[str]:
    """The rate of every batch so far, and of those to come dotted."""
    rates = [(call.batch + 1, call.rate) for call in steps(shown.trace)]
    now = shown.call.batch if shown.call else 0
    used, ahead = [pair for pair in rates if pair[0] <= now], [pair for pair in rates if pair[0] > now]
    done, values = [step for step, _ in used], [value for _, value in used]
    return plots.rate_curve(done, values, ahead=ahead, width=width, height=height, total=len(rates), look=look)


def steps(trace: Trace) -> list[Call]:
    """The calls just before every step: then the batch's rate is settled."""
    return [call for call in trace.calls if call.hook == "before_step"]


def sentence(shown: Shown) -> str:
    """The picture in words."""
    hook, place = heading(shown)
    call = shown.call
    if call is None:
        names = ", ".join(f"{one.name} ({', '.join(one.hooks)})" for one in shown.trace.callbacks)
        return f"No hook has been called yet: {place}. The callbacks are {names}."
    acts = "; ".join(f"{act.callback}: {said(act, shown)}" for act in call.acts) or "no callback has this hook"
    return f"{hook} was called at line {call.line} of engine/learner.py, {place}. The loop: {done(shown)}. {acts}."
