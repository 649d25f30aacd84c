"""Several kernels' maps at once, and a kernel of one's own, edited in place."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app import halfblocks
from fastai_tui.app.convolution import number
from fastai_tui.app.tui import pictures
from fastai_tui.app.tui.layout import Area, Need, arrange
from fastai_tui.app.tui.panes.common import parts
from fastai_tui.app.tui.panes.common.pictured import ARROWS, PicturePane
from fastai_tui.app.tui.panes.convolution import gallery
from fastai_tui.engine.convolution import KERNELS, Kernel, Number, Rows, plain_map
from fastai_tui.lessons import kernels, own_kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from fastai_tui.app.halfblocks import Scale
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet, Style
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

OWN = "own"
HELP = "0-9 set the weight, m turns its sign"
PICTURE = ((28, 56), (14, 28))
ENOUGH = 4  # lines beside which a kernel's description may be broken, and its sum be told
NEEDS = (Need(30, 0), Need(12, 3), Need(0, 5))


class KernelsPane(PicturePane):
    """The step's kernels and, as the last one, the learner's own. `e` edits that one, cell by cell."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"move({way})", "choose", tooltip="another kernel, or weight") for key, way in ARROWS.items()),
        Binding("v", "enlarge", "enlarge", tooltip="one large, or all"),
        Binding("e", "edit", "edit your own"),
        Binding("e", "leave", "stop editing"),
        Binding("escape", "leave", "stop editing", show=False),
        Binding("comma", "change(-1)", "change", tooltip="weight down"),
        Binding("full_stop", "change(1)", "change", tooltip="weight up"),
        Binding("less_than_sign", "change(-1)", "weight down", show=False),
        Binding("greater_than_sign", "change(1)", "weight up", show=False),
        Binding("m", "flip", "sign", tooltip="turn the weight's sign"),
        Binding("u", "undo", "undo", tooltip="take an edit back"),
        Binding("k", "preset(1)", "ready-made", tooltip="your own becomes the next ready-made kernel"),
        Binding("K", "preset(-1)", "ready-made one before", show=False),
        Binding("z", "reset", "anew", tooltip="your own anew"),
    ]
    FIRST = ("comma", "full_stop", "m", "u", "v", "e", "k")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        wanted = scene.step.show.get("kernels")
        texts = [text for text in wanted if isinstance(text, str)] if isinstance(wanted, list) else []
        self.given = [found for text in texts or KERNELS if _small(found := kernels.kernel(text))]
        self.own = own_kernel.read(scene.kept.get("own"), scene.kept.get("edited"))
        self.editing = False
        self.enlarged = scene.kept.get("view") == "one"
        self.chosen = _index(scene.kept.get("chosen"), len(self.given))
        seen = scene.kept.get("seen")
        self.seen = {name for name in seen if name in self.names} if isinstance(seen, list) else set()
        self.seen.add(self.names[self.chosen])
        self.maps: list[Rows] = []
        self._places: list[tuple[Area, int]] = []
        self.pictured()

    @property
    def all(self) -> list[Kernel]:
        return [*self.given, self.own.kernel]

    @property
    def names(self) -> list[str]:
        """A word for each kernel."""
        return [*(kernels.word(kernel) for kernel in self.given), OWN]

    @property
    def kernel(self) -> Kernel:
        """The chosen one."""
        return self.all[self.chosen]

    # State

    def measured(self) -> Measured:
        found = super().measured()
        return {
            "picture": found["picture"],
            "kernel": self.names[self.chosen],
            "seen": len(self.seen - {OWN}),
            "edited": self.own.edits,
            "total": self._total,
            "peak": self._ends[1],
        }

    def kept(self) -> State:
        return {
            "picture": self.picture.name,
            "chosen": self.chosen,
            "own": kernels.cells(self.own.rows),
            "edited": self.own.edits,
            "seen": sorted(self.seen),
            "view": "one" if self.enlarged else "all",
        }

    def pictured(self) -> None:
        self.maps = [plain_map(self.picture.rows, kernel) for kernel in self.all]

    def choose(self, index: int) -> None:
        """Another kernel."""
        self.chosen = index % len(self.all)
        self.seen.add(self.names[self.chosen])
        self.changed()

    def take_own(self, own: own_kernel.OwnKernel) -> None:
        """The learner's own kernel is another one, or another of its cells is edited."""
        if own.rows != self.own.rows:
            self.maps[-1] = plain_map(self.picture.rows, own.kernel)
        self.own = own
        self.choose(len(self.given))

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("change", "flip", "undo", "leave"):
            return self.editing
        if action in ("picture", "drawing", "edit"):
            return not self.editing
        return super().check_action(action, parameters)

    def action_move(self, down: int, across: int) -> None:
        if self.editing:
            self.take_own(self.own.moved(down, across))
        else:
            self.choose(self.chosen + across + down * (1 if self.enlarged else self._columns()))

    def action_corner(self, which: int) -> None:
        if not self.editing:
            self.choose(-which)

    def action_example(self, of_class: int) -> None:
        if self.editing:
            self.take_own(self.own.put(of_class))
        else:
            super().action_example(of_class)

    def action_enlarge(self) -> None:
        self.enlarged = not self.enlarged
        self.changed()

    def action_edit(self) -> None:
        self.editing = True
        self.choose(len(self.given))
        self.refresh_bindings()

    def action_leave(self) -> None:
        self.editing = False
        self.changed()
        self.refresh_bindings()

    def action_preset(self, step: int) -> None:
        names = list(kernels.KNOWN)
        now = next((i for i, name in enumerate(names) if kernels.KNOWN[name] == self.own.rows), -max(step, 0))
        name = names[(now + step) % len(names)]
        self.take_own(self.own.with_rows(kernels.KNOWN[name]))
        self.say(f"Your own kernel is {name} now: {kernels.ABOUT[name]}.")

    def action_change(self, by: int) -> None:
        self.take_own(self.own.put(self.own.weight + by))

    def action_flip(self) -> None:
        self.take_own(self.own.put(-self.own.weight))

    def action_reset(self) -> None:
        self.take_own(self.own.with_rows(own_kernel.BEGIN))

    def action_undo(self) -> None:
        self.take_own(self.own.undone())

    def on_click(self, event: events.Click) -> None:
        index = next((i for area, i in self._places if area.holds(event.x, event.y)), None)
        if index is not None and not self.editing:
            self.choose(index)

    # Drawing

    def lay_out(self, sheet: Sheet) -> None:
        self._places = []
        if self.enlarged or self.editing:
            self._one(sheet)
        else:
            self._several(sheet)

    def _several(self, sheet: Sheet) -> None:
        area = Area(0, 0, sheet.width, max(sheet.height - 1, 1))
        scale = halfblocks.signed(max(parts.largest(found) for found in self.maps[: len(self.given)] or self.maps))
        self._places = gallery.draw(sheet, area, self.maps, self.names, self.chosen, scale)
        missing = len(self.given) - sum(index < len(self.given) for _, index in self._places)
        if missing:  # the learner's own is not one of those that the step is about
            sheet.leave_out(f"{missing} of the maps (the arrows bring them)")
        last = max(area.below for area, _ in self._places)
        if last >= sheet.height:
            sheet.leave_out("the scale")
            return
        gallery.legend(sheet, last, 0, scale, named=not self._secret)
        room = Area(last + 1, 0, sheet.width, sheet.height - last - 1)
        frame = arrange(room.width, room.height - 1, PICTURE, NEEDS[:1])
        if frame:  # what the maps were made of, too
            self.digit(sheet, frame.picture._replace(row=room.row + 1), {})
            room = frame.beside._replace(row=room.row + 1, column=frame.beside.column + 1)
        if room.height >= self.kernel.height:
            self._facts(sheet, room, self._weights(sheet, room) + 2)
        elif room.height:
            sheet.put(room.row, 0, f"{self._title()}: {self._extent()}")

    def _one(self, sheet: Sheet) -> None:
        found = self.maps[self.chosen]
        sizes = ((len(found), 2 * len(found[0])), (-(-len(found) // 2), len(found[0])))
        frame = arrange(sheet.width, sheet.height, sizes, NEEDS)
        if frame is None:
            sheet.leave_out("the map")
            room = Area(0, 0, sheet.width, sheet.height)
            self._facts(sheet, room, self._weights(sheet, room) + 2)
            return
        scale = halfblocks.signed(parts.largest(found))
        self.pixels(sheet, frame.picture, found, scale, {})
        if frame.need == 2:
            self._facts(sheet, frame.below, self._weights(sheet, frame.below) + 2, scale)
            return
        sheet.put(frame.beside.row, frame.beside.column, self._title()[: frame.beside.width], "title")
        weights = frame.beside._replace(row=frame.beside.row + 2, height=frame.beside.height - 2)
        self._weights(sheet, weights)
        sheet.put(weights.row + self.kernel.height, weights.column, f"  sum {number(self._total)}")
        under = weights._replace(row=weights.row + self.kernel.height + 2)
        self._facts(sheet, frame.below if frame.need else under, 0 if frame.need else under.column, scale, titled=False)

    def _weights(self, sheet: Sheet, area: Area) -> int:
        """The chosen kernel's weights, the edited cell lit; returns the column after them."""
        rows, cell = self.kernel.rows, max(parts.widest(self.kernel.rows) + 1, 4)
        cursor = self.own.cell if self.editing else None
        shown = rows[: area.height]
        parts.block(sheet, area.row, area.column, shown, halfblocks.signed(parts.largest(rows)), cell, cursor)
        return area.column + cell * self.kernel.width

    def _facts(self, sheet: Sheet, area: Area, column: int, scale: Scale | None = None, *, titled: bool = True) -> None:
        """What the kernel is called, what it looks for, how far its map goes, and the map's scale."""
        lines: list[tuple[str, Style]] = [(self._title(), "title")] if titled else []
        room, about = max(sheet.width - column, 1), self._about()
        spare = area.height - len(lines) - 1  # what is known of it may take what the others leave
        lines += [(words, "dim") for words in (wrap(about, room) if spare >= ENOUGH else [about])]
        if titled and spare >= ENOUGH:
            lines.append((f"weights' sum {number(self._total)}", "plain"))
        lines.append((self._extent(), "plain"))
        for i, (words, style) in enumerate(lines[: area.height]):
            sheet.put(area.row + i, column, words[: max(sheet.width - column, 0)], style)
        if scale and len(lines) < area.height:
            gallery.legend(sheet, area.row + len(lines), column, scale, named=not self._secret)
        if self.editing and len(lines) + 2 < area.height:
            sheet.put(area.row + len(lines) + 2, column, HELP[: max(sheet.width - column, 0)], "dim")

    def _title(self) -> str:
        name, known = self.names[self.chosen], kernels.known_as(self.kernel)
        return f"own: {known}" if name == OWN and known else name

    def _about(self) -> str:
        return kernels.ABOUT.get(kernels.known_as(self.kernel), "weights of one's own")

    @property
    def _ends(self) -> tuple[Number, Number]:
        """The lowest and the highest value of the chosen map."""
        found = self.maps[self.chosen]
        return min(map(min, found)), max(map(max, found))

    @property
    def _total(self) -> Number:
        return sum(weight for row in self.kernel.rows for weight in row)

    @property
    def _secret(self) -> bool:
        """Must the highest value be predicted first?"""
        return "peak" in self.hidden

    def _extent(self) -> str:
        low, high = self._ends
        return f"{number(low)} to {'?' if self._secret else number(high)}"

    def _columns(self) -> int:
        return gallery.fit(self.size.width, max(self.size.height - 1, 1), self.maps).columns

    # In words

    def sentence(self) -> str:
        found = [v for row in self.maps[self.chosen] for v in row]
        shares = [sum(test(v) for v in found) / len(found) for test in (lambda v: v > 0, lambda v: v < 0)]
        weights = ", ".join(" ".join(number(weight) for weight in row) for row in self.kernel.rows)
        return (
            f"The maps that {len(self.all)} kernels make of {self.picture.title}; chosen is {self._title()}, "
            f"with the weights {weights}: its map goes from {self._extent()}, "
            f"{shares[0]:.0%} of it above nought and {shares[1]:.0%} below."
        )

    def command(self) -> Sequence[str]:
        kernel = kernels.argument(self.kernel)
        return ("convolve", "--image", pictures.reference(self.picture.name), f"--kernel={kernel}")

    def code(self) -> str:
        return super().code() or "engine.convolution:convolve"


def _small(kernel: Kernel) -> bool:
    return max(kernel.height, kernel.width) <= 9


def _index(kept: object, last: int) -> int:
    return min(max(kept, 0), last) if type(kept) is int else 0
