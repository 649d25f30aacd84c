"""The pane that shows a network layer by layer: shapes, parameters, multiplications, and how they come about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.text import fit, plural
from fastai_tui.app.tui import orders
from fastai_tui.app.tui.panes.common import layers
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.app.tui.panes.common.run_picture import instead, spoken
from fastai_tui.app.tui.panes.networks import network_trunk
from fastai_tui.engine.errors import FastaiTuiError

if TYPE_CHECKING:
    from fastai_tui.app.tui.panes.common.layers import Layer, Network
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Role, Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

NUMBERS = 40  # columns that the numbers take: layer 8, output 9, parameters 10, multiplications 11, gaps
SEES = 7  # columns for the receptive field
BARS = 12  # columns below which two bars beside the numbers say nothing
EXPLAINED = 6  # rows that a layer's explanation needs in 40 columns


class NetworkPane(Pane):
    """Arrows choose a layer; the knob `model` another network."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "layer", tooltip="choose a layer"),
        Binding("up", "move(-1)", "layer", tooltip="choose a layer"),
        Binding("home", "move(-999)", "first layer", show=False),
        Binding("end", "move(999)", "last layer", show=False),
        Binding("v", "view", "bars", tooltip="numbers or bars"),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        at, visited = self.option("layer", 0), self.option("visited", [])
        self.at = at if isinstance(at, int) and 0 <= at < 1000 else 0
        self.visited = {n for n in visited if isinstance(n, int)} if isinstance(visited, list) else set()
        self.bars = self.option("view") == "bars"
        self.known: dict[str, Network] = {}
        self.trouble = ""
        self.pulse = Pulse(self)

    def on_mount(self) -> None:
        super().on_mount()
        self._ask()

    def refused(self, sentence: str) -> None:
        if self.network is None:
            self.trouble = sentence
        super().refused(sentence)
        self.redraw()

    @property
    def model(self) -> str:
        """Which network it is."""
        run = self.scene.step.run
        return str(self.knobs.get("model") or (run.set.get("model", "") if run else ""))

    @property
    def network(self) -> Network | None:
        """What is known of it."""
        return self.known.get(self._key())

    @property
    def gone(self) -> frozenset[str]:
        """What is not shown before it was predicted: with the parameters go the multiplications, which tell of them (a
        linear layer multiplies once with every weight)."""
        return self.hidden | ({"multiplications"} if "parameters" in self.hidden else set())

    def _key(self) -> str:
        return repr(sorted((k, str(v)) for k, v in self.knobs.items()))

    def turned(self, knob: str, value: Value) -> None:
        self.visited = set()
        self._ask()
        self.changed()

    def _ask(self) -> None:
        """Ask the lab for what is not known yet."""
        if self.network is not None:
            self._move(0)
            return
        import msgspec

        from fastai_tui.lessons.experiments import experiment, smallest

        try:
            job = orders.job_of(self.scene.step, self.knobs, trains=False)
        except FastaiTuiError as error:
            self.trouble = str(error)
            return
        key, self.trouble = self._key(), ""
        data = smallest(experiment(job.experiment)) or job.data

        def then(answer: Any) -> None:
            self.known[key] = layers.network(answer)
            self._move(0)

        self.ask_lab("summary", then, job=msgspec.structs.replace(job, data=data))

    # Choosing

    def action_move(self, by: int) -> None:
        self._move(by)
        self.changed()

    def _move(self, by: int) -> None:
        net = self.network
        if net and net.layers:
            self.at = min(max(self.at + by, 0), len(net.layers) - 1)
            self.visited.add(self.at)

    def action_view(self) -> None:
        self.bars = not self.bars
        self.changed()

    def measured(self) -> Measured:
        net = self.network
        found: dict[str, float | str] = {"visited": len(self.visited), "model": self.model}
        return found | (
            {"layer": self.at + 1, "parameters": net.parameters, "multiplications": net.multiplications} if net else {}
        )

    def kept(self) -> State:
        return {"layer": self.at, "visited": sorted(self.visited), "view": "bars" if self.bars else "numbers"}

    def command(self) -> Sequence[str]:
        return orders.command_of(self.scene.step, self.knobs, "summary") if self.scene.step.run else ()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        net = self.network
        self.pulse.beat(net is None and not self.trouble)
        if net is None:
            sign = self.pulse.sign(sheet.sight.unicode)
            words = self.trouble or (
                f"{sign} The lab builds the network and lets one item pass through it. The first time it has to start "
                "PyTorch."
            )
            instead(sheet, words)
            return
        sheet.put(0, 0, fit(f"{self.model or 'network'}: one item is {layers.by(net.input)}", sheet.width), "strong")
        below = self._below(sheet, net)
        rows = min(len(net.layers), max(sheet.height - 3 - len(below), 1))
        self._table(sheet, net, rows)
        at = min(rows + 4, max(sheet.height - len(below), rows + 3))
        for i, (line, style) in enumerate(below):
            sheet.put(at + i, 0, line, style)

    def _below(self, sheet: Sheet, net: Network) -> list[tuple[str, Role]]:
        """The chosen layer in words, and what is the matter with the network."""
        room = max(sheet.height - 3 - min(len(net.layers), 2), 0)
        lines = [line for words in self._explained(net) for line in spoken(sheet, words, sheet.width, 3, "plain")]
        if net.layers and self.at == len(net.layers) - 1:  # who walks there finds it out
            lines += spoken(sheet, layers.still_a_grid(net), sheet.width, 3, "warn")
        if len(lines) > room:
            sheet.leave_out("part of the explanation")
        return lines[:room]

    def _explained(self, net: Network) -> list[str]:
        if not net.layers:
            return []
        layer = net.layers[self.at]
        holds = "? parameters" if "parameters" in self.gone else layers.holds(layer)
        costs = "? multiplications" if "multiplications" in self.gone else layers.costs(layer)
        said = [layers.does(layer), layers.belongs(layer, net), holds, costs, layers.reach(layer, net.input)]
        return [words for words in said if words]

    def _table(self, sheet: Sheet, net: Network, rows: int) -> None:
        first = min(max(self.at - rows // 2, 0), max(len(net.layers) - rows, 0))
        if rows < len(net.layers):
            sheet.leave_out(plural(len(net.layers) - rows, "layer"))
        wide = sheet.width >= NUMBERS + SEES + BARS
        if not wide and not self.bars:
            sheet.leave_out("the bars")
        words = ("parameters", "multiplied") if sheet.width >= NUMBERS else ("params", "multiplied")
        self._line(sheet, 1, ("layer", "output", *words, "sees"), "dim", None, net)
        for i, layer in enumerate(net.layers[first : first + rows]):
            chosen = first + i == self.at
            self._line(sheet, 2 + i, self._cells(layer), "cursor" if chosen else "plain", layer, net)
        total = ("total", layers.by(net.output), self._count("parameters", net.parameters),
                 self._count("multiplications", net.multiplications), "")  # fmt: skip
        self._line(sheet, 2 + rows, total, "strong", None, net)

    def _cells(self, layer: Layer) -> tuple[str, ...]:
        return (
            layer.name,
            layers.by(layer.output),
            self._count("parameters", layer.parameters),
            self._count("multiplications", layer.multiplications),
            layers.by(layer.sees) or "all",
        )

    def _count(self, name: str, number: int | None) -> str:
        if name in self.gone or number is None:
            return "?"
        return f"{number:,}" if number else "-"

    def _line(
        self, sheet: Sheet, row: int, cells: Sequence[str], style: Role, layer: Layer | None, net: Network
    ) -> None:
        """A line of the table: the numbers, and as there is room (or instead of them) the bars."""
        name, output, parameters, multiplied, sees = cells
        if net.pretrained:
            few = self.bars and sheet.width < NUMBERS + SEES + BARS
            after = network_trunk.line(sheet, row, cells, style, layer, bars=few) + 1
            if sheet.width - after >= BARS:
                titles = ("params", "mult.") if style == "dim" else ("", "")
                self._bars(sheet, row, after, sheet.width - after, layer, net, titles)
            return
        wide = max((len(layers.short(one.name)) for one in net.layers), default=0)
        wide = 8 if wide < 8 else 9
        name = fit(layers.short(name), 8)
        if self.bars and sheet.width < NUMBERS + SEES + BARS:
            sheet.put(row, 0, fit(f"{name:<8}", min(9, sheet.width)), style)
            self._bars(sheet, row, 9, sheet.width - 9, layer, net, (parameters, multiplied))
            return
        line = f"{name:<{wide}}{output:<{18 - wide}}{parameters:>10} {multiplied:>11}"
        if sheet.width < NUMBERS:
            line = f"{name:<{wide}}{output:<{17 - wide}}{parameters:>8} {multiplied:>11}"
        sheet.put(row, 0, fit(line, min(NUMBERS, sheet.width)), style)
        if sheet.width >= NUMBERS + SEES:
            sheet.put(row, NUMBERS, f"{sees:>{SEES}}", style)
        room = sheet.width - NUMBERS - SEES - 1
        if room >= BARS:
            titles = ("parameters", "multiplied") if room > 2 * len("parameters") else ("params", "mult.")
            titles = titles if style == "dim" else ("", "")
            self._bars(sheet, row, NUMBERS + SEES + 1, room, layer, net, titles)

    def _bars(
        self, sheet: Sheet, row: int, column: int, width: int, layer: Layer | None, net: Network, words: Sequence[str]
    ) -> None:
        """Two bars: the layer's part of all parameters and of all multiplications; the longest is the largest part."""
        wide = (width - 1) // 2
        for i, what in enumerate(("parameters", "multiplications")):
            at = column + i * (wide + 1)
            if layer is None:
                sheet.put(row, at, fit(words[i], wide), "dim")
                continue
            most = max((getattr(one, what) or 0 for one in net.layers), default=0)
            own = getattr(layer, what) or 0
            if what not in self.gone and most and own:
                sheet.put(row, at, "█" * max(round(wide * own / most), 1), "accent" if i else "good")

    def sentence(self) -> str:
        net = self.network
        if net is None:
            return self.trouble or "The network is not known yet."
        parameters = self._count("parameters", net.parameters)
        total = f"{self.model or 'The network'} has {plural(len(net.layers), 'layer')}, {parameters}"
        total += f" parameters and {self._count('multiplications', net.multiplications)} multiplications for one item"
        return f"{total}. {'; '.join(self._explained(net))}. {layers.still_a_grid(net)}".strip()
