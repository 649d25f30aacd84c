"""The pane of batches and channels: many digits and many kernels in one conv2d, one result after the other."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui import pictures
from fastai_tui.app.tui.panes.common.base import Pane
from fastai_tui.app.tui.panes.common.pictured import bits
from fastai_tui.app.tui.panes.convolution import batch_drawing
from fastai_tui.app.tui.panes.convolution.batch_drawing import Called, Stack
from fastai_tui.engine import convolution
from fastai_tui.engine.convolution import KERNELS, Kernel
from fastai_tui.lessons import kernels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.timer import Timer

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

BATCH, LARGEST_BATCH, MOST_KERNELS = 64, 256, 12
PATIENCE = 0.3  # seconds without another key, after which the lab is asked
CLOSE = 1e-4  # conv2d counts in float32, of which whole numbers below 2²⁴ are exact and fractions are not


class BatchPane(Pane):
    """Left and right go through the images, up and down through the kernels."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "go(-1, 0)", "digit", tooltip="image before"),
        Binding("right", "go(1, 0)", "digit", tooltip="next image"),
        Binding("up", "go(0, -1)", "kernel", tooltip="kernel before"),
        Binding("down", "go(0, 1)", "kernel", tooltip="next kernel"),
        Binding("space", "step", "next", tooltip="next result"),
        Binding("home", "end(0)", "first result", show=False),
        Binding("end", "end(1)", "last result", show=False),
        Binding("d", "picture(1)", "batch", tooltip="another batch"),
        Binding("D", "picture(-1)", "batch before", show=False),
        Binding("m", "measure", "measure", tooltip="measure again"),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.first, self.trouble = pictures.first(scene.kept.get("picture"), scene.step.show.get("picture"))
        self.stack = Stack(_names(self.first.name, _batch(self.knobs.get("batch"))), _kernels(self.option("kernels")))
        self.image = _index(scene.kept.get("image"), len(self.stack.names))
        self.channel = _index(scene.kept.get("channel"), len(self.stack.kernels))
        self.seen = bits(scene.kept.get("seen")) & (1 << LARGEST_BATCH * MOST_KERNELS) - 1 | 1 << self._number()
        self.called = Called()
        self._asking: Timer | None = None
        self._measured = False

    def on_mount(self) -> None:
        super().on_mount()
        if self.trouble:
            self.say(self.trouble)
        self._ask_soon()

    # What it says of itself

    def measured(self) -> Measured:
        batch, maps, rows, columns = self.stack.output
        return {
            "batch": batch,
            "image": self.image,
            "channel": self.channel,
            "seen": self.seen.bit_count(),
            "results": batch * maps * rows * columns,
        }

    def kept(self) -> State:
        return {
            "picture": self.first.name,
            "image": self.image,
            "channel": self.channel,
            "seen": f"{self.seen:x}",
        }

    def sentence(self) -> str:
        stack = self.stack
        shapes = f"Images of {_shape(stack.input)} with kernels of {_shape(stack.weights)}"
        result = "" if "results" in self.hidden else f" give maps of {_shape(stack.output)}"
        title = pictures.load(stack.names[self.image]).title
        kernel = kernels.word(stack.kernels[self.channel])
        return f"{shapes}{result}. You see the map of {kernel} on {title}. {self.called.sentence()}"

    def command(self) -> Sequence[str]:
        """The map that is shown large; the whole batch there is no command for."""
        picture, kernel = pictures.reference(self.stack.names[self.image]), self.stack.kernels[self.channel]
        return ("convolve", "--image", picture, f"--kernel={kernels.argument(kernel)}")

    def code(self) -> str:
        return self.scene.step.code or "engine.interpret.batch:answer"

    def turned(self, knob: str, value: Value) -> None:
        if knob == "batch":
            self._begin(self.first.name, _batch(value))

    # Keys

    def action_go(self, images: int, channels: int) -> None:
        self._show(self.image + images, self.channel + channels)

    def action_step(self) -> None:
        """The next result: all kernels of an image, then the next image; after the last comes the first."""
        count = len(self.stack.names) * len(self.stack.kernels)
        self._show(*divmod((self._number() + 1) % count, len(self.stack.kernels)))

    def action_end(self, which: int) -> None:
        self._show(which * (len(self.stack.names) - 1), which * (len(self.stack.kernels) - 1))

    def action_picture(self, step: int) -> None:
        name = pictures.after(self.first.name, step * len(self.stack.names))
        self.first, self.seen = pictures.load(name), 0
        self._begin(name, len(self.stack.names))

    def action_measure(self) -> None:
        self._measured = False
        self._ask()

    def _begin(self, name: str, batch: int) -> None:
        self.stack = Stack(_names(name, batch), self.stack.kernels)
        self.called, self._measured = Called(), False
        self._show(min(self.image, batch - 1), self.channel)

    def _show(self, image: int, channel: int) -> None:
        self.image = min(max(image, 0), len(self.stack.names) - 1)
        self.channel = min(max(channel, 0), len(self.stack.kernels) - 1)
        self.seen |= 1 << self._number()
        self._ask_soon()
        self.changed()

    def _number(self) -> int:
        return self.image * len(self.stack.kernels) + self.channel

    # The real conv2d

    def _ask_soon(self) -> None:
        """Ask the lab when the cursor has come to rest, unless it has answered for this image."""
        if self._asking is not None:
            self._asking.stop()
            self._asking = None
        if self.is_attached and (not self._measured or self.image not in self.called.compared):
            self._asking = self.set_timer(PATIENCE, self._ask)

    def _ask(self) -> None:
        self._asking = None
        given = [_given(name) for name in self.stack.names]
        rows = [[list(line) for line in kernel.rows] for kernel in self.stack.kernels]
        stack, image = self.stack, self.image

        def then(answer: dict[str, Any]) -> None:
            if stack is self.stack:
                self._answered(answer, image)

        self.ask_lab("convolve_batch", then, pictures=given, kernels=rows, image=image, measure=not self._measured)

    def _answered(self, answer: dict[str, Any], image: int) -> None:
        agree = answer["output"] == list(self.stack.output) and all(
            _same(answer["maps"][channel], self.stack.map(image, channel)) for channel in range(len(self.stack.kernels))
        )
        times = answer.get("times") or self.called.times
        self._measured = bool(times)
        self.called = Called(times, {**self.called.compared, image: agree})

    # Drawing

    def draw(self, sheet: Sheet) -> None:
        batch_drawing.draw(sheet, self.stack, self.image, self.channel, self.called, hidden="results" in self.hidden)


def _same(theirs: list[list[float]], ours: convolution.Rows) -> bool:
    largest = max(abs(value) for row in ours for value in row) or 1
    return len(theirs) == len(ours) and all(
        len(a) == len(b) and all(abs(x - y) <= CLOSE * largest for x, y in zip(a, b, strict=True))
        for a, b in zip(theirs, ours, strict=True)
    )


@lru_cache(maxsize=8)
def _names(first: str, batch: int) -> tuple[str, ...]:
    """So many digits, a picture and those that come after it, of all classes in turn."""
    names = [first]
    while len(names) < batch:
        names.append(pictures.after(names[-1]))
    return tuple(names)


def _given(name: str) -> str | list[list[int]]:
    """A picture as the lab takes it: the learner's own drawing as numbers."""
    return [list(row) for row in pictures.load(name).rows] if name == pictures.DRAWN else name


def _kernels(wanted: object) -> tuple[Kernel, ...]:
    """The stack: kernels of one size, because they become one tensor. Nonsense is the chapter's six."""
    named = wanted if isinstance(wanted, (list, tuple)) and wanted else list(KERNELS)
    found = [kernels.kernel(one) for one in named[:MOST_KERNELS]]
    return tuple(one for one in found if (one.height, one.width) == (found[0].height, found[0].width))


def _batch(value: object) -> int:
    whole = int(value) if isinstance(value, (int, float)) and abs(value) < 1e6 else BATCH
    return min(max(whole, 1), LARGEST_BATCH)


def _index(value: object, count: int) -> int:
    return value if type(value) is int and 0 <= value < count else 0


def _shape(sizes: tuple[int, ...]) -> str:
    return "×".join(str(size) for size in sizes)
