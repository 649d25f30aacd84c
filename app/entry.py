"""The console script. The way into the app is the short one: typer alone would take a third of the time to its first
frame, so it is imported for everything else."""

import sys
from collections.abc import Sequence

from fastai_tui.app.cli.output import in_terminal

PLACES = {"--chapter": "chapter", "--step": "step"}


def run() -> None:
    """Open the app if that is what the command line says, or do what it says."""
    wanted = place(sys.argv[1:])
    if wanted is None or not here():
        from fastai_tui.app.cli.main import run as command

        command()
    else:
        open_app(wanted.get("chapter", ""), wanted.get("step", ""))


def here() -> bool:
    """Is this a terminal that the app can be shown in, with somebody at its keys?"""
    return in_terminal() and sys.stdin is not None and sys.stdin.isatty()


def place(arguments: Sequence[str]) -> dict[str, str] | None:
    """The chapter and the step that nothing but `--chapter SLUG` and `--step N` name; None for any other command."""
    found: dict[str, str] = {}
    words = iter(arguments)
    for word in words:
        option, equals, value = word.partition("=")
        value = value if equals else next(words, "")
        if option not in PLACES or not value or value.startswith("-"):
            return None
        found[PLACES[option]] = value
    return found


def open_app(chapter: str, step: str) -> None:
    """Open the app, and leave with its exit code; errors become sentences as everywhere."""
    try:
        from fastai_tui.app.tui.launch import launch

        code = launch(chapter, step)
    except KeyboardInterrupt:
        code = 130
    except Exception as error:
        from fastai_tui.app.cli.main import told

        code = told(error)
    sys.exit(code)


if __name__ == "__main__":
    run()
