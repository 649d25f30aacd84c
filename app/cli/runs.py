"""`runs`, `show`, `watch`, `rm`, `prune`: what has been trained, and what is training now."""

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastai_tui.app.cli import complete, steer
from fastai_tui.app.cli.output import in_terminal, print_json, table
from fastai_tui.engine.errors import BadInput

if TYPE_CHECKING:
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.engine.runs.store import RunStore

Ref = Annotated[
    str, typer.Argument(metavar="RUN", autocompletion=complete.runs, help="An id, a prefix of one, a name, or last.")
]
DAY = 86_400.0


def runs(as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False) -> None:
    """List the runs, the newest last."""
    from fastai_tui.engine.runs.store import RunStore

    store = RunStore()
    found = [summary(run) for run in store.runs()]
    if as_json:
        print_json(found)
    elif found:
        print(
            table([("run", "name", "is", "epochs", "valid loss", "metrics", "begun"), *map(_row, found)], right="00011")
        )
    else:
        print("There are no runs yet; `fastai-tui train mnist` makes one.")
    for path, why in store.unreadable:
        print(f"{path.name} cannot be opened: {why}", file=sys.stderr)


def summary(run: "Run") -> dict[str, Any]:
    """A run in a few plain values."""
    spec, state, epochs = run.spec, run.state(), run.epochs()
    return {
        "run": run.id,
        "name": spec.name,
        "experiment": spec.job.experiment,
        "phase": state.phase,
        "live": state.live,
        "message": state.message,
        "behind": state.behind,
        "created": spec.created,
        "device": spec.device or spec.job.device,
        "data": spec.job.data,
        "step": len(run.steps()),
        "total": spec.total_batches,
        "epochs": {"done": len(epochs), "asked": spec.job.epochs},
        "valid_loss": epochs[-1].valid_loss if epochs else None,
        "metrics": epochs[-1].metrics if epochs else {},
    }


def _row(run: dict[str, Any]) -> tuple[str, ...]:
    from fastai_tui.app.text import duration, number

    behind = f" behind {run['behind']}" if run["behind"] else ""
    done, metrics = run["epochs"]["done"], ", ".join(f"{k} {number(v)}" for k, v in run["metrics"].items())
    return (
        run["run"],
        run["name"],
        run["phase"] + behind,
        f"{done}/{run['epochs']['asked']}",
        number(run["valid_loss"]) if done else "",
        metrics,
        f"{duration(max(time.time() - run['created'], 0))} ago",
    )


def show(
    ref: Ref,
    as_json: Annotated[bool, typer.Option("--json", help="The run's events, one JSON object a line.")] = False,
) -> None:
    """Show a run: its curves, epochs, settings, how it ended, and what its numbers say about it."""
    from fastai_tui.engine.runs.store import RunStore

    run = RunStore().find(ref)
    if as_json:
        _print_events(run)
        return
    from dataclasses import replace

    from fastai_tui.app import terminal, views
    from fastai_tui.app.cli.attach import look
    from fastai_tui.app.snapshots import Watcher
    from fastai_tui.engine.events import Warned
    from fastai_tui.engine.reading import CODES, read
    from fastai_tui.engine.runs.record import record_of

    shot = Watcher(run).snapshot()
    other = tuple(e.message for e in run.log() if isinstance(e, Warned) and e.code not in CODES)
    columns, rows = terminal.size()
    lines = views.whole(replace(shot, warnings=other), columns, rows, look(), read(record_of(run)))
    print("\n".join(lines))
    if in_terminal():
        from fastai_tui.app import colourful

        for line in colourful.lines(run, columns, terminal.colour_depth(), look()):
            print(line)


def _print_events(run: "Run") -> None:
    """Every event, in the order of steps; a million of them leave together, not one by one."""
    from fastai_tui.app.cli.attach import lost
    from fastai_tui.engine.events import encode

    state = run.state()
    out = sys.stdout.buffer
    out.writelines(encode(event) + b"\n" for event in run.events())
    if state.phase == "lost":
        out.write(encode(lost(run, state)) + b"\n")
    out.flush()


def watch(
    ref: Ref,
    as_json: Annotated[bool, typer.Option("--json", help="Events as they come, one JSON object a line.")] = False,
) -> None:
    """Watch a run from its first step on, live. Ctrl-C detaches and leaves the run alone."""
    from fastai_tui.app.cli.attach import watch as follow
    from fastai_tui.engine.runs.store import RunStore

    follow(RunStore().find(ref), as_json=as_json)


def rm(ref: Ref) -> None:
    """Remove a run for good. One that is still going has to be stopped first."""
    from fastai_tui.engine.runs.store import RunStore

    store = RunStore()
    path = store.folder(ref)
    store.remove(path)
    print(f"{path.name} is removed.")


def prune(
    days: Annotated[
        float | None, typer.Option(min=0, metavar="N", help="Runs that ended so long ago; 30 unless --keep is given.")
    ] = None,
    keep: Annotated[int | None, typer.Option(min=0, metavar="N", help="All but the newest so many.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say which, and remove none.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove old runs for good: those that ended long ago, or all but the newest. What is live stays."""
    from fastai_tui.engine.runs.store import RunStore

    store = RunStore()
    old = outdated(store.runs(), days, keep, time.time())
    if not old:
        print("There is nothing to remove.")
        return
    print(f"{'These would go' if dry_run else 'These go'}: {', '.join(run.id for run in old)}")
    if not dry_run:
        _confirm(yes)
        _remove(store, old)


def outdated(found: "list[Run]", days: float | None, keep: int | None, now: float) -> "list[Run]":
    """The ended runs of `found` (the oldest first) that nothing was written to for so many `days`, without the newest
    `keep`."""
    days = 30.0 if days is None and keep is None else days or 0.0
    ended = [run for run in found if not run.state().live and run.state().phase != "new"]
    candidates = ended[: max(len(ended) - (keep or 0), 0)]
    return [run for run in candidates if now - _last_written(run) >= days * DAY]


def _last_written(run: "Run") -> float:
    files = [run.path / name for name in ("run.json", "events.jsonl", "steps")]
    return max(file.stat().st_mtime for file in files if file.exists())


def _confirm(yes: bool) -> None:
    if yes:
        return
    if not (in_terminal() and sys.stdin.isatty()):
        raise BadInput("Removing runs needs --yes where nobody can be asked; --dry-run says which would go.")
    typer.confirm("Remove them for good?", abort=True)


def _remove(store: "RunStore", old: "list[Run]") -> None:
    for run in old:
        store.remove(run.path)
    print(f"{len(old)} removed.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(runs)
    app.command()(show)
    app.command()(watch)
    steer.register(app)
    app.command()(rm)
    app.command()(prune)
