"""`fastai-tui data`: what data there are, getting them, taking what you already have, verifying and removing."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastai_tui.app.cli.output import print_json, print_line, table
from fastai_tui.app.cli.transfer import amount, reporter
from fastai_tui.engine.errors import DiskTrouble, Interrupted

if TYPE_CHECKING:
    from fastai_tui.engine.data.catalogue import DataSet

Name = Annotated[str, typer.Argument(metavar="NAME", help="A data set, as `data list` names it.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output, and nothing else there.")]
commands = typer.Typer(help="Data sets: list, get, import, verify, remove.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the group to the root command."""
    app.add_typer(commands, name="data")


@commands.command("list")
def show_list(as_json: Json = False) -> None:
    """Which data sets there are, how large, whose, and whether they are on this machine."""
    from fastai_tui.engine.data import activation_cache
    from fastai_tui.engine.data.catalogue import DATA_SETS

    if as_json:
        print_json([_facts(entry) for entry in DATA_SETS.values()])
        return
    rows: list[tuple[str, ...]] = [("name", "size", "here", "licence", "hash", "")]
    rows += [_row(entry) for entry in DATA_SETS.values()]
    typer.echo(table(rows, right="01"))
    typer.echo("\n" + "\n".join(f"{entry.name}: {entry.credit}." for entry in DATA_SETS.values()))
    if kept := activation_cache.size():
        typer.echo(
            f"\n{activation_cache.NAME}: {amount(kept)} of precomputed activations; `data rm {activation_cache.NAME}` "
            "frees them, and they are computed again where they are needed."
        )


@commands.command()
def get(name: Name, as_json: Json = False) -> None:
    """Fetch a data set. It may be interrupted: getting it again goes on where it broke off.

    Every file is compared with its hash, and taken from the next address if one does not deliver. A mirror of your
    own is asked first if FASTAI_TUI_MIRROR names it (https, or http on this machine; several with blanks between): for
    https://mirror/data, files are looked for at https://mirror/data/NAME/FILE. With FASTAI_TUI_MIRROR_ONLY=1 nothing
    else is asked.
    """
    from fastai_tui.engine.data.catalogue import data_set

    entry = data_set(name)
    if _fetch(name, as_json):
        sentence = f"{name} is complete and verified, in {_place(entry)}."
    elif entry.embedded:
        sentence = f"{name} comes with the program: there is nothing to get."
    else:
        sentence = f"{name} is already here, and right, in {_place(entry)}."
    _answer(entry, sentence, as_json, line=True)


@commands.command("import")
def import_(
    name: Name,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A folder, a .tar.gz or one of the files.")],
    as_json: Json = False,
) -> None:
    """Take a data set from files you already have. They are verified and copied, and stay where they are."""
    from fastai_tui.engine.data.catalogue import data_set
    from fastai_tui.engine.data.importing import import_from
    from fastai_tui.engine.data.store import files_here

    try:
        place = import_from(name, path, (lambda sentence: None) if as_json else typer.echo)
    except KeyboardInterrupt:
        raise Interrupted(f"Interrupted: nothing of {name} was imported.") from None
    entry = data_set(name)
    if entry.photos:
        sentence = f"{name} is complete, in {place}: the photos as they came, for which nobody published single hashes."
    elif files_here(entry) == entry.files:
        sentence = f"{name} is complete and verified, in {place}."
    else:
        sentence = f"{name} is complete, in {place}: decoded from pictures, for which nobody published a hash."
    _answer(entry, sentence, as_json)


@commands.command()
def verify(name: Name, as_json: Json = False) -> None:
    """Compare every byte of a data set with its hash."""
    from fastai_tui.engine.data.obtain import verify as examine

    verdicts = examine(name)
    if as_json:
        print_json({"name": name, "right": not any(verdict.trouble for verdict in verdicts), "files": verdicts})
    else:
        for verdict in verdicts:
            typer.echo(f"{verdict.file}: {verdict.trouble or verdict.note or 'right'}")
    if wrong := [verdict.file for verdict in verdicts if verdict.trouble]:
        raise DiskTrouble(f"{name} is damaged ({', '.join(wrong)}): `fastai-tui data get {name}` mends it.")


@commands.command("rm")
def remove(name: Name, as_json: Json = False) -> None:
    """Remove a data set, and what a broken-off download has left of it; or precomputed activations
    (activations-cache)."""
    from fastai_tui.engine.data import activation_cache, obtain

    freed = activation_cache.clear() if name == activation_cache.NAME else obtain.remove(name)
    if as_json:
        print_json({"name": name, "freed": freed})
    else:
        typer.echo(f"{name} is removed: {amount(freed)} are free again.")


def _fetch(name: str, as_json: bool) -> bool:
    from fastai_tui.engine.data import obtain

    try:
        return obtain.get(name, reporter(as_json=as_json))
    except KeyboardInterrupt:
        raise Interrupted(
            f"Interrupted: what has arrived of {name} is kept, and `fastai-tui data get {name}` goes on from there."
        ) from None


def _answer(entry: "DataSet", sentence: str, as_json: bool, *, line: bool = False) -> None:
    if as_json:
        (print_line if line else print_json)({"type": "done", **_facts(entry)})
    else:
        typer.echo(sentence)


def _facts(entry: "DataSet") -> dict[str, Any]:
    import msgspec

    from fastai_tui.engine.data.store import present

    facts = msgspec.to_builtins(entry)
    return facts | {"size": entry.size, "download": entry.download, "here": present(entry), "path": _place(entry)}


def _place(entry: "DataSet") -> str:
    from fastai_tui.engine.data.store import file_path, folder

    return str(file_path(entry, entry.files[0]).parent if entry.files else folder(entry.name))


def _row(entry: "DataSet") -> tuple[str, ...]:
    from fastai_tui.engine.data.store import files_here, present

    here = "embedded" if entry.embedded else "yes" if present(entry) else "no"
    hashes: str = entry.hashes
    if here == "yes" and files_here(entry) == entry.pictures != ():
        here, hashes = "decoded", "unverified"
    size = entry.download or entry.size
    return entry.name, amount(size) if size else "?", here, entry.licence, hashes, entry.title
