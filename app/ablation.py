"""A study as lines of text: what is planned, how far it is, its table and its curves."""

import math
from collections.abc import Callable, Mapping, Sequence

from fastai_tui.app import plots
from fastai_tui.app.curves import Curve, Folding
from fastai_tui.app.text import Look, duration, fit, number, plural
from fastai_tui.engine.ablation import table
from fastai_tui.engine.ablation.grid import Member, shown, varying
from fastai_tui.engine.ablation.outcome import DONE, Outcome
from fastai_tui.engine.ablation.study import Study
from fastai_tui.engine.ablation.table import CellResult, Spread
from fastai_tui.engine.runs.run import Run

MOST_CURVES = 8
ROWS = 16  # of the plot
WIDEST = 100
Points = tuple[list[float], list[float]]  # places, values


def title(study: Study) -> str:
    """`cifar10-1: cifar10, 2 × 3 combinations, 3 seeds, 18 runs`."""
    sizes = [len(factor.values) for factor in varying(study.factors)]
    combined = f"{' × '.join(map(str, sizes)) or '1'} combination{'s' if math.prod(sizes) > 1 else ''}"
    seeds, runs = plural(len(study.seeds), "seed"), plural(len(study.members), "run")
    name = f"{study.name}: " if study.name else ""
    return f"{name}{study.experiment}, {combined}, {seeds}, {runs}"


def factor_lines(study: Study) -> list[str]:
    """What each factor's values are: `norm  before, after, none`."""
    broad = max((len(factor.name) for factor in study.factors), default=0)
    return [f"{f.name:<{broad}}  {', '.join(map(shown, f.values))}" for f in study.factors]


def ended_line(study: Study, ended: Outcome) -> str:
    """What a run that has ended has come to."""
    head = f"{ended.number} of {len(study.members)}, {study.label(ended.cell)}, seed {ended.seed} ({ended.run})"
    if ended.phase == "finished":
        values = [
            duration(value) if name == "seconds" else f"{name} {number(value)}"
            for name, value in ended.measures.items()
        ]
        return f"{head}: {', '.join(values)}"
    return f"{head}: {ended.message or ended.phase}"


# The table


def rows(study: Study, found: Sequence[Outcome]) -> list[tuple[str, ...]]:
    """The table with its heading: the varying settings, how many runs are done, and each measure's mean ± deviation."""
    results = table.table(found)
    names = table.names(results)
    factors = [factor.name for factor in varying(study.factors) or study.factors]
    heading = (*factors, "runs", *names)
    return [heading, *(_row(study, factors, names, result) for result in results)]


def table_lines(study: Study, found: Sequence[Outcome]) -> list[str]:
    """The table, aligned."""
    from fastai_tui.app.cli.output import table as aligned

    return aligned(rows(study, found)).splitlines()


def _row(study: Study, factors: Sequence[str], names: Sequence[str], result: CellResult) -> tuple[str, ...]:
    cell = study.cells[result.cell]
    diverged = f" ({result.diverged} diverged)" if result.diverged else ""
    done = f"{result.finished + result.diverged}/{result.asked}{diverged}"
    return (*(shown(cell[name]) for name in factors), done, *(_spread(name, result.measures) for name in names))


def _spread(name: str, measures: Mapping[str, Spread]) -> str:
    if name not in measures:
        return ""
    found, places = measures[name], 1 if name == "seconds" else 4
    deviation = "" if found.deviation is None else f" ± {found.deviation:.{places}f}"
    return f"{found.mean:.{places}f}{deviation}"


# Curves


def curves(study: Study, runs: Mapping[int, Run], found: Sequence[Outcome], columns: int, look: Look) -> list[str]:
    """The smoothed loss of every cell over the epochs, the mean of its finished runs; of many cells, the first."""
    drawn = [(cell_name(study, cell), *points) for cell, points in cell_curves(study, runs, found, curve_of).items()]
    if not drawn:
        return []
    title = "smoothed loss over the epochs"
    left_out = len(drawn) - MOST_CURVES
    lines = plots.overlaid(
        drawn[:MOST_CURVES], width=min(columns, WIDEST), height=ROWS, title=title, look=look, zoomed=True
    )
    return [*lines, *([f"(the first {MOST_CURVES}; {left_out} more are not drawn)"] if left_out > 0 else [])]


def cell_curves(
    study: Study, runs: Mapping[int, Run], found: Sequence[Outcome], curve: Callable[[Run], Curve]
) -> dict[int, Points]:
    """(places in epochs, smoothed losses) of every cell that has a finished run, the mean of all that it has; `curve`
    reads a run's."""
    finished = {each.number for each in found if each.phase == "finished"}
    drawn = {}
    for cell in range(len(study.cells)):
        members = [m for m in study.members if m.cell == cell and m.number in finished and m.number in runs]
        if members:
            drawn[cell] = mean_curve([curve(runs[m.number]) for m in members], members[0].job.epochs)
    return drawn


def cell_name(study: Study, cell: int) -> str:
    """A cell's values alone: `norm before`."""
    names = [factor.name for factor in varying(study.factors)]
    return " ".join(shown(study.cells[cell][name]) for name in names) or study.experiment


def mean_curve(several: Sequence[Curve], epochs: int) -> Points:
    """(places in epochs, mean smoothed losses) of runs of the same length; as far as the shortest of them."""
    length = min(len(curve.smooth) for curve in several)
    last = max(several[0].steps, default=1)
    places = [step / last * epochs for step in several[0].steps[:length]]
    return places, [
        math.fsum(values) / len(several) for values in zip(*(c.smooth[:length] for c in several), strict=True)
    ]


def curve_of(run: Run) -> Curve:
    """A run's losses."""
    folding = Folding()
    folding.follow(run.steps())
    return folding.curve()


# While it goes on


def frame(
    study: Study,
    found: Sequence[Outcome],
    lines: Sequence[str],
    going: Sequence[str],
    last: str,
    columns: int,
    look: Look,
) -> list[str]:
    """What a terminal shows while a study goes on: how far it is, the table so far in `lines`, what runs now, and as
    the `last` line what can be done."""
    done = sum(each.phase in DONE for each in found)
    head = look.paint(fit(look.spell(title(study)), columns), "1")
    bar = max(min(columns - 30, 40), 4)
    filled = round(done / len(study.members) * bar)
    marks = "█" * filled + "░" * (bar - filled)
    body = [f"{marks} {done} of {plural(len(study.members), 'run')}", "", *lines, "", *going]
    return [head, *(fit(look.spell(line), columns) for line in body), look.paint(fit(last, columns), "2")]


def now_line(study: Study, member: Member, run: Run) -> str:
    """A run under way, in a line."""
    return f"now {study.label(member.cell)}, seed {member.job.seed} ({run.id}): {progress(run)}"


def progress(run: Run) -> str:
    """How far a run under way is: `45%`, or what it waits for."""
    spec, state = run.spec, run.state()
    share = f"{len(run.steps()) / spec.total_batches:.0%}" if spec.total_batches else "starting"
    return f"waits for {state.behind}" if state.behind else "paused" if state.phase == "paused" else share
