"""The pane of layer groups: which layers are trained together, what is frozen, and what a run has moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app import sentences, views
from fastai_tui.app.text import fit
from fastai_tui.app.tui import orders
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import beginning
from fastai_tui.app.tui.panes.common.run_picture import bar, mood, spoken
from fastai_tui.app.tui.panes.common.running import RunPane
from fastai_tui.app.tui.panes.training import groups_drawing as drawing
from fastai_tui.app.tui.panes.training.groups_drawing import VIEWS, Shown

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

ROOM = 10  # rows below which a run's start has no room besides the table


class GroupsPane(RunPane):
    """The arrows choose a layer, [ and ] a group; the knobs freeze, bn_freeze and lr say how the groups are trained."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "layer", tooltip="choose a layer"),
        Binding("up", "move(-1)", "layer", tooltip="choose a layer"),
        Binding("home", "move(-999)", "first layer", show=False),
        Binding("end", "move(999)", "last layer", show=False),
        Binding("right_square_bracket", "group(1)", "group", tooltip="the next layer group"),
        Binding("left_square_bracket", "group(-1)", "group", tooltip="the layer group before"),
        Binding("f", "freeze", "freeze", tooltip="freeze all groups up to the chosen layer's, and those behind learn"),
        Binding("a", "unfreeze", "all learn", tooltip="unfreeze all groups"),
        Binding("v", "view", "moved", tooltip="how they are trained, or how far the run has moved them"),
    ]
    FIRST = (*RunPane.FIRST, "v", "f", "a")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        at, view, visited = self.option("layer", 0), self.option("view"), self.option("visited")
        self.at = at if isinstance(at, int) and 0 <= at < 1000 else 0
        self.view = view if view in VIEWS else VIEWS[0]
        self.visited = {n for n in visited if isinstance(n, int)} if isinstance(visited, list) else set[int]()
        self.known: dict[str, dict[str, Any]] = {}  # summaries, by the knobs' values
        self.moved: dict[str, Any] | None = None
        self.pulse = beginning.Pulse(self)
        self._looked: tuple[str, int, bool] | None = None

    # What it knows

    def order(self) -> None:
        super().order()
        self._ask()

    def turned(self, knob: str, value: Value) -> None:
        self.view = VIEWS[0]
        super().turned(knob, value)

    def refused(self, sentence: str) -> None:
        if self.now() is None:
            self.trouble = sentence
        super().refused(sentence)
        self.redraw()

    def _key(self) -> str:
        return repr(sorted((k, str(v)) for k, v in self.knobs.items()))

    def _ask(self) -> None:
        """Ask the lab for the network's groups, if they are not known with these settings."""
        if self.job is None or self._key() in self.known:
            self._move(0)
            return
        import msgspec

        from fastai_tui.engine.data.catalogue import DATA_SETS
        from fastai_tui.lessons.experiments import experiment, smallest

        key, data = self._key(), self.job.data
        if data not in DATA_SETS or not DATA_SETS[data].embedded:
            data = smallest(experiment(self.job.experiment)) or data

        def then(answer: Any) -> None:
            self.known[key] = answer
            self._move(0)

        self.ask_lab("summary", then, job=msgspec.structs.replace(self.job, data=data))

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        if (run.id if run else "") != (self.moved or {}).get("run", ""):
            self.moved = None
        super().follow(run, shot, runs)
        ours = self.ours
        if ours is None or run is None or not (ours.step and self.is_attached):
            return
        looked = (run.id, ours.epochs_done, ours.ended)
        if looked != self._looked:
            self._looked = looked
            self.ask_lab("moved", self._take, run=run.id)

    def _take(self, answer: Any) -> None:
        if self.run is not None and answer["run"] == self.run.id:
            if self.moved is None:
                self.view = "moved"
            self.moved = answer
            self.refresh_bindings()

    def now(self) -> Shown | None:
        """All that is to be shown, once the lab has answered."""
        summary = self.known.get(self._key())
        if summary is None or self.trouble:
            return None
        groups = drawing.grouped(summary, self.moved)
        if not any(group.layers for group in groups):
            return None
        layers = sum(len(group.layers) for group in groups)
        step = self.moved["step"] if self.moved else None
        return Shown(groups, min(self.at, layers - 1), self.view if self.moved else VIEWS[0], step, self.hidden)

    # Choosing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "view":
            return self.moved is not None
        if action in ("freeze", "unfreeze"):
            return any(knob.name == "freeze" or knob.setting == "freeze" for knob in self.scene.step.knobs)
        return super().check_action(action, parameters)

    def action_move(self, by: int) -> None:
        self._move(by)
        self.changed()

    def _move(self, by: int) -> None:
        now = self.now()
        if now is not None:
            self.at = min(max(self.at + by, 0), len(now.layers) - 1)
            self.visited.add(self.at)

    def action_group(self, by: int) -> None:
        now = self.now()
        if now is None:
            return
        number = min(max(now.group.number - 1 + by, 0), len(now.groups) - 1)
        self.at = sum(len(group.layers) for group in now.groups[:number])
        self._move(0)
        self.changed()

    def action_freeze(self) -> None:
        now = self.now()
        if now is not None and now.group.number < len(now.groups):
            self.post_message(self.Turn("freeze", now.group.number))
        elif now is not None:
            self.say("The last group has to learn; choose a layer of an earlier one.")

    def action_unfreeze(self) -> None:
        self.post_message(self.Turn("freeze", 0))

    def action_view(self) -> None:
        self.view = VIEWS[1 - VIEWS.index(self.view)]
        self.changed()

    # What it says of itself

    def measured(self) -> Measured:
        now = self.now()
        if now is None:
            return {"visited": len(self.visited)}
        norms = {layer.keeps for layer in now.layers if layer.norm}
        found: dict[str, float | str] = {
            "visited": len(self.visited),
            "layer": now.at + 1,
            "group": now.group.number,
            "groups": len(now.groups),
            "frozen": sum(group.frozen for group in now.groups),
            "parameters": now.parameters,
            "trainable": now.trainable,
            "view": now.view,
            "bn": "none" if not norms else "mixed" if len(norms) > 1 else "fixed" if True in norms else "moving",
            "rates": "/".join(f"{group.rate:g}" for group in now.groups),
        }
        return found | _changes(now)

    def kept(self) -> State:
        return {"layer": self.at, "view": self.view, "visited": sorted(self.visited)}

    def sentence(self) -> str:
        now = self.now()
        if now is None:
            return self.trouble or "The layer groups are not known yet."
        words = [f"{len(now.groups)} layer groups: {drawing.in_words(now.groups)}.", f"{now.total()}."]
        if self.ours is not None:
            words.insert(0, f"{self.ours.run} is {self.ours.phase}{self._accuracy(self.ours)}.")
        return " ".join([*words, *drawing.explained(now)])

    def command(self) -> Sequence[str]:
        return orders.command_of(self.scene.step, self.knobs) if self.scene.step.run else ()

    def code(self) -> str:
        return self.scene.step.code or "engine.groups:LayerGroups.freeze"

    # The picture

    def draw(self, sheet: Sheet) -> None:
        now, shot = self.now(), self.ours
        begins = self.once.pending("train") if shot is None or shot.ended else beginning.begins(shot)
        self.pulse.beat(begins or (now is None and not self.trouble))
        sign = self.pulse.sign(sheet.sight.unicode)
        if now is None:
            words = self.trouble or f"{sign} The lab builds the network. The first time it has to start PyTorch."
            for i, (line, style) in enumerate(spoken(sheet, words, sheet.width, sheet.height, "plain")):
                sheet.put(i, 0, line, "bad" if self.trouble else style)
            return
        top = self._head(sheet, shot)
        rows = beginning.ROWS if begins and sheet.height >= ROOM else 0
        drawing.draw(sheet, Area(top, 0, sheet.width, max(sheet.height - top - rows, 0)), now, self._note())
        if rows:
            area = Area(sheet.height - rows, 0, sheet.width, rows)
            beginning.draw(sheet, area, None if shot is None or shot.ended else shot, sign)

    def _note(self) -> str:
        """What another run would do differently."""
        if self.run is None or self.ours is None or not self.ours.ended or self.job is None:
            return ""
        different = orders.different(self.job.settings, self.run.spec.job.settings)
        return f"space trains with {', '.join(different)}; this run is kept." if different else ""

    def _accuracy(self, shot: Snapshot) -> str:
        """What the run has come to, behind a comma."""
        accuracy = dict(shot.table[-1].metrics).get("accuracy") if shot.table and shot.ended else None
        return "" if accuracy is None else ", accuracy ?" if "accuracy" in self.hidden else f", accuracy {accuracy:.3f}"

    def _head(self, sheet: Sheet, shot: Snapshot | None) -> int:
        """What is shown, and a run's progress while it goes; returns the rows taken."""
        name = self.job.settings.get("model", "") if self.job else ""
        if shot is None:
            sheet.put(0, 0, fit(f"{name}: space trains it like this", sheet.width), "strong")
            return 1
        phase = f"{sentences.phase(shot)}{self._accuracy(shot)}"
        sheet.put(0, 0, fit(shot.run, max(sheet.width - len(phase) - 1, 0)), "strong")
        sheet.put(0, max(sheet.width - len(phase), 0), phase, mood(shot))
        if shot.ended or sheet.height < ROOM:
            return 1
        share = shot.step / shot.total if shot.total else 0
        bar(sheet, 1, 0, sheet.width, share, views.progress(shot, sheet.width))
        return 2


def _changes(now: Shown) -> dict[str, float | str]:
    """How far the run has moved what was frozen in it and what was not; nothing where there is nothing of the kind."""
    known = [layer for layer in now.layers if layer.change is not None]
    free = [layer.change or 0.0 for layer in known if not layer.was_frozen]
    frozen = [layer.change or 0.0 for layer in known if layer.was_frozen]
    kept = [layer.statistics for layer in known if layer.kept and layer.statistics is not None]
    found: dict[str, float | str] = {}
    if known:
        found["were_frozen"] = sum(all(layer.was_frozen for layer in group.layers) for group in now.groups)
    for name, values in (("moved", free + frozen), ("moved_free", free), ("moved_frozen", frozen)):
        if values:
            found[name] = max(values)
    return {**found, "statistics": max(kept)} if kept else found
