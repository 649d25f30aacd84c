"""The pane in which one unit of a recurrent cell is worked out, stage by stage, while it reads the learner's text."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.early import once_told
from fastai_tui.app.tui.panes.common.playing import whole
from fastai_tui.app.tui.panes.text import cell_drawing, reading_words
from fastai_tui.app.tui.panes.text.cell_shown import STAGES, Shown
from fastai_tui.app.tui.panes.text.recurrent import FAR, RecurrentPane
from fastai_tui.engine.recurrence import Work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

MOST = 500  # of what was worked out is kept


class CellPane(RecurrentPane[Shown]):
    """space works out the next stage; the arrows choose a character and a unit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "stage(1)", "next stage", tooltip="the next stage; after the last, the next character"),
        Binding("u", "stage(-1)", "back", tooltip="back to the stage before"),
        Binding("f", "finish", "all stages", tooltip="work out all stages"),
        Binding("z", "anew", "anew", tooltip="nothing is worked out"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "f", "u", "e", "k")
    CELLS: ClassVar[Mapping[str, str]] = {"rnn": "RnnCell", "gru": "GruCell", "lstm": "LstmCell"}
    KIND = "rnn"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        kept = scene.kept
        self.unit = whole(self.option("unit", 1), FAR, 1)
        self.stage = whole(kept.get("stage"), max(map(len, STAGES.values())))
        done = kept.get("done")
        self.finished = {n for n in done if isinstance(n, int)} if isinstance(done, list) else set()
        self.work: Work | None = None
        self._read = ("", "")  # whose work it is: the network and the text
        self._asked: tuple[str, str, int, int, int, int] | None = None

    # What it knows

    def inquire(self) -> None:
        step = self.shot.step if self.shot and not self.chosen else 0
        asked = (self.source, self.text, self.number, self.unit, self.at, step)
        if asked == self._asked or not self.is_attached or not self.text:
            return
        self._asked, self.trouble = asked, ""
        self.ask_lab(
            "cell",
            partial(self._take, asked),
            source=asked[0],
            text=asked[1],
            layer=asked[2],
            unit=asked[3] - 1,
            character=asked[4],
        )

    def _take(self, asked: tuple[str, str, int, int, int, int], answer: Any) -> None:
        if asked != self._asked:
            return
        work = msgspec.convert(answer, Work)
        self.work, self._read, self.trouble = work, asked[:2], ""
        self.number, self.unit = work.layer, work.unit + 1
        self.stage = min(self.stage, len(STAGES[work.kind]))
        self._asked = (*asked[:2], self.number, self.unit, *asked[4:])
        self._note()
        self.refresh_bindings()
        self.catch_up()

    def refused(self, sentence: str) -> None:
        self._asked = self.work = None  # what failed may be asked again
        super().refused(sentence)

    def _note(self) -> None:
        """Keep in mind what was worked out to its end."""
        shown = self.shown
        if shown is not None and shown.done and len(self.finished) < MOST:
            self.finished.add(shown.work.unit * 1000 + shown.work.character)

    @property
    def shown(self) -> Shown | None:
        """Everything that is drawn, once the lab has answered."""
        work = self.work
        if work is None or self._read != (self.source, self.text):
            return None
        who = reading_words.who(work.source, work.step)
        return Shown(self.text, work, self.stage, who, self.hidden)

    def measured(self) -> Measured:
        found: dict[str, float | str] = {
            "character": self.at + 1,
            "letter": self.character,
            "unit": self.unit,
            "layer": self.number,
            "stage": self.stage,
            "done": len(self.finished),
            "visited": len(self.visited),
            "typed": self.typed,
        }
        shown = self.shown
        if shown is None:
            return found
        work = shown.work
        found |= {"units": work.units, "layers": work.layers, "kind": work.kind, "stages": len(shown.stages)}
        if (work.unit + 1, work.character) == (self.unit, self.at):
            found.update(shown.figures())
        return found

    @property
    def told(self) -> Work | None:
        return self.work

    def kept(self) -> State:
        done: list[int | float | str] = [*sorted(self.finished)]
        return {**super().kept(), "unit": self.unit, "layer": self.number, "stage": self.stage, "done": done}

    def picture(self, sheet: Sheet, shown: Shown) -> None:
        cell_drawing.draw(sheet, shown)

    def words(self, shown: Shown) -> str:
        return cell_drawing.sentence(shown)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not super().check_action(action, parameters):
            return False
        work = self.work
        if action == "anew" or (action == "stage" and parameters[0] == -1):
            return self.stage > 0 or bool(self.early)
        if action == "finish" and work is not None:
            return self.stage < len(STAGES[work.kind])
        return work is not None or self.waiting if action in ("stage", "finish") else True

    @once_told
    def action_stage(self, by: int) -> None:
        last = len(STAGES[self.work.kind]) if self.work else 0
        if by > 0 and self.stage >= last:
            self._next_character()
            return
        self._to(min(max(self.stage + by, 0), last))

    def _next_character(self) -> None:
        if self.at + 1 >= len(self.text):
            self.say("The text ends here: home goes back to its beginning, e types another one.")
            return
        self.stage = 1
        self.action_go(1)
        self.refresh_bindings()

    @once_told
    def action_finish(self) -> None:
        self._to(len(STAGES[self.work.kind]) if self.work else 0)

    @once_told
    def action_anew(self) -> None:
        self._to(0)

    def _to(self, stage: int) -> None:
        self.stage = stage
        self._note()
        self.refresh_bindings()
        self.changed()

    @once_told
    def action_unit(self, by: int) -> None:
        most = self.work.units if self.work else 1
        self.unit = min(max(self.unit + by, 1), most)
        self.inquire()
        self.changed()
