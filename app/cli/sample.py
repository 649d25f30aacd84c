"""`sample`: a text, written by a run's network or by an embedded model."""

import asyncio
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastai_tui.app.cli import complete
from fastai_tui.app.cli.output import in_terminal, print_json

if TYPE_CHECKING:
    from fastai_tui.app.writing import Writing
    from fastai_tui.engine.manner import Manner

EMBEDDED = "pydocs"

Source = Annotated[
    str,
    typer.Argument(
        metavar="RUN", autocompletion=complete.writers, help=f"A run of char-lm, or {EMBEDDED}, the embedded model."
    ),
]
Prompt = Annotated[str, typer.Option(metavar="TEXT", help="What the text begins with.")]
Length = Annotated[int, typer.Option(metavar="N", help="How many characters to write.")]
Temperature = Annotated[float, typer.Option(metavar="T", help="Below 1 more cautious, above 1 bolder.")]
TopK = Annotated[int, typer.Option("--top-k", metavar="K", help="Choose among the K likeliest only; 0: among all.")]
Greedy = Annotated[bool, typer.Option("--greedy", help="Always take the likeliest.")]
Seed = Annotated[int, typer.Option(metavar="N", help="Of the drawing; the same seed writes the same text.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]


def sample(
    run: Source,
    prompt: Prompt = "",
    length: Length = 400,
    temperature: Temperature = 1.0,
    top_k: TopK = 0,
    greedy: Greedy = False,
    seed: Seed = 42,
    as_json: Json = False,
) -> None:
    """Write with a trained network, one character at a time."""
    from fastai_tui.engine.errors import BadInput
    from fastai_tui.engine.manner import LONGEST, Manner

    manner = Manner(temperature=temperature, top_k=top_k, greedy=greedy, seed=seed).checked()
    if not 1 <= length <= LONGEST:
        raise BadInput(f"{length} characters are out of bounds; give a whole number from 1 to {LONGEST:,}.")
    if as_json:
        print_json(document(_written(run, prompt, length, manner, lambda text: None), manner))
        return
    _begin(prompt)
    writing = _written(run, prompt, length, manner, _shown)
    print(flush=True)
    from fastai_tui.app.writing import read_as_unknown

    if said := read_as_unknown(writing.unknown):
        print(said, file=sys.stderr)


def _begin(prompt: str) -> None:
    """The prompt stands before the text; in a terminal it is set off from what is written."""
    from fastai_tui.app.cli.attach import look

    shown = _safe(prompt)
    sys.stdout.write(look().paint(shown, "1") if in_terminal() else shown)
    sys.stdout.flush()


def _shown(text: str) -> None:
    sys.stdout.write(_safe(text))
    sys.stdout.flush()


def _safe(text: str) -> str:
    """Text from outside without control codes, but for line ends and tabs; in what the stream can carry."""
    plain = "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)
    encoding = sys.stdout.encoding or "utf-8"
    return plain.encode(encoding, "replace").decode(encoding)


def _written(source: str, prompt: str, length: int, manner: "Manner", show: Callable[[str], None]) -> "Writing":
    """What the lab writes; `show` is told of every piece. Raises `Interrupted` for Ctrl-C."""
    from fastai_tui.engine.errors import Interrupted

    try:
        return asyncio.run(_write(source, prompt, length, manner, show))
    except KeyboardInterrupt:
        raise Interrupted("Interrupted: nothing is kept of a text.") from None


async def _write(source: str, prompt: str, length: int, manner: "Manner", show: Callable[[str], None]) -> "Writing":
    """Ask the lab piece by piece, until there is as much as was asked for."""
    from fastai_tui.app.writing import Writing, piece
    from fastai_tui.engine.lab_client import Lab

    lab, writing = Lab(), Writing(prompt)
    try:
        while (left := length - len(writing.characters)) > 0:
            answer = await lab.ask(
                "write", source=source, prompt=prompt, written=writing.numbers, length=left, manner=manner, top=0
            )
            more = piece(answer)
            source = more.source  # `last` may be another run in a moment
            writing = writing.grown(more)
            show("".join(character.text for character in more.characters))
    finally:
        await lab.close()
    return writing


def document(writing: "Writing", manner: "Manner") -> dict[str, Any]:
    """The answer as JSON has it."""
    return {
        "run": writing.run,
        "step": writing.step,
        "prompt": writing.prompt,
        "text": writing.text,
        "length": len(writing.characters),
        "temperature": manner.temperature,
        "top_k": manner.top_k,
        "greedy": manner.greedy,
        "seed": manner.seed,
        "unknown": writing.unknown,
        "surprise": writing.surprise,
        "repeats": writing.repeats,
    }


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sample)
