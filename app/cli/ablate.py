"""`ablate`: a grid of runs over models, settings and seeds, one table and what it shows; to be stopped and resumed."""

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastai_tui.app.cli import complete
from fastai_tui.app.cli.output import in_terminal, print_json, table
from fastai_tui.engine.errors import BadInput, Interrupted, RunFailed

if TYPE_CHECKING:
    from fastai_tui.app.ablating import Show
    from fastai_tui.engine.ablation.runner import Runner
    from fastai_tui.engine.ablation.study import Study, StudyStore
    from fastai_tui.lessons.ablation import Plan

BEAT = 0.1  # seconds between two looks
STOP_WITHIN = 120.0  # seconds: a batch, a checkpoint, and a slow disk

What = "Such as cifar10 or mnist; leave it out with --resume."
Name = Annotated[str, typer.Argument(metavar="EXPERIMENT", autocompletion=complete.experiments, help=What)]
Models = Annotated[str, typer.Option("--model", metavar="A,B,C", help="The models to compare.")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=V1|V2…", help="A setting's values; may be given again.")
]
Seeds = Annotated[int, typer.Option("--seeds", metavar="N", help="How many seeds each combination is trained with.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="The first of them; the others follow it.")]
Epochs = Annotated[int | None, typer.Option(metavar="N", help="How long; the experiment's own default otherwise.")]
Device = Annotated[str, typer.Option(metavar="auto|cpu|cuda[:N]|mps", help="Where to train.")]
DataName = Annotated[str, typer.Option("--data", metavar="NAME|PATH", help="Other data than the experiment's own.")]
StudyName = Annotated[str, typer.Option("--name", metavar="NAME", help="A name of your own for the study.")]
Jobs = Annotated[int, typer.Option("--jobs", metavar="N", min=1, max=64, help="How many runs at a time.")]
Resume = Annotated[str, typer.Option("--resume", metavar="NAME|last", help="Go on with a study; what is done stays.")]
Detach = Annotated[bool, typer.Option("--detach", help="Start it, and do not wait.")]
Stop = Annotated[str, typer.Option("--stop", metavar="NAME|last", help="Stop a study that is being run.")]
Remove = Annotated[str, typer.Option("--remove", metavar="NAME", help="Forget a study; its runs stay.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document, at the end.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be trained, and train nothing.")]


def ablate(
    context: typer.Context,
    experiment: Name = "",
    model: Models = "",
    sets: Sets = None,
    seeds: Seeds = 3,
    seed: Seed = 42,
    epochs: Epochs = None,
    device: Device = "auto",
    data: DataName = "",
    name: StudyName = "",
    jobs: Jobs = 1,
    resume: Resume = "",
    detach: Detach = False,
    stop: Stop = "",
    remove: Remove = "",
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Train every combination of models and settings with several seeds, and say which differences are real.

    Each is a run as any other (`runs`, `show`, `watch`). Ctrl-C stops the study; `--resume` goes on with it.
    """
    from fastai_tui.engine.ablation.study import StudyStore

    store = StudyStore()
    if stop or remove:
        _alone(context, "stop" if stop else "remove", ())
        _stop(stop, store) if stop else _remove(remove, store)
        return
    if resume:
        _alone(context, "resume", ("jobs", "as_json", "detach"))
        study = store.find(resume)
    else:
        planned = _planned(experiment, model, sets or [], range(seed, seed + seeds), epochs, device, data)
        if dry_run:
            _describe(planned, name, as_json=as_json)
            return
        study = store.create(
            experiment, name, planned.factors, planned.cells, planned.members, ["fastai-tui", *sys.argv[1:]]
        )
    if detach:
        _detach(study, store, jobs, as_json=as_json)
    else:
        _run(study, store, jobs, as_json=as_json)


def _alone(context: typer.Context, option: str, fitting: tuple[str, ...]) -> None:
    """A study's plan is made once. Raises `BadInput` for what does not go with an option about one that there is."""
    others = [one for one in context.params if one not in (option, *fitting)]
    if any(context.get_parameter_source(one).name == "COMMANDLINE" for one in others):  # type: ignore[union-attr]
        raise BadInput(_ALONE[option])


_ALONE = {
    "resume": "--resume goes on with a study as it was planned; only --jobs, --json and --detach go with it.",
    "stop": "--stop stops a study that there is; nothing else goes with it.",
    "remove": "--remove forgets a study that there is; nothing else goes with it.",
}


def _detach(study: "Study", store: "StudyStore", jobs: int, *, as_json: bool) -> None:
    """Have a process of its own run it."""
    from fastai_tui.app import ablation, studying
    from fastai_tui.app.cli.attach import look

    studying.launch(study.name, store, jobs)
    if as_json:
        print_json({"study": study.name, "path": str(store.folder(study.name))})
        return
    print(look().spell(ablation.title(study)))
    print(
        f"It goes on without this terminal; `fastai-tui ablate --stop {study.name}` ends it, and once it has ended "
        f"`fastai-tui ablate --resume {study.name}` goes on with it, or shows what it found."
    )


def _stop(ref: str, store: "StudyStore") -> None:
    """End it, and wait until it has ended."""
    from fastai_tui.app import studying

    name = store.find(ref).name
    studying.stop(name, store)
    end = time.monotonic() + STOP_WITHIN
    while studying.holder(name, store) is not None:
        if time.monotonic() > end:
            raise RunFailed(
                f"The study {name} has not ended within {STOP_WITHIN:.0f} seconds; `fastai-tui runs` tells."
            )
        time.sleep(BEAT)
    print(f"The study {name} is stopped; `fastai-tui ablate --resume {name}` goes on with it.")


def _remove(name: str, store: "StudyStore") -> None:
    from fastai_tui.app import studying

    if studying.holder(name, store) is not None:
        raise BadInput(f"The study {name} is being run; `fastai-tui ablate --stop {name}` first.")
    store.remove(name)
    print(f"The study {name} is removed; its runs stay, `fastai-tui rm` removes them.")


def _planned(
    experiment: str, model: str, sets: list[str], seeds: range, epochs: int | None, device: str, data: str
) -> "Plan":
    from fastai_tui.engine.settings import pairs
    from fastai_tui.lessons.ablation import plan, values

    if not experiment:
        raise BadInput("Say which EXPERIMENT, as in `fastai-tui ablate mnist --model cnn,cnn3x3`, or --resume a study.")
    return plan(experiment, values(model, pairs(sets)), seeds=seeds, epochs=epochs, device=device, data=data)


def _describe(planned: "Plan", name: str, *, as_json: bool) -> None:
    """What would be trained."""
    from fastai_tui.app import ablation
    from fastai_tui.app.cli.attach import look
    from fastai_tui.engine.ablation.report import plan_document
    from fastai_tui.engine.ablation.study import Study

    study = Study(
        name=name,
        created=0.0,
        experiment=planned.experiment,
        factors=planned.factors,
        seeds=tuple(dict.fromkeys(member.job.seed for member in planned.members)),
        cells=planned.cells,
        members=planned.members,
        command=[],
    )
    if as_json:
        print_json(plan_document(study))
        return
    heading = ("run", "combination", "seed", "epochs", "data")
    members = [
        (str(m.number), study.label(m.cell), str(m.job.seed), str(m.job.epochs), m.job.data) for m in study.members
    ]
    lines = [ablation.title(study), *ablation.factor_lines(study), "", table([heading, *members], right="10110")]
    print(look().spell("\n".join([*lines, "", _expected(study), "Nothing was trained (--dry-run)."])))


def _expected(study: "Study") -> str:
    """How long it will take, as far as anybody knows."""
    from fastai_tui.app.text import duration
    from fastai_tui.engine.runs import estimate
    from fastai_tui.engine.runs.store import RunStore

    store = RunStore()
    first = study.members[: len(study.cells)]  # one of every cell
    known = [estimate.before(member.job, store) for member in first]
    seconds = [found[0] for found in known if found is not None]
    if len(seconds) < len(first):
        return "How long it takes is not known: nothing like some of the runs has been trained here yet."
    return f"About {duration(sum(seconds) * len(study.seeds))} one at a time, going by runs like these."


def _run(study: "Study", store: Any, jobs: int, *, as_json: bool) -> None:
    """Run what is not done, and say what has come of it. Raises `Interrupted`, or `RunFailed` if not all is done."""
    from fastai_tui.app.stopper import Interrupts
    from fastai_tui.engine.ablation.outcome import to_do
    from fastai_tui.engine.ablation.report import document
    from fastai_tui.engine.ablation.runner import Runner, alone
    from fastai_tui.engine.runs.store import RunStore

    with Interrupts() as interrupts, alone(study, store):
        runner = Runner(study, RunStore(), jobs)
        _follow(runner, interrupts, quiet=as_json)
    found = [*runner.outcomes.values()]
    left = to_do(found)
    if runner.stopping and left:
        raise Interrupted(_stopped(runner))
    if as_json:
        print_json(document(study, found))
    else:
        _report(runner)
    if left:
        first = next(each for each in found if each.number == left[0])
        why = (first.message or f"{first.phase}.").rstrip()
        raise RunFailed(
            f"{len(left)} of {len(found)} runs are not done. {first.run}: {why} "
            f"`fastai-tui ablate --resume {study.name}` tries again."
        )


def _stopped(runner: "Runner") -> str:
    from fastai_tui.engine.ablation.outcome import to_do

    name, total = runner.study.name, len(runner.outcomes)
    done = total - len(to_do(runner.outcomes.values()))
    still = f" {', '.join(going.run.id for going in runner.going.values())} still ends." if runner.going else ""
    return f"Stopped: {done} of {total} runs are done.{still} `fastai-tui ablate --resume {name}` goes on."


def _follow(runner: "Runner", interrupts: Any, *, quiet: bool) -> None:
    """Drive it to its end, or to the second Ctrl-C; the first stops it."""
    show = _display(runner, quiet)
    try:
        while True:
            show(runner.step())
            if runner.over:
                return
            time.sleep(BEAT)
            for _ in range(interrupts.taken()):
                if runner.stopping:
                    return
                runner.stop()
    finally:
        show(None)


def _display(runner: "Runner", quiet: bool) -> "Show":
    from fastai_tui.app import ablating
    from fastai_tui.app.cli.attach import look
    from fastai_tui.app.keyboard import send

    if quiet:
        return ablating.silent
    return ablating.Live(runner, look(), send).show if in_terminal() else ablating.Plain(runner, look()).show


def _report(runner: "Runner") -> None:
    """The table, the curves and what they show."""
    import textwrap

    from fastai_tui.app import ablation, terminal
    from fastai_tui.app.cli.attach import look
    from fastai_tui.engine.ablation.report import conclusions

    study, found, shown = runner.study, [*runner.outcomes.values()], look()
    columns = terminal.size()[0]
    curves = ablation.curves(study, runner.runs, found, columns, shown)
    said = [
        line
        for sentence in conclusions(study, found)
        for line in textwrap.wrap(shown.spell(sentence), max(columns, 40), subsequent_indent="  ")
    ]
    print("\n".join(["", *map(shown.spell, ablation.table_lines(study, found)), "", *curves, "", *said]))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(ablate)
