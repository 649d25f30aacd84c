"""`set`, `pause`, `stop`, `resume`: what can be asked of a run while it trains, or after."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastai_tui.app.cli import complete
from fastai_tui.engine.errors import BadInput, RunFailed

if TYPE_CHECKING:
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.engine.settings import Schema

Ref = Annotated[
    str, typer.Argument(metavar="RUN", autocompletion=complete.runs, help="An id, a prefix of one, a name, or last.")
]
STOP_WITHIN = 120.0  # seconds: a batch, a checkpoint, and a slow disk


def set_(
    ref: Ref,
    given: Annotated[list[str], typer.Argument(metavar="KEY=VALUE…", help="New values, as in lr=0.01.")],
) -> None:
    """Change settings of a run while it trains, from its next batch on."""
    from fastai_tui.app.snapshots import setting_in_words
    from fastai_tui.engine.settings import pairs
    from fastai_tui.lessons.experiments import experiment

    run, wanted = _find(ref), pairs(given)
    schema = experiment(run.spec.job.experiment).schema
    settings = {name: _live_value(schema, name, value, run) for name, value in wanted.items()}
    step = _ask(run, "set", settings)
    words = ", ".join(f"{name}={setting_in_words(value)}" for name, value in settings.items())
    print(f"{run.id}: {words} after batch {step:,}.")


def _live_value(schema: "Schema", name: str, text: str, run: "Run") -> Any:
    """The value that `text` stands for. Raises `BadInput` for a setting that a running run does not take."""
    setting = schema[name]
    if not setting.live:
        possible = ", ".join(s.name for s in schema.settings if s.live) or "none"
        raise BadInput(f"{name} cannot be changed while training; these can: {possible}.")
    value = setting.parse(text)
    groups = run.spec.groups
    if isinstance(value, list) and len(value) != groups:
        raise BadInput(f"{name}={text} has {len(value)} rates; give one, or {groups}: one per layer group.")
    return value


def pause(ref: Ref) -> None:
    """Hold a run between two batches; it keeps its memory on the device. `resume` goes on."""
    run = _find(ref)
    step = _ask(run, "pause")
    print(f"{run.id} is paused after batch {step:,}; `fastai-tui resume {run.id}` goes on.")


def stop(ref: Ref) -> None:
    """End a run early, with a checkpoint, so that `resume` can go on with it."""
    from fastai_tui.engine.runs import client

    run = _find(ref)
    client.send(run, "stop")
    state = client.wait_for_end(run, STOP_WITHIN)
    if state.live:
        raise RunFailed(
            f"{run.id} has not stopped within {STOP_WITHIN:.0f} seconds; `fastai-tui watch {run.id}` tells."
        )
    print(f"{run.id} {'has finished' if state.phase == 'finished' else 'is ' + state.phase}. {state.message}".rstrip())


def resume(
    ref: Ref,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for it.")] = False,
) -> None:
    """Go on with a run that is paused, stopped, failed or lost: exactly where its last checkpoint is."""
    from fastai_tui.app.cli.attach import Child, attach
    from fastai_tui.app.stopper import Interrupts
    from fastai_tui.engine.runs import client

    run = _find(ref)
    child: Child | None = None
    with Interrupts():  # from here on, Ctrl-C has a run to stop
        if run.state().phase == "paused":
            _ask(run, "resume")
        else:
            child = Child(run, client.resume)
        if not detach:
            attach(run, child)
        elif child is not None:
            child.check()
    if detach:
        print(f"{run.id} goes on; `fastai-tui watch {run.id}` shows it.")


def _find(ref: str) -> "Run":
    from fastai_tui.engine.runs.store import RunStore

    return RunStore().find(ref)


def _ask(run: "Run", do: str, settings: dict[str, Any] | None = None) -> int:
    """Ask it of a run that trains, and wait for the answer: the step after which it is so."""
    from fastai_tui.engine.runs import client

    if run.state().phase in ("new", "queued"):
        raise BadInput(f"{run.id} has not begun to train yet; try again once it has.")
    answer = client.wait_for(run, client.send(run, do, settings=settings))
    if answer is None:
        raise RunFailed(f"{run.id} ended before it heard of it; `fastai-tui show {run.id}` shows how.")
    return answer.step


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("set")(set_)
    for command in (pause, stop, resume):
        app.command()(command)
