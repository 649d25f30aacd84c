"""The pane of a set's images: what is in it, class by class, its channels in numbers, and how to get the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common import fetching_drawing
from fastai_tui.app.tui.panes.common.asking import AskingPane
from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.app.tui.panes.common.fetching import FetchingPane
from fastai_tui.app.tui.panes.common.pictured import ARROWS, bit, bits, place
from fastai_tui.app.tui.panes.common.playing import one_of, whole
from fastai_tui.app.tui.panes.images import images_drawing, images_words
from fastai_tui.app.tui.panes.images.images_drawing import PAGE, VIEWS, Grid, Shown
from fastai_tui.app.tui.sheet import Sheet
from fastai_tui.engine.image_views import ImageFacts, Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.layout import Area
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

MOST_SEEN = 400  # rows that are remembered
CLASSES, CHANNELS, SIDE = 10, 3, 32  # until the lab has told


class ImagesPane(AskingPane, FetchingPane):
    """`self.label` and `self.place` say which picture is wanted; `self.picture` is the one that there is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(key, f"move({way})", "move", tooltip="another image, or another pixel")
            for key, way in ARROWS.items()
        ),
        Binding("home", "corner(0)", "the first one", show=False),
        Binding("end", "corner(1)", "the last one", show=False),
        Binding("d", "another(1)", "image", tooltip="the next image of this class"),
        Binding("D", "another(-1)", "image before", show=False),
        Binding("k", "class(1)", "class", tooltip="the next class"),
        Binding("K", "class(-1)", "class before", show=False),
        Binding("left_square_bracket", "channel(-1)", "channel", tooltip="the channel before"),
        Binding("right_square_bracket", "channel(1)", "channel", tooltip="the next channel"),
        Binding("v", "view", "view", tooltip="all classes, one image, or the channels' values"),
        *(Binding(str(n), f"of_class({n})", f"class {n}", show=False) for n in range(10)),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("v", "d", "k", "l", "u", "z")
    TRAINS = False

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        data, kept = scene.step.show.get("data"), scene.kept
        self.data = data if isinstance(data, str) else ""
        self.facts: ImageFacts | None = None
        self.picture: Picture | None = None
        self.label, self.place = whole(self.option("class"), 999), whole(kept.get("place"), 10**6)
        self.channel = whole(self.option("channel"), CHANNELS - 1)
        self.at = place(self.option("at")) or (SIDE // 2, SIDE // 2)
        self.view = one_of(VIEWS, self.option("view"))
        self.seen = _rows(kept.get("seen"))
        self.classes_met = whole(kept.get("classes"), 2**31)
        self.channels_met = whole(kept.get("channels"), 2**CHANNELS)
        self.views = whole(kept.get("views"), 2 ** len(VIEWS))
        self.visits = bits(kept.get("visits"))
        self.pulse = Pulse(self)
        self._page = (40, 18)  # columns and rows of what is drawn on, messages apart

    def on_mount(self) -> None:
        super().on_mount()
        self.serve_anew()

    # The lab

    @property
    def first(self) -> int:
        """The first place of the page that the wanted picture is on."""
        return self.place // PAGE * PAGE

    @property
    def missing(self) -> bool:
        """Has the lab to be asked?"""
        return self.facts is None or self.facts.first != self.first

    async def ask_next(self) -> None:
        asked = self.data, self.first
        answer = await self.services.lab.ask("images", topic="images", data=self.data, first=self.first, count=PAGE)
        if asked == (self.data, self.first) and self.is_attached:
            self._heard(msgspec.convert(answer, ImageFacts))

    def _heard(self, facts: ImageFacts) -> None:
        other = self.facts is not None and self.facts.name != facts.name
        self.facts = facts
        if other:
            self.seen, self.classes_met, self.visits = [], 0, 0
        self.label %= len(facts.classes)
        self._look()
        self.refresh_bindings()
        self.changed()

    def _look(self) -> None:
        """Take the wanted picture, if it is there, and remember that it was looked at."""
        facts = self.facts
        if facts is None:
            return
        many = facts.counts[self.label]
        self.place = self.place % many if many else 0
        if facts.first == self.first:
            of = facts.pictures[self.label]
            self.picture = of[self.place - self.first] if self.place - self.first < len(of) else None
        if self.picture is not None and self.picture.label == self.label:
            self.classes_met |= 1 << self.label
            if self.picture.row not in self.seen:
                self.seen = [*self.seen, self.picture.row][-MOST_SEEN:]
        self._note()

    def _note(self) -> None:
        """Keep to the picture; remember the pixel, the channel and the view."""
        if self.picture is not None:
            self.at = min(self.at[0], self.picture.height - 1), min(self.at[1], self.picture.width - 1)
            self.channel = min(self.channel, self.picture.channels - 1)
        if self.facts is not None:
            self.channels_met |= 1 << self.channel
            self.views |= 1 << VIEWS.index(self.view)
            self.visits |= bit(self.at) if self.view != "classes" else 0

    # What it says of itself

    @property
    def shown(self) -> Shown | None:
        """Everything that is drawn, once the lab has told."""
        if self.facts is None:
            return None
        return Shown(self.facts, self.picture, self.label, self.place, self.at, self.channel, self.view, self.hidden)

    def measured(self) -> Measured:
        facts, picture = self.facts, self.picture
        known = facts.channels[self.channel] if facts and self.channel < len(facts.channels) else None
        value = picture.value(self.channel, self.at) if picture else 0
        return {
            "image": picture.row if picture else 0,
            "label": facts.classes[self.label] if facts else "",
            "class": self.label,
            "seen": len(self.seen),
            "classes_seen": self.classes_met.bit_count(),
            "cursor": self.at,
            "visited": self.visits.bit_count(),
            "channel": self.channel,
            "channels_seen": self.channels_met.bit_count(),
            "mean": known.mean if known else 0.0,
            "std": known.std if known else 0.0,
            "value": value,
            "normalised": known.normalised(value) if known and picture else 0.0,
            "view": self.view,
            "views": self.views.bit_count(),
            "data": facts.name if facts else "",
            "fetched": int(facts is not None and facts.name == self.REAL),
        }

    def kept(self) -> State:
        return {
            "class": self.label,
            "place": self.place,
            "at": list(self.at),
            "channel": self.channel,
            "view": self.view,
            "seen": [*self.seen],
            "classes": self.classes_met,
            "channels": self.channels_met,
            "views": self.views,
            "visits": f"{self.visits:x}",
        }

    def sentence(self) -> str:
        return images_words.sentence(self.shown, self.trouble, self.getting)

    def command(self) -> Sequence[str]:
        real = self.facts is not None and self.facts.name == self.REAL
        return ("data", "list") if real else ("data", "get", self.REAL)

    def code(self) -> str:
        name = "Normalise" if self.view == "one" else "measure"
        return self.scene.step.code or f"engine.data.image:{name}"

    # Getting CIFAR-10

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "load":
            return not self.fetching and not (self.facts is not None and self.facts.name == self.REAL)
        return super().check_action(action, parameters)

    def arrived(self) -> None:
        if self.facts is None or self.facts.name != self.REAL:
            self.data, self.facts, self.picture = self.REAL, None, None
            self.serve_anew()

    # Keys

    def action_move(self, down: int, across: int) -> None:
        if self.view != "classes":
            self._go(self.at[0] + down, self.at[1] + across)
            return
        laid = self._grid
        at = self.label * laid.per + self.place % laid.per + down * laid.columns + across
        if 0 <= at < self._many * laid.per:
            self._choose(at // laid.per, self.place // laid.per * laid.per + at % laid.per)

    def action_corner(self, which: int) -> None:
        if self.view == "classes":
            self._choose(which * (self._many - 1), self.place)
        else:
            self._go(which * 999, which * 999)

    def action_another(self, step: int) -> None:
        self._choose(self.label, self.place + step)

    def action_class(self, step: int) -> None:
        self._choose((self.label + step) % self._many, self.place)

    def action_of_class(self, label: int) -> None:
        if label < self._many:
            self._choose(label, self.place)

    def action_channel(self, step: int) -> None:
        many = len(self.facts.channels) if self.facts else CHANNELS
        self.channel = (self.channel + step) % many
        self._note()
        self.changed()

    def action_view(self) -> None:
        self.view = VIEWS[(VIEWS.index(self.view) + 1) % len(VIEWS)]
        self._note()
        self.changed()

    @property
    def _many(self) -> int:
        return len(self.facts.classes) if self.facts else CLASSES

    @property
    def _grid(self) -> Grid:
        area: Area = images_drawing.gallery_area(*self._page)
        return images_drawing.grid(area.width, area.height, self._many, self.picture.width if self.picture else SIDE)

    def _choose(self, label: int, at: int) -> None:
        """Show another picture; before a class's first comes its last."""
        if self.facts is None:
            self.label, self.place = label, max(at, 0)
        else:
            self.label, self.place = label, at % max(self.facts.counts[label], 1)
        self._look()
        self.serve_anew()
        self.changed()

    def _go(self, row: int, column: int) -> None:
        high, wide = (self.picture.height, self.picture.width) if self.picture else (SIDE, SIDE)
        self.at = min(max(row, 0), high - 1), min(max(column, 0), wide - 1)
        self._note()
        self.changed()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        shown, waits = self.shown, self.facts is None and not self.trouble
        self.pulse.beat(waits)
        below = fetching_drawing.below(sheet, self.getting, self.CALLED)
        page = Sheet(sheet.width, max(sheet.height - len(below), 0), sheet.sight)
        self._page = page.width, page.height
        if shown is not None and page.height:
            images_drawing.draw(page, shown)
        elif page.height:
            images_words.instead(page, self.trouble, self.pulse.sign(sheet.sight.unicode))
        fetching_drawing.put(sheet, page, below, self.getting)


def _rows(kept: object) -> list[int]:
    """Rows as they were kept; nonsense is none."""
    found = kept if isinstance(kept, list) else []
    return list(dict.fromkeys(row for row in found if type(row) is int and row >= 0))[-MOST_SEEN:]
