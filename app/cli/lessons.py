"""`fastai-tui lessons`, `check` and `progress`: the course's contents, its linter, and what you have done so far."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastai_tui.app.cli.output import in_terminal, print_json
from fastai_tui.engine.errors import BadInput, RunFailed

if TYPE_CHECKING:
    from fastai_tui.lessons.check import Report
    from fastai_tui.lessons.progress import Progress
    from fastai_tui.lessons.schema import Chapter

Json = Annotated[bool, typer.Option("--json", help="For programs: one JSON document on standard output.")]
commands = typer.Typer(help="What you have done so far: export, import, reset.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the root command."""
    app.command()(lessons)
    app.command()(check)
    app.add_typer(commands, name="progress")


def lessons(as_json: Json = False) -> None:
    """The chapters, their steps, and how far you are."""
    from fastai_tui.lessons import loader, progress
    from fastai_tui.lessons.experiments import EXPERIMENTS

    chapters = loader.chapters()
    done, trouble = progress.read()
    if as_json:
        print_json(
            {
                "chapters": [_facts(chapter, done) for chapter in chapters],
                "experiments": [{"name": e.name, "about": e.about} for e in EXPERIMENTS.values()],
                "place": done.place,
                "trouble": trouble,
            }
        )
        return
    for chapter in chapters:
        typer.echo("\n".join(_lines(chapter, done)))
    if not chapters:
        typer.echo(
            f"The chapters come with the app, in a later version; what can be trained now: {', '.join(EXPERIMENTS)} "
            "(fastai-tui train NAME)."
        )
    if trouble:
        typer.echo(trouble, err=True)


def _facts(chapter: "Chapter", done: "Progress") -> dict[str, Any]:
    return {
        "slug": chapter.slug,
        "number": chapter.number,
        "title": chapter.title,
        "about": chapter.about,
        "needs": chapter.needs,
        "done": done.done(chapter),
        "steps": [
            {"id": step.id, "title": step.title, "done": (so_far := done.of(chapter.slug, step.id)).done}
            | {"answers": so_far.answers, "hints": so_far.hints, "goals": so_far.goals}
            for step in chapter.steps
        ],
    }


def _lines(chapter: "Chapter", done: "Progress") -> list[str]:
    here = done.place
    lines = [f"{chapter.number}. {chapter.title} ({chapter.slug}): {done.done(chapter)} of {len(chapter.steps)} done"]
    lines.append(f"   {chapter.about}")
    for step in chapter.steps:
        mark = "x" if done.of(chapter.slug, step.id).done else " "
        at = "  <- you are here" if here and (here.chapter, here.step) == (chapter.slug, step.id) else ""
        lines.append(f"   [{mark}] {step.title} ({step.id}){at}")
    return lines


def check(
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="A chapter's file or a folder of them.", show_default=False)
    ] = None,
) -> None:
    """Check lessons for mistakes: those that come with the program, or a chapter or folder of your own.

    One line for each problem: file, line, what is wrong, what to do about it.
    """
    report = _report(path)
    for problem in report.problems:
        typer.echo(str(problem))
    if report.problems:
        raise RunFailed(f"The lessons have {_count(len(report.problems), 'problem')}: each line above says what to do.")
    typer.echo(f"{_count(len(report.chapters), 'chapter')}, {_count(report.steps, 'step')}: no problems")


def _report(path: Path | None) -> "Report":
    from fastai_tui.app.progress_files import shown
    from fastai_tui.lessons import check as linter
    from fastai_tui.lessons.loader import chapter_files

    if path is None:
        return linter.check_shipped()
    try:
        paths = chapter_files(path) if path.is_dir() else [path]
        if not path.is_dir() and not path.is_file():
            what = "is no regular file" if path.exists() else "does not exist"
            raise BadInput(f"{shown(path)} {what}: give a chapter's markdown file, or a folder of them.")
    except OSError as error:
        raise BadInput(f"{shown(path)} can not be looked into ({(error.strerror or '').lower()}).") from error
    if not paths:
        raise BadInput(f"{shown(path)} holds no chapter: give a folder with NUMBER-SLUG.md files.")
    return linter.check_files(paths)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


@commands.command("export")
def export_progress(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Where to; standard output without it, or for -.", show_default=False),
    ] = None,
) -> None:
    """Write what you have done so far as JSON, to a new file or to standard output."""
    from fastai_tui.app import progress_files
    from fastai_tui.lessons import progress

    if file is None or str(file) == "-":
        sys.stdout.write(progress.encode(progress.kept()).decode())
        return
    typer.echo(progress_files.export_to(file), err=True)


@commands.command("import")
def import_progress(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export; - for standard input.", show_default=False)],
) -> None:
    """Take over progress that was exported, here or elsewhere. What there was before is kept as a backup."""
    from fastai_tui.app import progress_files

    if str(file) == "-":
        given = sys.stdin.buffer.read(progress_files.LARGEST_FILE + 1)
        content, name = progress_files.checked(given, "Standard input"), "Standard input"
    else:
        content, name = progress_files.content_of(file), progress_files.shown(file)
    typer.echo(progress_files.import_from(content, name))


@commands.command("reset")
def reset_progress(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Begin anew. What you have done so far is kept as a backup."""
    from fastai_tui.app import progress_files

    if not yes:
        if not (in_terminal() and sys.stdin.isatty()):
            raise BadInput("A reset forgets what you have done so far: add --yes to do it without being asked.")
        if not typer.confirm("Begin anew, and forget what you have done so far?"):
            typer.echo("Nothing was changed.")
            return
    typer.echo(progress_files.reset())
