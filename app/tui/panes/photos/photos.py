"""The pane of a set of photos: how large they are, how many of each class there are, and what one looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common import fetching_drawing
from fastai_tui.app.tui.panes.common.asking import AskingPane
from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.app.tui.panes.common.fetching import FetchingPane
from fastai_tui.app.tui.panes.common.playing import one_of, whole
from fastai_tui.app.tui.panes.common.run_picture import instead
from fastai_tui.app.tui.panes.common.typed import as_line
from fastai_tui.app.tui.panes.common.typing import TypingPane
from fastai_tui.app.tui.panes.photos import photos_drawing
from fastai_tui.app.tui.panes.photos.photos_drawing import VIEWS, Shown
from fastai_tui.app.tui.sheet import Sheet
from fastai_tui.engine.photo_facts import OnePhoto, PhotoFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

SIZE, LEAST, LARGEST = 224, 16, 4096
MOST_SEEN = 400


class PhotosPane(TypingPane, AskingPane, FetchingPane):
    """`self.data` says which set is wanted ("": dogs and cats); `self.facts` is the one that there is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "view", "view", tooltip="sizes, classes, or one photo"),
        Binding("up", "class(-1)", "class", show=False),
        Binding("down", "class(1)", "class", tooltip="another class"),
        Binding("k", "class(1)", "class", tooltip="the next class"),
        Binding("K", "class(-1)", "class before", show=False),
        Binding("home", "class(-999)", "first class", show=False),
        Binding("end", "class(999)", "last class", show=False),
        Binding("d", "another(1)", "photo", tooltip="the next photo"),
        Binding("D", "another(-1)", "photo before", show=False),
        Binding("e", "edit", "own photos", tooltip="type the path of a folder of photos; ctrl+u empties the line"),
        Binding("l", "load", "get dogs and cats", tooltip="fetch the photos of dogs and cats, 839 MB"),
        Binding("u", "stop", "stop", tooltip="stop fetching"),
        Binding("z", "dismiss", "understood", tooltip="put away what stood in the way"),
        Binding("z", "reset", "as it was", tooltip="back to the step's photos"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("v", "d", "k", "l", "u", "e", "z")
    TRAINS = False
    REAL = CALLED = "dogscats"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.data = as_line(self.option("data"))
        self.view = one_of(VIEWS, self.option("view"))
        self.label, self.image = whole(self.option("class"), 999), whole(scene.kept.get("image"), 10**6)
        self.views, self.classes_met = whole(scene.kept.get("views"), 7), whole(scene.kept.get("classes"), 2**256)
        found = scene.kept.get("seen")
        self.seen = [n for n in found if type(n) is int and n >= 0] if isinstance(found, list) else []
        self.facts: PhotoFacts | None = None
        self.photo: OnePhoto | None = None
        self._told = "", -1  # the data, and the image, that were told of
        self.pulse = Pulse(self)

    def on_mount(self) -> None:
        super().on_mount()
        self.serve_anew()

    # The lab

    @property
    def missing(self) -> bool:
        """Has the lab to be asked?"""
        there = self.facts is not None and self._told[0] == self.data
        return not there or (self.view == "one" and (self.photo is None or self._told[1] != self.image))

    async def ask_next(self) -> None:
        lab, data, image = self.services.lab, self.data, self.image
        if self.facts is None or self._told[0] != data:
            answer = await lab.ask("photo_facts", topic="photo_facts", data=data)
            self._heard(data, msgspec.convert(answer, PhotoFacts))
        else:
            answer = await lab.ask("photo", topic="photo", data=data, image=image)
            self._seen(data, image, answer)
        if self.is_attached:
            self._tell()

    def _heard(self, data: str, facts: PhotoFacts) -> None:
        self.facts, self.photo, self._told = facts, None, (data, -1)
        self._tell()

    def _seen(self, data: str, image: int, answer: object) -> None:
        found = msgspec.convert(answer, OnePhoto)
        if (data, image) == (self.data, self.image):
            self.photo, self._told = found, (data, image)
            if found.image not in self.seen:
                self.seen = [*self.seen, found.image][-MOST_SEEN:]

    def _tell(self) -> None:
        if self.facts is not None:
            self.label = min(self.label, len(self.facts.classes) - 1)
            self.views |= 1 << VIEWS.index(self.view)
            self.classes_met |= (1 << self.label) if self.view == "classes" else 0
        self.refresh_bindings()
        self.changed()

    # What it says of itself

    @property
    def marked(self) -> int:
        """The side that is marked."""
        value = self.knobs.get("size", self.scene.step.show.get("size"))
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9
        return min(max(int(value), LEAST), LARGEST) if good else SIZE  # type: ignore[arg-type]

    @property
    def shown(self) -> Shown | None:
        """Everything that is drawn, once the lab has told."""
        if self.facts is None or self.trouble:
            return None
        return Shown(self.facts, self.view, self.label, self.marked, self.photo, self.hidden)

    def measured(self) -> Measured:
        found: dict[str, float | str] = {
            "view": self.view,
            "views": self.views.bit_count(),
            "seen": len(self.seen),
            "classes_seen": self.classes_met.bit_count(),
            "size": self.marked,
            "image": self.photo.image if self.photo else 0,
            "own": int(self.data != self._first),
        }
        known = self.facts
        if known is None:
            return found
        found |= {
            "data": known.name,
            "here": int(known.here),
            "photos": known.photos,
            "train": known.train,
            "valid": known.valid,
            "classes": len(known.classes),
            "class": self.label,
            "label": known.classes[self.label],
            "held": known.valid,
            "first_held": known.first_held,
        }
        if known.counts:
            largest, smallest = max(known.counts), min(known.counts)
            found |= {"count": known.counts[self.label], "largest": largest, "smallest": smallest, "ratio": known.ratio}
        if known.widths:
            width, height = known.middle
            shares = {"small": known.small(self.marked), "kept": known.kept, "square": known.square}
            found |= {"width": width, "height": height} | shares
        return found

    def kept(self) -> State:
        return {
            "data": self.data,
            "view": self.view,
            "class": self.label,
            "image": self.image,
            "seen": [*self.seen],
            "views": self.views,
            "classes": self.classes_met,
        }

    def sentence(self) -> str:
        shown = self.shown
        words = photos_drawing.sentence(shown) if shown else self.trouble or "The photos' sizes are read."
        return f"{words} {fetching_drawing.on_its_way(self.getting, self.CALLED)}".strip()

    def command(self) -> Sequence[str]:
        return ("data", "get", self.REAL) if self.check_action("load", ()) else ("data", "list")

    def code(self) -> str:
        return self.scene.step.code or "engine.data.photo_sizes:sizes"

    @property
    def _first(self) -> str:
        """The step's own data."""
        return as_line(self.scene.step.show.get("data"))

    # Getting dogs and cats

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "load" and self.line is None:
            there = self.facts is not None and self.facts.name == self.REAL and self.facts.here
            return not self.fetching and not there and not self._first
        if action == "reset" and self.getting is not None and self.getting.ended:
            return False
        return super().check_action(action, parameters)

    def arrived(self) -> None:
        if not self.data and not self._first:
            self.facts = None
            self._open("")

    # Keys

    def before_typing(self) -> str:
        return "" if self.data == self._first else self.data

    def take(self, text: str) -> None:
        if text.strip():
            self._open(text.strip())

    def _open(self, data: str) -> None:
        self.data, self.image, self.label, self.trouble = data, 0, 0, ""
        self.serve_anew()
        self._tell()

    def action_view(self) -> None:
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]
        self.serve_anew()
        self._tell()

    def action_class(self, step: int) -> None:
        self.label = min(max(self.label + step, 0), len(self.facts.classes) - 1 if self.facts else 0)
        self._tell()

    def action_another(self, step: int) -> None:
        if self.view != "one":
            self.view = "one"
        else:
            self.image = (self.image + step) % max(self.facts.train if self.facts else 1, 1)
        self.serve_anew()
        self._tell()

    def action_reset(self) -> None:
        self._open(self._first)

    # The picture

    def draw(self, sheet: Sheet) -> None:
        self.pulse.beat(self.missing and not self.trouble)
        below = fetching_drawing.below(sheet, self.getting, self.CALLED)
        page = Sheet(sheet.width, max(sheet.height - len(below), 0), sheet.sight)
        self._draw(page)
        fetching_drawing.put(sheet, page, below, self.getting)

    def _draw(self, page: Sheet) -> None:
        """All of it but how far fetching is."""
        shown = self.shown
        if self.line is not None and page.height:
            instead(page, f"A folder of photos: {self.line.text}█", "field")
        elif shown is not None and page.height:
            photos_drawing.draw(page, shown)
        elif page.height:
            sign = self.pulse.sign(page.sight.unicode)
            instead(page, self.trouble or f"{sign} The photos' sizes are read …", "bad" if self.trouble else "plain")
