"""`summary`: an experiment's network, layer by layer, and its settings."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastai_tui.app.cli import complete
from fastai_tui.app.cli.output import print_json, table

if TYPE_CHECKING:
    from fastai_tui.engine.settings import Schema

WIDTH = 80

Name = Annotated[str, typer.Argument(metavar="EXPERIMENT", autocompletion=complete.experiments, help="Which one.")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting, as in model=linear.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]


def summary(experiment: Name, sets: Sets = None, as_json: Json = False) -> None:
    """Layers, layer groups, output shapes, parameters, receptive field; and the settings for --set."""
    from fastai_tui.engine.client import ask
    from fastai_tui.engine.settings import pairs
    from fastai_tui.lessons import experiments

    wanted = experiments.experiment(experiment)
    job = experiments.order(experiment, pairs(sets or []), data=experiments.smallest(wanted), trains=False)
    answer = ask("summary", job=job)
    answer["schema"] = [_described(wanted.schema, name) for name in job.settings]
    if as_json:
        print_json(answer)
    else:
        print("\n".join([f"{wanted.name}: {wanted.about}", "", *network(answer), "", *settings(answer)]))


def network(answer: dict[str, Any]) -> list[str]:
    """The layers as a table, and the sums, in lines that fit a terminal."""
    head = ("layer", "type", "output", "parameters", "multiplications", "sees", "group")
    layers = [_row(layer, answer["frozen"]) for layer in answer["layers"]]
    rows = [head, ("", "input", shape(answer["input"]), "", "", "", ""), *layers]
    total, trainable = answer["parameters"], answer["trainable"]
    frozen = "" if total == trainable else f" ({trainable:,} of them trainable)"
    sums = f"{total:,} parameters{frozen}, {answer['multiplications']:,} multiplications for one item"
    kept = [layer["name"] for layer in answer["layers"] if layer["keeps_statistics"]]
    fixed = [f"running statistics that stay as they are: {', '.join(kept)}"] if kept else []
    return [line[:WIDTH] for line in table(rows, right="0001100").splitlines()] + ["", sums, *fixed, *groups(answer)]


def groups(answer: dict[str, Any]) -> list[str]:
    """The layer groups: what is in each, and how it is trained."""
    import textwrap

    from fastai_tui.engine.schedules import per_group

    rates, wds = (per_group(answer["settings"][name], answer["groups"]) for name in ("lr", "wd"))
    lines = []
    for number, (rate, wd) in enumerate(zip(rates, wds, strict=True)):
        own = [layer for layer in answer["layers"] if layer["group"] == number and layer["parameters"]]
        how = "frozen" if number < answer["frozen"] else f"rate {rate:g}, weight decay {wd:g}"
        count = sum(layer["parameters"] for layer in own)
        about = f"group {number + 1}: {', '.join(layer['name'] for layer in own)}; {count:,} parameters, {how}"
        lines += textwrap.wrap(about, WIDTH, subsequent_indent=" " * 9)
    return lines


def settings(answer: dict[str, Any]) -> list[str]:
    """Every setting with its value, what it is and what may be given."""
    import textwrap

    lines = ["settings (--set KEY=VALUE):"]
    for setting in answer["schema"]:
        given = f"  {setting['name']}={_value(answer['settings'][setting['name']])}"
        about = f"{setting['about']}: {setting['allowed']}{' (while it trains too)' if setting['live'] else ''}"
        lines += textwrap.wrap(f"{given:<24}{about}", WIDTH, subsequent_indent=" " * 24)
    return lines


def shape(sizes: list[int] | None) -> str:
    """`4×14×14`; nothing for a single number's."""
    return "×".join(str(size) for size in sizes or [])


def _row(layer: dict[str, Any], frozen: int) -> tuple[str, ...]:
    count, costs, group = layer["parameters"], layer["multiplications"], layer["group"]
    return (
        layer["name"],
        layer["type"],
        shape(layer["output"]),
        f"{count:,}" if count else "",
        "?" if costs is None else f"{costs:,}" if costs else "",
        shape(layer["receptive_field"]) or "everything",
        "" if group is None else f"{group + 1} frozen" if group < frozen else f"{group + 1}",
    )


def _value(value: Any) -> str:
    return "/".join(f"{part:g}" for part in value) if isinstance(value, list) else str(value)


def _described(schema: "Schema", name: str) -> dict[str, Any]:
    setting = schema[name]
    return {
        "name": name,
        "kind": setting.kind,
        "default": setting.default,
        "about": setting.about,
        "allowed": setting.allowed,
        "live": setting.live,
    }


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(summary)
