"""`train`: a new run, started as a process of its own and then shown; Ctrl-C ends it with a checkpoint."""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fastai_tui.app.cli import complete
from fastai_tui.app.cli.output import print_json, print_line

if TYPE_CHECKING:
    from fastai_tui.app.text import Look
    from fastai_tui.engine.events import RunStarted
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.runs.store import RunStore

WHAT = "Such as mnist or mnist-3v7; `summary` tells more of each."
SETTING = "A setting, as in lr=0.01; may be given again. `summary` lists them."
Name = Annotated[str, typer.Argument(metavar="EXPERIMENT", autocompletion=complete.experiments, help=WHAT)]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=SETTING)]
Epochs = Annotated[int | None, typer.Option(metavar="N", help="How long; the experiment's own default otherwise.")]
Seed = Annotated[int, typer.Option(metavar="N", help="Of everything that is random.")]
Device = Annotated[str, typer.Option(metavar="auto|cpu|cuda[:N]|mps", help="Where to train.")]
DataName = Annotated[str, typer.Option("--data", metavar="NAME|PATH", help="Other data than the experiment's own.")]
RunName = Annotated[str, typer.Option("--name", metavar="NAME", help="A name of your own for the run.")]
Detach = Annotated[bool, typer.Option("--detach", help="Start it, and do not wait.")]
Json = Annotated[bool, typer.Option("--json", help="Events, one JSON object a line.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be trained, and train nothing.")]
Gpus = Annotated[int, typer.Option(metavar="N", min=1, max=1024, help="Train on so many GPUs of this machine at once.")]
WeightsPath = Annotated[str, typer.Option("--weights", metavar="PATH", help="A file of pretrained weights.")]
Now = Annotated[bool, typer.Option("--now", help="Start even if another run uses the device.")]
WIDEST = 100  # columns of the plots that a dry run shows


def train(
    experiment: Name,
    sets: Sets = None,
    epochs: Epochs = None,
    seed: Seed = 42,
    device: Device = "auto",
    data: DataName = "",
    name: RunName = "",
    detach: Detach = False,
    as_json: Json = False,
    dry_run: DryRun = False,
    now: Now = False,
    gpus: Gpus = 1,
    weights: WeightsPath = "",
) -> None:
    """Train an experiment. The run goes on without the terminal; Ctrl-C stops it, with a checkpoint."""
    from fastai_tui.app.cli.pretrained import given
    from fastai_tui.engine import ranks
    from fastai_tui.lessons.experiments import order

    rank = ranks.mine()
    if rank is not None and rank.number:
        if not dry_run:
            _help()
        return
    settings = given(experiment, sets or [], weights, as_json=as_json)
    job = order(experiment, settings, epochs=epochs, seed=seed, device=device, data=data)
    count = rank.count if rank else gpus
    ranks.check_share(job.settings["bs"], count)
    if dry_run:
        _describe(job, as_json=as_json)
    else:
        _start(job, name, at_once=now, detach=detach, as_json=as_json, gpus=count)


def _help() -> None:
    """As one of several processes that torchrun has started, and not the leading one: help that one, and end with
    it."""
    os.execv(sys.executable, [sys.executable, "-m", "fastai_tui.engine.runs.follower"])


def _start(job: "Job", name: str, *, at_once: bool, detach: bool, as_json: bool, gpus: int) -> None:
    from fastai_tui.app.cli.attach import Child, attach
    from fastai_tui.app.stopper import Interrupts
    from fastai_tui.engine.runs import client
    from fastai_tui.engine.runs.store import RunStore

    store = RunStore()
    expected = _expected(job, store)
    with Interrupts():  # from here on, Ctrl-C has a run to stop
        run = store.create(job, name, ["fastai-tui", *sys.argv[1:]], at_once=at_once, gpus=gpus)
        child = Child(run, client.launch)
        if not as_json:
            print(f"{run.id}: {expected}", flush=True)
        if detach:
            child.check()
        else:
            attach(run, child, as_json=as_json)
    if detach and as_json:
        print_json({"run": run.id, "path": str(run.path)})
    elif detach:
        print(f"It goes on without this terminal; `fastai-tui watch {run.id}` shows it, `fastai-tui stop` ends it.")


def _expected(job: "Job", store: "RunStore") -> str:
    """How long it will take, as far as anybody knows."""
    from fastai_tui.app.text import duration
    from fastai_tui.engine.runs import estimate

    known = estimate.before(job, store)
    if known is None:
        return "nothing like it has been trained here yet, so how long it takes is told once it runs."
    return f"about {duration(known[0])}, going by {known[1]}."


def _describe(job: "Job", *, as_json: bool) -> None:
    """What would be trained: the lab builds it, and says so."""
    import msgspec

    from fastai_tui.engine.client import ask
    from fastai_tui.engine.events import RunStarted

    answer = ask("describe", job=job)
    if as_json:
        print_line(answer)
        return
    from fastai_tui.app import terminal
    from fastai_tui.app.cli.attach import look

    columns = min(terminal.size()[0], WIDEST)
    print("\n".join(description(msgspec.convert(answer, RunStarted), job, columns, look())))


def description(event: "RunStarted", job: "Job", columns: int, look: "Look") -> list[str]:
    """What a run would be, for a reader: facts, and its schedules as plots."""
    from fastai_tui.app import planning
    from fastai_tui.app.sentences import length
    from fastai_tui.app.snapshots import data_in_words, setting_in_words
    from fastai_tui.app.text import plural

    plan = planning.planned(job.settings, event.epochs, event.batches_per_epoch)
    pairs = {
        "experiment": event.experiment,
        "data": data_in_words(event.data),
        "network": plural(event.parameters, "parameter"),
        "device": event.device,
        "length": length(event.epochs, event.batches_per_epoch),
        "settings": " ".join(f"{name}={setting_in_words(value)}" for name, value in event.settings.items()),
        **dict(planning.facts(plan) if plan else []),
        "seed": str(event.seed),
        "versions": ", ".join(f"{name} {version}" for name, version in event.versions.items()),
    }
    facts = [f"{name:<11} {look.spell(value)}" for name, value in pairs.items()]
    plots = ["", *planning.pictured(plan, columns, look), ""] if plan else []
    return [*facts, *plots, "Nothing was trained (--dry-run)."]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(train)
