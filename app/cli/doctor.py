"""`fastai-tui doctor`: what this machine has, what is off, and what to do about it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fastai_tui.engine.doctor.machine import Finding, Screen

WIDTH = 80
NAME = 13  # columns: the longest name is "multiplexer"
STATUS = 7
_STYLES = {"ok": typer.colors.GREEN, "note": typer.colors.YELLOW, "problem": typer.colors.RED}


def register(app: typer.Typer) -> None:
    """Add the command to the root command."""
    app.command()(doctor)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON document.")] = False) -> None:
    """Look this machine over: terminal, versions, device, disk, data, and whether runs outlive a log-out.

    The exit code is 0, or 1 if something makes training impossible.
    """
    from fastai_tui.app.cli.output import print_json
    from fastai_tui.engine.doctor import findings
    from fastai_tui.engine.doctor.machine import this_machine

    found: list[Finding] = []
    for finding in findings(this_machine(_screen())):
        if not as_json:
            _show(finding, new_group=not found or found[-1].group != finding.group)
        found.append(finding)
    can_train = not any(finding.stops_training for finding in found)
    if as_json:
        print_json({"can_train": can_train, "findings": found})
    else:
        typer.echo("\n" + textwrap.fill(_verdict(found), _width()))
    if not can_train:
        raise typer.Exit(1)


def _screen() -> Screen:
    import sys

    from fastai_tui.app.terminal import colour_depth, size
    from fastai_tui.engine.doctor.machine import Screen

    columns, lines = size()
    encoding = sys.stdout.encoding or "ascii"
    return Screen(tty=sys.stdout.isatty(), columns=columns, lines=lines, depth=colour_depth(), encoding=encoding)


def _show(finding: Finding, *, new_group: bool) -> None:
    """Print a finding as soon as it is there: the device takes seconds."""
    from fastai_tui.app.cli.output import colours

    if new_group:
        typer.echo(f"\n{finding.group}" if finding.group != "terminal" else finding.group)
    status = finding.status.ljust(STATUS)
    if colours():
        status = typer.style(status, fg=_STYLES[finding.status])
    margin = " " * (2 + STATUS + 1 + NAME + 1)
    first = f"  {status} {finding.name:{NAME}} "
    room = max(_width() - len(margin), 20)
    wrap = textwrap.TextWrapper(room, break_on_hyphens=False)
    for i, line in enumerate(wrap.wrap(finding.seen)):
        typer.echo((margin if i else first) + line, color=True)
    wrap.subsequent_indent = "  "
    for line in wrap.wrap(f"→ {finding.advice}") if finding.advice else []:
        typer.echo(margin + line)


def _width() -> int:
    from fastai_tui.app.terminal import size

    return min(size()[0], WIDTH)


def _verdict(found: list[Finding]) -> str:
    from fastai_tui.app.text import plural

    problems = [finding.name for finding in found if finding.status == "problem"]
    notes = sum(finding.status == "note" for finding in found)
    if any(finding.stops_training for finding in found):
        names = ", ".join(finding.name for finding in found if finding.stops_training)
        return f"Training is impossible here until this is mended: {names}."
    if problems:
        return f"Training works here, but look at this first: {', '.join(problems)}."
    better = f"; {plural(notes, 'note')} above: what could be better" if notes else ""
    return f"Training works here{better}."
