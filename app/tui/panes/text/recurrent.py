"""A pane that looks into a recurrent layer of a network that reads: which layer, which unit, and how that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common import typed_drawing
from fastai_tui.app.tui.panes.common.early import once_told
from fastai_tui.app.tui.panes.common.playing import whole
from fastai_tui.app.tui.panes.common.run_picture import instead
from fastai_tui.app.tui.panes.text import reading_words
from fastai_tui.app.tui.panes.text.reading import ReadingPane

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.recurrence import Layer, Work

FAR = 8192  # units, and layers: more than any network has
Shown = TypeVar("Shown")


class RecurrentPane(ReadingPane, Generic[Shown]):
    """A subclass says what the lab has told (`told`), what is drawn of it (`shown`), and how (`picture`, `words`)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "unit(1)", "unit", tooltip="the next unit"),
        Binding("up", "unit(-1)", "unit", tooltip="the unit before"),
        Binding("right_square_bracket", "layer(1)", "layer", tooltip="the next layer, nearer to the output"),
        Binding("left_square_bracket", "layer(-1)", "layer", tooltip="the layer before"),
    ]
    CELLS: ClassVar[Mapping[str, str]] = {}  # the code of each kind of cell, in engine.models.cells
    KIND = "gru"  # whose code is told before the lab has answered

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.number = whole(self.option("layer", 1), FAR, 1)

    # What a subclass says

    @property
    def told(self) -> Layer | Work | None:
        """What the lab has told last."""
        raise NotImplementedError

    @property
    def shown(self) -> Shown | None:
        """Everything that is drawn, once the lab has answered."""
        raise NotImplementedError

    def picture(self, sheet: Sheet, shown: Shown) -> None:
        """Draw it."""
        raise NotImplementedError

    def words(self, shown: Shown) -> str:
        """The picture in words."""
        raise NotImplementedError

    # What follows from that

    @property
    def waiting(self) -> bool:
        return self.told is None and not self.trouble and bool(self.text)

    def suits(self, model: str) -> bool:
        return model not in ("three", "loop", "concat")

    def sentence(self) -> str:
        if self.line is not None:
            return reading_words.typing(self.line)
        shown = self.shown
        return self.words(shown) if shown else reading_words.nothing(self.text, self.trouble)

    def code(self) -> str:
        kind = self.told.kind if self.told else self.KIND
        return self.scene.step.code or f"engine.models.cells:{self.CELLS[kind]}"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not super().check_action(action, parameters):
            return False
        told = self.told
        if action == "layer" and told is not None:
            return 1 <= self.number + int(str(parameters[0])) <= told.layers
        return told is not None or self.waiting if action in ("layer", "unit") else True

    @once_told
    def action_layer(self, by: int) -> None:
        self.number = whole(self.number + by, FAR, 1)
        self.inquire()
        self.changed()

    def draw(self, sheet: Sheet) -> None:
        shown = self.shown
        self.pulse.beat(shown is None and not self.trouble and bool(self.text))
        if self.line is not None:
            typed_drawing.draw(sheet, self.line, typed_drawing.ANY)
        elif shown is not None:
            self.picture(sheet, shown)
        else:
            words = reading_words.nothing(self.text, self.trouble, self.pulse.sign(sheet.sight.unicode))
            instead(sheet, words, "bad" if self.trouble else "plain")
