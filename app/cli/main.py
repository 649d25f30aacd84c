"""The root command: every group of commands, put together, and the one place where errors become sentences."""

import errno
import os
import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any, cast

import typer

from fastai_tui.app.entry import here, open_app
from fastai_tui.engine.errors import BadInput, FastaiTuiError

# The base of click's errors: typer brings a click of its own since 0.26, so the installed one's are not the right ones.
ClickError = cast(type[Exception], typer.BadParameter.__mro__[2])

HELP = ["-h", "--help"]

app = typer.Typer(
    name="fastai-tui",
    help="Deep learning you can touch, in a terminal: lessons, and a real PyTorch engine behind them.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": HELP},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"fastai-tui {version('fastai-tui')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    chapter: Annotated[str, typer.Option("--chapter", metavar="SLUG", help="Open the lessons at this chapter.")] = "",
    step: Annotated[str, typer.Option("--step", metavar="N", help="Open the chapter at this step.")] = "",
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """Without a command, the lessons open. Train, watch and look inside networks; every command has --help."""
    if context.invoked_subcommand is not None:
        if chapter or step:
            raise BadInput(
                f"--chapter and --step open the lessons; leave them out before {context.invoked_subcommand}."
            )
        return
    if here():
        open_app(chapter, step)
    if chapter or step:
        raise BadInput("The lessons need a terminal, with standard input and output both connected to it.")
    typer.echo(context.get_help())


def _assemble() -> None:
    if app.registered_commands:
        return
    from fastai_tui.app.cli import (
        ablate,
        bench,
        cam,
        convolve,
        data,
        doctor,
        lessons,
        lr_find,
        runs,
        sample,
        summary,
        train,
    )

    for module in (train, ablate, lr_find, runs, sample, summary, convolve, cam, data, lessons, doctor, bench):
        module.register(app)


def _polished(command: Any) -> Any:
    """The command with help that a terminal of any width can fold, and no type behind options that are only there or
    not: `--detach <bool>` reads as if it took a value."""
    command.help = command.help and re.sub(r"(?<!\n)\n(?!\n)", " ", command.help)
    for parameter in [*command.params, command.get_help_option(typer.Context(command, help_option_names=HELP))]:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    for each in getattr(command, "commands", {}).values():
        _polished(each)
    return command


def run(arguments: Sequence[str] | None = None) -> None:
    """The console script. Leaves with the exit code that CONTRACT documents, and never with a traceback."""
    _assemble()
    try:
        code = _polished(typer.main.get_command(app)).main(
            list(sys.argv[1:] if arguments is None else arguments), prog_name="fastai-tui", standalone_mode=False
        )
    except typer.Abort:
        code = _say("Interrupted.", 130)
    except ClickError as error:
        code = _say(_usage(error), 2) if str(error) else 2  # a group without a command has printed its help
    except KeyboardInterrupt:
        code = _say("Interrupted.", 130)
    except SystemExit as leaving:  # click's own way to leave when the reader has left (… | head) is a failure's
        code = _nobody_reads() if isinstance(leaving.__context__, BrokenPipeError) else leaving.code
    except BrokenPipeError:
        code = _nobody_reads()
    except Exception as error:
        code = told(error)
    sys.exit(code if isinstance(code, int) else 0)


def told(error: Exception) -> int:
    """Say in a sentence what went wrong, and return the exit code for it."""
    if isinstance(error, FastaiTuiError):
        return _say(str(error), error.exit_code)
    return _say(_unexpected(error), 1)


def _nobody_reads() -> int:
    """The reader of standard output has left: there is nothing to say, and nothing wrong."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())  # type: ignore[union-attr]
    return 0


def _say(sentence: str, code: int) -> int:
    """One line on standard error. What a user typed comes back abridged if it is endless, and without escape codes."""
    from fastai_tui.app.text import SAYS

    shown = "".join(c if c.isprintable() else "?" for c in " ".join(sentence.split()))
    print(SAYS + re.sub(r"\S{200,}", lambda found: f"{found[0][:60]}…", shown), file=sys.stderr)
    return code


def _usage(error: Any) -> str:
    sentence = error.format_message().strip().rstrip(".")
    context, stop = getattr(error, "ctx", None), "" if sentence.endswith("?") else "."
    return f"{sentence}{stop} Try: {context.command_path if context else 'fastai-tui'} --help"


def _unexpected(error: Exception) -> str:
    from fastai_tui.engine.mishap import report

    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "The disk (or your quota) is full, or standard output leads to one that is; free some space, try again."
    return report(error)


if __name__ == "__main__":
    run()
