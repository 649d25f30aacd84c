"""`fastai-tui convolve`: a kernel on a picture, one place with its arithmetic or the whole map."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastai_tui.engine.errors import BadInput

if TYPE_CHECKING:
    from fastai_tui.engine.convolution import Kernel
    from fastai_tui.engine.pictures import Picture


def register(app: typer.Typer) -> None:
    """Add the command to the root command."""
    app.command()(convolve)


def convolve(
    image: Annotated[
        str, typer.Option(metavar="NAME:INDEX|PATH", help="A data set's image, or a picture's file.")
    ] = "mnist-sample:1502",
    kernel: Annotated[
        str,
        typer.Option(
            metavar="NAME|ROWS",
            help="top_edge, bottom_edge, left_edge, right_edge, diag1_edge, diag2_edge, "
            'or its cells as in "1,0,-1;2,0,-2;1,0,-1".',
        ),
    ] = "top_edge",
    stride: Annotated[int, typer.Option(metavar="N", help="Pixels from one place to the next.")] = 1,
    padding: Annotated[int, typer.Option(metavar="N", help="Zeros laid round the picture.")] = 0,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="ROW,COL", help="One place only: the pixel under the kernel's centre.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON document.")] = False,
) -> None:
    """Slide a kernel over a picture: the whole map, or with --at the arithmetic of one place.

    The kernel is multiplied cell by cell with the pixels under it, and the products are added up (as PyTorch's conv2d
    does it: the kernel is not turned round). Places are ROW,COL from 0, at the top left.
    """
    from fastai_tui.engine.convolution import parse_kernel
    from fastai_tui.engine.pictures import load

    weights, where = parse_kernel(kernel), None if at is None else _place(at)
    picture = load(image)
    if where is None:
        _show_map(picture, weights, stride, padding, as_json)
    else:
        _show_window(picture, weights, stride, padding, where, as_json)


def _place(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"\s*(-?[0-9]{1,9})\s*,\s*(-?[0-9]{1,9})\s*", text)
    if not found:
        raise BadInput('--at takes a row and a column, counted from 0, as in "5,7".')
    return int(found[1]), int(found[2])


def _show_window(
    picture: Picture, kernel: Kernel, stride: int, padding: int, at: tuple[int, int], as_json: bool
) -> None:
    from fastai_tui.app.cli.output import print_json
    from fastai_tui.app.convolution import arithmetic
    from fastai_tui.engine.convolution import window

    found = window(picture.pixels, kernel, at, stride, padding)
    if as_json:
        answer = {"at": found.at, "patch": found.patch, "products": found.products, "result": found.result}
        print_json(_asked(picture, kernel, stride, padding) | answer)
        return
    typer.echo(f"{_heading(picture, kernel, stride, padding)}, at {at[0]},{at[1]}\n")
    typer.echo("\n".join(arithmetic(found, kernel, _columns())))


def _show_map(picture: Picture, kernel: Kernel, stride: int, padding: int, as_json: bool) -> None:
    from fastai_tui.app import convolution as words
    from fastai_tui.app.cli.output import in_terminal, print_json
    from fastai_tui.app.terminal import colour_depth, size
    from fastai_tui.engine.convolution import convolve as whole_map

    found = whole_map(picture.pixels, kernel, stride, padding)
    if as_json:
        print_json(_asked(picture, kernel, stride, padding) | _map_facts(found, kernel, stride, padding))
        return
    typer.echo(_heading(picture, kernel, stride, padding) + "\n")
    columns, lines = size()
    drawn = words.drawing(picture.pixels, found, colour_depth(), columns, max(lines - 8, 8)) if in_terminal() else None
    for line in drawn or words.numbers(found):
        typer.echo(line, color=True)  # in_terminal and colour_depth have decided; click would look at the stream again
    typer.echo("\n" + "\n".join(_wrapped(words.sentence(found, kernel, stride, padding))))


def _asked(picture: Picture, kernel: Kernel, stride: int, padding: int) -> dict[str, Any]:
    return {
        "image": picture.name,
        "label": picture.label,
        "kernel": {"name": kernel.name, "rows": kernel.rows},
        "stride": stride,
        "padding": padding,
    }


def _map_facts(found: Any, kernel: Kernel, stride: int, padding: int) -> dict[str, Any]:
    from fastai_tui.engine.convolution import place

    def at(index: int) -> tuple[int, int]:
        return place(divmod(index, found.shape[1]), kernel, stride, padding)

    return {
        "shape": found.shape,
        "min": found.min().item(),
        "min_at": at(int(found.argmin())),
        "max": found.max().item(),
        "max_at": at(int(found.argmax())),
        "map": found.tolist(),
    }


def _heading(picture: Picture, kernel: Kernel, stride: int, padding: int) -> str:
    label = f" (class {picture.label})" if picture.label is not None else ""
    height, width = picture.pixels.shape
    kind = kernel.name or f"{kernel.height}×{kernel.width}"
    return f"{picture.name}{label}, {height}×{width}, kernel {kind}, stride {stride}, padding {padding}"


def _columns() -> int:
    from fastai_tui.app.cli.output import in_terminal
    from fastai_tui.app.terminal import size

    return size()[0] if in_terminal() else 80


def _wrapped(sentence: str) -> list[str]:
    import textwrap

    return textwrap.wrap(sentence, max(_columns(), 20))
