"""The pane of class activation maps: where in a photo a network sees what it names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.asking import AskingPane
from fastai_tui.app.tui.panes.common.inside import InsidePane
from fastai_tui.app.tui.panes.common.playing import one_of, whole
from fastai_tui.app.tui.panes.common.typing import TypingPane
from fastai_tui.app.tui.panes.photos import cam_drawing, cam_shown
from fastai_tui.app.tui.panes.photos.cam_asked import ANSWERS, Asked, arguments
from fastai_tui.app.tui.panes.photos.cam_shown import VIEWS, WALKED, Shown, measures
from fastai_tui.engine.compared import Agreement, Canvas
from fastai_tui.engine.looking import CAT, Looked

if TYPE_CHECKING:
    from fastai_tui.app.snapshots import Snapshot
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.runs.run import Run
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

CATDOG = "catdog"
SOURCES, INTERPOLATIONS = (CATDOG, "run"), ("bilinear", "nearest")
MOST, REMEMBERED, LONGEST = 999_999, 300, 200


class CamPane(TypingPane, AskingPane, InsidePane):
    """The arrows move over the map; `Asked` is what the lab is asked for, and what it has told is kept by it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1,0)", "up", show=False),
        Binding("down", "move(1,0)", "down", show=False),
        Binding("left", "move(0,-1)", "left", show=False),
        Binding("right", "move(0,1)", "right", show=False),
        Binding("v", "view", "view", tooltip="numbers, laid over the photo, class by class, cut out"),
        Binding("space", "cut", "look again", tooltip="cut the hottest region out and look again, or put it back"),
        Binding("space", "all", "all canvases", tooltip="measure how many of all canvases are found"),
        Binding("k", "map(1)", "class", tooltip="the map of the next class, or the difference"),
        Binding("K", "map(-1)", "class before", show=False),
        Binding("d", "canvas(1)", "canvas", tooltip="the next canvas"),
        Binding("D", "canvas(-1)", "canvas before", show=False),
        Binding("m", "missed", "missed", tooltip="the next canvas whose digit is not found"),
        Binding("i", "interpolation", "nearest/bilinear", tooltip="how the map is enlarged"),
        Binding("e", "edit", "photo", tooltip="type the path of a photo of your own"),
        Binding("z", "back", "the cat", tooltip="back to the embedded photo"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "v", "k", "d", "m", "i", "e", "z")
    TRAINS = False
    STEERS: ClassVar[bool] = False

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept = scene.kept
        self.view = one_of(VIEWS, self.option("view", WALKED[0]))
        given = scene.step.show.get("image", CAT)
        self.home = given if isinstance(given, str) and given else CAT
        image = self.option("image", CAT)
        self.image = image if isinstance(image, str) and 0 < len(image) <= LONGEST else self.home
        self.source = one_of(SOURCES, scene.step.show.get("source"))
        self.at = whole(kept.get("row"), MOST), whole(kept.get("column"), MOST)
        self.which, self.row = whole(kept.get("which"), MOST), whole(kept.get("canvas"), MOST)
        self.cut = kept.get("cut") == 1
        self.interpolated = one_of(INTERPOLATIONS, self.option("interpolation"))
        self.seen: dict[str, list[str]] = {
            name: _words(kept.get(name)) for name in ("visited", "views", "images", "maps", "canvases", "agreements")
        }
        self.all = kept.get("all") == 1
        wanted = None if "which" in kept else scene.step.show.get("class")
        self.wanted = wanted if isinstance(wanted, str) else ""
        self.known: dict[Asked, Any] = {}
        self._network = 0

    def on_mount(self) -> None:
        super().on_mount()
        self.serve()

    # Which network

    @property
    def of_run(self) -> str:
        """The run whose network looks; none for the embedded one."""
        return self.begun_run if self.source == "run" or self.view == "clutter" else ""

    def forget_run(self) -> None:
        self.look()

    def look(self) -> None:
        """What is known is of the network as it was."""
        self.known = {asked: answer for asked, answer in self.known.items() if asked[1] == CATDOG}
        self.trouble = ""
        self._network += 1
        self.serve()

    def follow(self, run: Run | None, shot: Snapshot | None, runs: tuple[str, ...]) -> None:
        before = self.of_run
        super().follow(run, shot, runs)
        if self.of_run != before:
            self.look()

    # Asking

    @property
    def asks(self) -> Asked | None:
        """What is to be shown; none where there is no network for it."""
        of = self.of_run or CATDOG
        if self.view == "clutter":
            return ("cam_canvas", of, "", self.row) if self.of_run else None
        return ("cam_agreement" if self.view == "gradcam" else "cam", of, self.image, 0)

    @property
    def missing(self) -> Asked | None:
        """What the lab has yet to tell."""
        asks = self.asks
        if asks is not None and asks not in self.known:
            return asks
        every = ("localised", self.of_run, "", 0)
        return every if self.all and self.view == "clutter" and self.of_run and every not in self.known else None

    async def ask_next(self) -> None:
        """What is told of another network is dropped."""
        if (asked := self.missing) is None:
            return
        network = self._network
        answer = await self.services.lab.ask(asked[0], topic="cam", **arguments(asked))
        if self.is_attached and network == self._network:
            self.known[asked] = msgspec.convert(answer, ANSWERS[asked[0]])
            self._settle()

    def refused(self, sentence: str) -> None:
        if self.missing is not None and self.missing[0] == "localised":
            self.all = False
        super().refused(sentence)

    def _settle(self) -> None:
        """Keep the cursor within the map, remember what was seen, and draw."""
        shown = self.shown
        if shown.found is not None:
            if self.wanted in shown.maps:
                self.which, self.wanted = shown.maps.index(self.wanted), ""
                shown = self.shown
            self.at, self.which = shown.cell, min(self.which, max(len(shown.maps) - 1, 0))
            self._note("views", self.view)
            self._note("images", self.image)
            self._note("visited", f"{self.at[0]},{self.at[1]}")
            if self.view == "classes":
                self._note("maps", shown.map_shown)
            if self.view == "gradcam":
                self._note("agreements", self.image)
            if shown.canvas is not None:
                self.row = shown.canvas.row
                self._note("canvases", str(self.row))
        self.refresh_bindings()
        self.changed()

    def _note(self, name: str, word: str) -> None:
        if word not in self.seen[name] and len(self.seen[name]) < REMEMBERED:
            self.seen[name].append(word)

    # What it says of itself

    @property
    def interpolation(self) -> str:
        return one_of(INTERPOLATIONS, self.knobs.get("interpolation", self.interpolated))

    @property
    def opacity(self) -> float:
        value: Any = self.knobs.get("opacity", self.scene.step.show.get("opacity", 0.7))
        try:
            return min(max(float(value), 0.0), 1.0)
        except (TypeError, ValueError):
            return 0.7

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        known = self.known.get(self.asks) if self.asks else None
        trouble = self.trouble
        if self.view == "clutter" and not self.of_run:
            trouble = trouble or self.nothing_yet()
        return Shown(
            view=self.view,
            looked=known if isinstance(known, Looked) else None,
            at=self.at,
            which=self.which,
            opacity=self.opacity,
            interpolation=self.interpolation,
            cut=self.cut,
            agreement=known if isinstance(known, Agreement) else None,
            canvas=known if isinstance(known, Canvas) else None,
            localised=self.known.get(("localised", self.of_run, "", 0)),
            waits=self.missing is not None and not trouble,
            line=self.line,
            hidden=self.hidden,
            trouble=trouble,
        )

    def measured(self) -> Measured:
        shown, found = self.shown, self.shown.found
        measured: dict[str, Any] = {
            "view": self.view,
            "views": len(self.seen["views"]),
            "image": self.image,
            "images": len(self.seen["images"]),
            "own": int(self.image != self.home),
            "visited": len(self.seen["visited"]),
            "shown_seen": len(self.seen["maps"]),
            "canvases": len(self.seen["canvases"]),
            "agreements": len(self.seen["agreements"]),
            "opacity": self.opacity,
            "interpolation": self.interpolation,
            "zoomed": int(self.cut),
        }
        if found is None:
            return measured
        return measured | measures(shown)

    def kept(self) -> State:
        return {
            "view": self.view,
            "image": self.image,
            "row": self.at[0],
            "column": self.at[1],
            "which": self.which,
            "canvas": self.row,
            "cut": int(self.cut),
            "all": int(self.all),
            "interpolation": self.interpolated,
            **{name: [*words] for name, words in self.seen.items()},
        }

    def sentence(self) -> str:
        return cam_shown.sentence(self.shown)

    def command(self) -> Sequence[str]:
        if self.view == "clutter":
            return ()
        run = ["--run", self.of_run] if self.of_run else []
        return ["cam", self.image, *run, *(["--zoom"] if self.view == "zoom" else [])]

    def code(self) -> str:
        return self.scene.step.code or "engine.heat:summed"

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if (typing := super().check_action(action, parameters)) is not True:
            return typing
        where = {
            "view": WALKED,
            "cut": ("zoom",),
            "all": ("clutter",),
            "canvas": ("clutter",),
            "map": ("classes",),
            "move": ("numbers", "overlay", "classes"),
            "interpolation": ("overlay", "classes", "zoom", "gradcam"),
            "edit": (*WALKED, "gradcam"),
        }
        if action in where and self.view not in where[action]:
            return False
        if action == "interpolation":
            return "interpolation" not in self.knobs
        if action == "missed":
            every = self.shown.localised
            return self.view == "clutter" and every is not None and bool(every.outside)
        return self.image != self.home if action == "back" else True

    def _other(self) -> None:
        """Something else is to be shown."""
        self.trouble = ""
        self._settle()
        self.serve()

    def action_move(self, down: int, across: int) -> None:
        self.at = max(self.at[0] + down, 0), max(self.at[1] + across, 0)
        self._other()

    def action_view(self) -> None:
        self.view = WALKED[(WALKED.index(self.view) + 1) % len(WALKED)]
        self._other()

    def action_cut(self) -> None:
        self.cut = not self.cut
        self._other()

    def action_all(self) -> None:
        self.all = True
        self._other()

    def action_map(self, by: int) -> None:
        self.which = (self.which + by) % max(len(self.shown.maps), 1)
        self._other()

    def action_canvas(self, by: int) -> None:
        canvas = self.shown.canvas
        self.row = (self.row + by) % (canvas.total if canvas else MOST)
        self._other()

    def action_missed(self) -> None:
        every = self.shown.localised
        if every is not None and every.outside:
            self.row = next((row for row in every.outside if row > self.row), every.outside[0])
            self._other()

    def action_interpolation(self) -> None:
        self.interpolated = INTERPOLATIONS[1 - INTERPOLATIONS.index(self.interpolated)]
        self._other()

    def action_back(self) -> None:
        self.image = self.home
        self._other()

    def before_typing(self) -> str:
        return "" if self.image == self.home else self.image

    def take(self, text: str) -> None:
        self.image = text.strip() or self.home
        self._other()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        shown = self.shown
        self.pulse.beat(shown.waits)
        cam_drawing.draw(sheet, shown, self.pulse.sign(sheet.sight.unicode))


def _words(kept: object) -> list[str]:
    """Words as a progress file has them; nonsense is none."""
    found = kept if isinstance(kept, list) else []
    return [word for word in found if isinstance(word, str) and len(word) <= LONGEST][:REMEMBERED]
