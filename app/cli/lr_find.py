"""`lr-find`: an experiment's learning rate finder, live, with every suggestion on its curve."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastai_tui.app.cli import complete
from fastai_tui.app.cli.output import in_terminal, print_json

if TYPE_CHECKING:
    from fastai_tui.app.rate_finding import Finding
    from fastai_tui.app.text import Look
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.sweep import Sweep

ROWS = 16  # of the plot at the most; a terminal that has fewer gets less
AROUND = 10  # rows that stand around it
BRIEF = 12  # columns of the names before the sentences

Name = Annotated[str, typer.Argument(metavar="EXPERIMENT", autocompletion=complete.experiments, help="Which one.")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting, as in norm=none.")]
Seed = Annotated[int, typer.Option(metavar="N", help="Of everything that is random.")]
Device = Annotated[str, typer.Option(metavar="auto|cpu|cuda[:N]|mps", help="Where to train.")]
DataName = Annotated[str, typer.Option("--data", metavar="NAME|PATH", help="Other data than the experiment's own.")]
Start = Annotated[float, typer.Option(metavar="RATE", help="The first batch's rate.")]
End = Annotated[float, typer.Option(metavar="RATE", help="The rate that it rises to.")]
Batches = Annotated[int, typer.Option(metavar="N", help="In how many batches.")]
Stop = Annotated[float, typer.Option(metavar="X", help="End at X times the lowest smoothed loss; 0: never.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]


def lr_find(
    experiment: Name,
    sets: Sets = None,
    seed: Seed = 42,
    device: Device = "auto",
    data: DataName = "",
    start: Start = 1e-7,
    end: End = 10.0,
    batches: Batches = 100,
    stop: Stop = 4.0,
    as_json: Json = False,
) -> None:
    """Raise the learning rate batch by batch, and see what the loss does; nothing is kept or changed."""
    from fastai_tui.app.cli.pretrained import given
    from fastai_tui.engine.sweep import Sweep
    from fastai_tui.lessons.experiments import order

    sweep = Sweep(start=start, end=end, batches=batches, stop=stop).checked()
    job = order(experiment, given(experiment, sets or [], "", as_json=as_json), seed=seed, device=device, data=data)
    if as_json:
        print_json(document(job, _found(job, sweep, lambda finding: None)))
    elif in_terminal():
        _live(job, sweep)
    else:
        _plain(job, sweep)


def _found(job: "Job", sweep: "Sweep", show: "Callable[[Finding], None]") -> "Finding":
    """What the lab finds; `show` is told of every piece. Raises `Interrupted` for Ctrl-C."""
    from fastai_tui.engine.errors import Interrupted

    try:
        return asyncio.run(_find(job, sweep, show))
    except KeyboardInterrupt:
        raise Interrupted("Interrupted: the finder keeps nothing, so nothing has changed.") from None


async def _find(job: "Job", sweep: "Sweep", show: "Callable[[Finding], None]") -> "Finding":
    """Ask the lab piece by piece, until it is done."""
    from fastai_tui.app.rate_finding import Finding
    from fastai_tui.engine.lab_client import Lab
    from fastai_tui.engine.sweep import piece

    lab, finding = Lab(), Finding(sweep)
    try:
        while not finding.done:
            answer = await lab.ask("find_rate", job=job, sweep=sweep, after=len(finding.rates))
            finding = finding.grown(piece(answer))
            show(finding)
    finally:
        await lab.close()
    return finding


def _live(job: "Job", sweep: "Sweep") -> None:
    """In a terminal: the curve while it grows; at the end it stays, with what there is to say."""
    from fastai_tui.app import terminal
    from fastai_tui.app.cli.attach import look
    from fastai_tui.app.keyboard import send
    from fastai_tui.app.painter import Painter
    from fastai_tui.app.rate_finding import Finding

    painter, shown = Painter(send), look()

    def show(finding: "Finding") -> None:
        columns, rows = terminal.size()
        painter.paint(frame(job, finding, columns, rows, shown), columns, rows)

    try:
        show(Finding(sweep))
        finding = _found(job, sweep, show)
    finally:
        painter.leave()
    print("\n".join(told(finding, terminal.size()[0], shown)))


def _plain(job: "Job", sweep: "Sweep") -> None:
    """In a pipe: everything at the end."""
    from fastai_tui.app import terminal
    from fastai_tui.app.cli.attach import look

    columns, rows = terminal.size()
    begun = time.monotonic()
    finding = _found(job, sweep, lambda finding: None)
    print(title(job))
    print(f"{len(finding.rates)} batches on {_where(finding)} in {time.monotonic() - begun:.1f} s")
    print("\n".join([*_plot(finding, columns, rows, look()), *told(finding, columns, look())]))


def title(job: "Job") -> str:
    """`mnist: learning rate finder (cnn, norm batch, bs 512, adam, seed 42)`."""
    from fastai_tui.app.snapshots import setting_in_words

    model, norm, bs, opt = (setting_in_words(job.settings[name]) for name in ("model", "norm", "bs", "opt"))
    return f"{job.experiment}: learning rate finder ({model}, norm {norm}, bs {bs}, {opt}, seed {job.seed})"


def frame(job: "Job", finding: "Finding", columns: int, rows: int, look: "Look") -> list[str]:
    """What a terminal shows while it goes on, and last of all."""
    from fastai_tui.app import rate_finding
    from fastai_tui.app.text import fit

    if not finding.rates:
        now = "PyTorch starts, data are read …"
    else:
        now = f"{rate_finding.progress(finding)} on {_where(finding)}"
    head = [look.paint(fit(look.spell(title(job)), columns), "1"), fit(look.spell(now), columns)]
    body = [*head, *_plot(finding, columns, rows, look)]
    return body if finding.done else [*body, look.paint(fit("Ctrl-C: stop", columns), "2")]


def _where(finding: "Finding") -> str:
    return f"{finding.last.device}, {finding.last.data}" if finding.last else ""


def _plot(finding: "Finding", columns: int, rows: int, look: "Look") -> list[str]:
    from fastai_tui.app import rate_finding

    height = min(ROWS, rows - AROUND)
    return rate_finding.picture(finding, min(columns, 120), height, look) if height >= 6 and finding.rates else []


def told(finding: "Finding", columns: int, look: "Look") -> list[str]:
    """What there is to say at the end, in lines that fit the terminal."""
    import textwrap

    from fastai_tui.app import rate_finding

    lines = []
    for name, words in rate_finding.sentences(finding):
        wrapped = textwrap.wrap(look.spell(words), max(columns - BRIEF, 20)) or [""]
        lines += [f"{name if not i else '':<{BRIEF}}{line}" for i, line in enumerate(wrapped)]
    return lines


def document(job: "Job", finding: "Finding") -> dict[str, Any]:
    """The answer as JSON has it: a loss that is no number is null."""
    assert finding.last is not None
    return {
        "experiment": job.experiment,
        "settings": job.settings,
        "seed": job.seed,
        "device": finding.last.device,
        "data": finding.last.data,
        "start": finding.sweep.start,
        "end": finding.sweep.end,
        "batches": finding.sweep.batches,
        "stop": finding.sweep.stop,
        "lrs": finding.rates,
        "losses": finding.losses,
        "smooth_losses": finding.smooth,
        "stopped_early": finding.last.stopped_early,
        "suggestions": {
            one.name: {"rate": one.rate, "loss": one.loss, "at": one.at, "why": one.why}
            for one in finding.last.suggestions
        },
        "caution": finding.last.caution,
        "hashes": {"before": finding.last.before, "after": finding.last.after},
    }


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("lr-find")(lr_find)
