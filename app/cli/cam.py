"""`fastai-tui cam`: where a network looks in a photo, as numbers and laid over the photo."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast, get_args

import typer

from fastai_tui.app.cli import complete
from fastai_tui.engine.errors import BadInput

if TYPE_CHECKING:
    from fastai_tui.engine.looking import Looked

EMBEDDED = "catdog"
Graphics = Literal["auto", "blocks", "kitty", "sixel", "off"]

Image = Annotated[
    str,
    typer.Argument(
        metavar="IMAGE|NAME:INDEX", help="A photo's file, a data set's image, or chelsea, the embedded photo of a cat."
    ),
]
Run = Annotated[
    str,
    typer.Option(
        metavar="RUN", autocompletion=complete.lookers, help=f"A run's network, or {EMBEDDED}, the embedded one."
    ),
]
WeightsFile = Annotated[
    str, typer.Option("--weights", metavar="PATH", help="A file with the weights of a whole torchvision network.")
]
Arch = Annotated[str, typer.Option(metavar="NAME", help="Which network those are of, such as resnet34.")]
OfClass = Annotated[str, typer.Option("--class", metavar="NAME", help="Look for this class; else for all, as likely.")]
Zoom = Annotated[bool, typer.Option("--zoom", help="Cut the hottest region out, and look again.")]
Pictures = Annotated[str, typer.Option(metavar="|".join(get_args(Graphics)), help="How pictures are drawn.")]
Json = Annotated[bool, typer.Option("--json", help="For programs: one JSON document.")]


def register(app: typer.Typer) -> None:
    """Add the command to the root command."""
    app.command()(cam)


def cam(
    image: Image,
    run: Run = "",
    weights: WeightsFile = "",
    arch: Arch = "",
    of: OfClass = "",
    zoom: Zoom = False,
    graphics: Pictures = "auto",
    as_json: Json = False,
) -> None:
    """Show where a network looks: what it takes a photo for, and how much each part of it speaks for that.

    The map is the class activation map (CAM) of networks that end in a convolution and an average, and Grad-CAM of
    others. The hotter a place, the more of the classes' scores comes from it.
    """
    from fastai_tui.engine.client import ask

    _check(image, run, weights, arch, graphics)
    found = _decoded(
        ask("cam", image=image, source=run or EMBEDDED, weights=_absolute(weights), arch=arch, of=of, zoom=zoom)
    )
    if as_json:
        from fastai_tui.app.cli.output import print_json

        print_json(document(found))
        return
    _show(found, cast(Graphics, graphics))


def document(found: Looked) -> dict[str, Any]:
    """The answer as JSON has it."""
    return {
        "image": found.image,
        "label": found.label,
        "width": found.width,
        "height": found.height,
        "network": found.network,
        "kind": found.kind,
        "class": found.of or None,
        **_seen(found, found.first),
        "zoomed": _seen(found, found.zoomed) if found.zoomed else None,
    }


def _seen(found: Looked, seen: Any) -> dict[str, Any]:
    likely = found.ranked(seen)
    return {
        "prediction": likely[0][0],
        "probabilities": dict(likely),
        "seen": seen.box,
        "map": seen.map,
        "field": seen.box.part(seen.field),  # what the map's cells have of the photo among them
        "peak": seen.peak,
        "hottest": seen.hottest,
    }


def _check(image: str, run: str, weights: str, arch: str, graphics: str) -> None:
    if run and (weights or arch):
        raise BadInput("--run names a network, and so do --weights and --arch: give one or the other.")
    if weights and not arch:
        raise BadInput("--weights needs to know which network they are of: add --arch NAME, such as --arch resnet34.")
    if graphics not in get_args(Graphics):
        raise BadInput(f"--graphics can be {', '.join(get_args(Graphics))}; {graphics!r} it can not be.")
    if graphics == "kitty":
        import os

        from fastai_tui.app.graphics_asked import in_multiplexer

        if in_multiplexer(os.environ):
            raise BadInput("tmux, screen and Zellij lose kitty's pictures: take --graphics blocks, or leave them.")
    _check_file(image)


def _check_file(image: str) -> None:
    """That it is there is known without torch, which takes seconds to start."""
    from fastai_tui.engine.data.photos import check_photo
    from fastai_tui.engine.looking import file_of

    if path := file_of(image):
        check_photo(path)


def _absolute(path: str) -> str:
    import os

    return os.path.abspath(os.path.expanduser(path)) if path else ""


def _decoded(answer: Any) -> Looked:
    import msgspec

    from fastai_tui.engine.looking import Looked

    return msgspec.convert(answer, Looked, builtin_types=())


def _show(found: Looked, graphics: Graphics) -> None:
    from fastai_tui.app import cam_view
    from fastai_tui.app.cli.attach import look
    from fastai_tui.app.cli.output import in_terminal
    from fastai_tui.app.terminal import colour_depth, size, speaks_unicode

    columns, rows = size()
    for line in cam_view.words(found, columns, look()):
        typer.echo(line, color=True)
    drawn = graphics != "off" and in_terminal()
    if drawn and (way := _way(graphics)):
        _send(found, way, columns, rows)
    elif drawn:
        for line in cam_view.pictures(found, columns, rows, colour_depth(), unicode=speaks_unicode()):
            typer.echo(line, color=True)  # colour_depth has decided; click would look at the stream again
    for line in cam_view.closing(found, columns, look(), drawn=drawn):
        typer.echo(line, color=True)


def _way(graphics: Graphics) -> Any:
    """The protocol by which pixels are sent, or None."""
    import os

    from fastai_tui.app.cli.output import colours
    from fastai_tui.app.graphics_asked import protocol

    if graphics in ("kitty", "sixel"):
        return graphics
    return protocol(os.environ, _asked) if graphics == "auto" and colours() else None


def _send(found: Looked, way: Any, columns: int, rows: int) -> None:
    from fastai_tui.app import cam_view
    from fastai_tui.app.graphics import kitty, sixel
    from fastai_tui.app.graphics_asked import cell_size

    for wide, photo in cam_view.images(found, columns, rows, cell_size(_asked)):
        typer.echo(kitty(photo, wide) if way == "kitty" else sixel(photo), color=True)


@cache
def _asked() -> bytes:
    """The terminal's answers, which it is asked for once at the most."""
    from fastai_tui.app.graphics_asked import asked

    return asked()
