"""The pane of residual blocks: what each adds to what passes it by, and what is lost when some of them are off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui import orders
from fastai_tui.app.tui.panes.common.asking import AskingPane
from fastai_tui.app.tui.panes.common.inside import InsidePane
from fastai_tui.app.tui.panes.common.playing import one_of, whole
from fastai_tui.app.tui.panes.networks import residuals_drawing
from fastai_tui.app.tui.panes.networks.residuals_shown import VIEWS, Shown, named, sentence
from fastai_tui.engine.residual_facts import Residuals, largest, smallest

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

FAR = 9999
REMEMBERED = 300  # sets of blocks, and images
SOURCES = ("run", "fresh")
Asked = tuple[frozenset[int], int]  # the blocks that are off, and the image


class ResidualsPane(AskingPane, InsidePane):
    """The arrows choose a block, space switches it off; a has each of them off alone, one after the other."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "block(1)", "block", tooltip="the next block"),
        Binding("up", "block(-1)", "block", tooltip="the block before"),
        Binding("home", f"block(-{FAR})", "first block", show=False),
        Binding("end", f"block({FAR})", "last block", show=False),
        Binding("space", "switch", "on/off", tooltip="switch this block off, or on again"),
        Binding("a", "each", "each alone", tooltip="every block off alone, one after the other"),
        Binding("d", "image(1)", "image", tooltip="one image: the next"),
        Binding("D", "image(-1)", "image before", show=False),
        Binding("e", "every", "all images", tooltip="all images instead of one"),
        Binding("v", "view", "view", tooltip="what blocks add, or what is lost without each"),
        Binding("f", "source('run')", "trained", tooltip="the run's network, as it is now"),
        Binding("f", "source('fresh')", "fresh", tooltip="a fresh network"),
        Binding("z", "on", "all on", tooltip="switch all blocks on"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "a", "v", "d", "z")
    TRAINS = False

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept = scene.kept
        self.at, self.image = whole(kept.get("at"), FAR), whole(self.option("image"), FAR)
        self.view, self.source = one_of(VIEWS, self.option("view")), one_of(SOURCES, kept.get("source"))
        self.each = kept.get("each") == 1
        self.off = frozenset(_numbers(kept.get("off")))
        self.visited, self.images = _numbers(kept.get("visited")), _numbers(kept.get("images"))
        tried = kept.get("tried")
        self.tried = {each for each in tried if isinstance(each, str)} if isinstance(tried, list) else set[str]()
        self.known: dict[Asked, Residuals] = {}
        self.newest: Residuals | None = None
        self._network = 0

    def on_mount(self) -> None:
        super().on_mount()
        self.serve()

    # Which network

    @property
    def of_run(self) -> str:
        """The run whose network is looked into; none for a fresh one."""
        return self.begun_run if self.source == "run" else ""

    def forget_run(self) -> None:
        self._anew()

    def look(self) -> None:
        if self.shot is not None and self.shot.live and self.known:
            return  # the lab computes on the cores that it trains on
        self._anew()

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        before = self.of_run
        super().follow(run, shot, runs)
        if self.of_run != before:
            self._anew()

    def turned(self, knob: str, value: Value) -> None:
        if not self.of_run:
            self._anew()
        super().turned(knob, value)

    def _anew(self) -> None:
        """It is another network: what is known of the one before is dropped."""
        self._network += 1
        self.known.clear()
        self.newest, self.trouble = None, ""
        self.serve()
        self.refresh_bindings()
        self.redraw()

    # Asking

    @property
    def blocks(self) -> int:
        """How many there are; nought until the lab has told."""
        return len(next(iter(self.known.values())).blocks) if self.known else 0

    @property
    def asks(self) -> Asked | None:
        """What is to be found out next: what is shown, what it is compared with, then each block alone."""
        if not self.known:
            return frozenset(), 0
        wanted: list[Asked] = [(self.off, self.image), (frozenset(), 0)]
        if self.each:
            wanted += [(frozenset([i]), 0) for i in range(self.blocks)]
        return next((asked for asked in wanted if asked not in self.known), None)

    @property
    def missing(self) -> bool:
        return self.asks is not None

    async def ask_next(self) -> None:
        """What is told of another network is dropped."""
        if (asked := self.asks) is None:
            return
        network, off, image = self._network, sorted(asked[0]), asked[1]
        who = {"run": self.of_run} if self.of_run else {"job": self._job()}
        answer = await self.services.lab.ask("residuals", topic="residuals", off=off, image=image, **who)
        if network == self._network and self.is_attached:
            self._take(asked, msgspec.convert(answer, Residuals))

    def _job(self) -> Any:
        return msgspec.to_builtins(orders.job_of(self.scene.step, self.knobs))

    def _take(self, asked: Asked, found: Residuals) -> None:
        off, image = asked
        self.known[asked] = found
        self.known[off, 0] = msgspec.structs.replace(found, one=None)
        if off and len(self.tried) < REMEMBERED:
            self.tried.add(",".join(str(i) for i in sorted(off)))
        if image and len(self.images) < REMEMBERED:
            self.images.add(image)
        self._settle()
        self.newest = self.known.get((self.off, self.image), self.newest)
        self.refresh_bindings()
        self.changed()

    def _settle(self) -> None:
        """Keep the cursor and what is off among the blocks that there are, and the image among the images."""
        if self.known:
            self.at = min(self.at, self.blocks - 1)
            self.off = frozenset(i for i in self.off if i < self.blocks)
            self.image = min(self.image, next(iter(self.known.values())).images)
            self.visited = {i for i in self.visited if i < self.blocks} | {self.at}

    # What it says of itself

    @property
    def alone(self) -> dict[int, float]:
        """The accuracy with one block off each, as far as known."""
        singles = ((i, self.known.get((frozenset([i]), 0))) for i in range(self.blocks))
        return {i: found.accuracy for i, found in singles if found is not None}

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        base = self.known.get((frozenset(), 0))
        return Shown(
            now=self.known.get((self.off, self.image)) or self.newest or base,
            off=self.off,
            at=self.at,
            view=self.view,
            whole=base.accuracy if base else None,
            alone=self.alone,
            image=self.image,
            each=self.each,
            hidden=self.hidden,
            trouble=self.trouble,
            waits=self.missing and not self.trouble,
        )

    def measured(self) -> Measured:
        shown = self.shown
        found: dict[str, float | str | None] = {
            "view": self.view,
            "source": "run" if self.of_run else "fresh",
            "visited": len(self.visited),
            "off": len(self.off),
            "tried": len(self.tried),
            "alone": len(shown.alone),
            "image": self.image,
            "images": len(self.images),
            "accuracy": shown.whole,
        }
        if shown.now is not None and not shown.late:
            blocks = shown.blocks
            found |= {
                "model": shown.now.model,
                "blocks": len(blocks),
                "block": self.at + 1,
                "passing": shown.block.passing,
                "added": shown.block.added,
                "ratio": shown.block.ratio,
                "smallest": _number(smallest(blocks, self.off)),
                "largest": _number(largest(blocks, self.off)),
                "accuracy_off": shown.now.accuracy if self.off else None,
                "lost": shown.lost if self.off else None,
            }
            if (one := shown.now.one) is not None:
                classes = shown.now.classes
                found |= {"truth": named(classes, one.picture.label), "prediction": named(classes, one.prediction)}
        if shown.worst is not None and shown.whole is not None:
            found |= {"worst": shown.worst + 1, "worst_lost": shown.whole - shown.alone[shown.worst]}
        return {name: value for name, value in found.items() if value is not None}

    def kept(self) -> State:
        return {
            "at": self.at,
            "image": self.image,
            "view": self.view,
            "source": self.source,
            "each": int(self.each),
            "off": [*sorted(self.off)],
            "visited": [*sorted(self.visited)],
            "images": [*sorted(self.images)],
            "tried": [*sorted(self.tried)],
        }

    def sentence(self) -> str:
        return sentence(self.shown)

    def command(self) -> Sequence[str]:
        return ("show", self.of_run) if self.of_run else ()

    def code(self) -> str:
        return self.scene.step.code or "engine.models.cifar10:SkipLayer"

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "source":
            return parameters[0] == "fresh" if self.of_run else bool(self.begun_run) and parameters[0] == "run"
        if action == "every":
            return self.image > 0
        if action == "on":
            return bool(self.off)
        return True

    def _other(self) -> None:
        """Something else is to be shown."""
        self._settle()
        self.serve_anew()
        self.refresh_bindings()
        self.changed()

    def action_block(self, by: int) -> None:
        self.at = min(max(self.at + by, 0), FAR)
        self._other()

    def action_switch(self) -> None:
        self.off ^= {self.at}
        self._other()

    def action_on(self) -> None:
        self.off = frozenset()
        self._other()

    def action_each(self) -> None:
        self.each = True
        self.view = "alone"
        self._other()

    def action_image(self, by: int) -> None:
        self.image = min(max(self.image + by, 1), FAR)
        self._other()

    def action_every(self) -> None:
        self.image = 0
        self._other()

    def action_view(self) -> None:
        self.view = VIEWS[1 - VIEWS.index(self.view)]
        self._other()

    def action_source(self, which: str) -> None:
        self.source = which
        self._anew()
        self.changed()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        shown = self.shown
        self.pulse.beat(shown.waits)
        residuals_drawing.draw(sheet, shown, self.pulse.sign(sheet.sight.unicode))


def _numbers(value: object) -> set[int]:
    """A set of whole numbers as a progress file has it."""
    return {n for n in value if isinstance(n, int) and 0 <= n <= FAR} if isinstance(value, list) else set()


def _number(which: int | None) -> int | None:
    """A block counted from 1."""
    return None if which is None else which + 1
