"""`bench`: the project's own measurements, side by side on this machine."""

import sys
from typing import Annotated

import typer

from fastai_tui.app.cli.output import print_json
from fastai_tui.engine.errors import BadInput, RunFailed

Quick = Annotated[bool, typer.Option("--quick", help="A few seconds for each; the numbers are rough.")]
PeerName = Annotated[str, typer.Option("--peer", metavar="fastai", help="Train with it too, for comparison.")]
PeerPython = Annotated[
    str, typer.Option("--peer-python", metavar="PATH", help="The Python that has the peer, if it is another one.")
]
Only = Annotated[list[str] | None, typer.Option("--only", metavar="NAME", help="This one alone; may be given again.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]


def bench(
    quick: Quick = False,
    peer: PeerName = "",
    peer_python: PeerPython = sys.executable,
    only: Only = None,
    as_json: Json = False,
) -> None:
    """Measure this program, as ratios to plain loops and empty programs, interleaved; minutes, unless --quick."""
    if peer not in ("", "fastai"):
        raise BadInput(f"There is no peer called {peer!r}; there is fastai.")
    from fastai_tui.app.bench.peer import fastai_version
    from fastai_tui.app.bench.place import place
    from fastai_tui.app.bench.suite import chosen, failures, report
    from fastai_tui.app.bench.words import words

    measures = chosen(only or [], with_peer=bool(peer))
    with place(quick=quick, peer_python=peer_python, say=_say) as here:
        more = {"fastai": fastai_version(peer_python)} if peer else {}
        made = report(here, measures, **more)
    if as_json:
        print_json(made)
    else:
        print(words(made))
    if failed := failures(made):
        raise RunFailed(f"{', '.join(failed)} could not be measured; the report says why.")


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)
