"""A pane whose pictures are a run's own validation images, where its network sees other pictures than digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.brush import BrushPane
from fastai_tui.app.tui.panes.common.pictured import PicturePane
from fastai_tui.app.tui.pictures import Picture

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.engine.convolution import Rows

EXPERIMENTS = ("cifar10",)  # whose networks are shown their own pictures
OF_DIGITS = ("picture", "given", "example", "draw", "drawing", "copy", "pen", "clear", "undo", "leave")
MOST = 10**6
CLASSES = 10  # until the lab has told


def _action(binding: BindingType) -> str:
    return binding.action.partition("(")[0] if isinstance(binding, Binding) else ""


@dataclass(frozen=True)
class RunImage(Picture):
    """A validation image: all of its `channels` (one where it is grey); `label` is its class's name, and `number`
    which class that is."""

    channels: tuple[Rows, ...] = ()
    number: int = -1
    reference: str = ""

    @property
    def title(self) -> str:
        """The picture in words."""
        return f"{self.reference} ({self.label})"


class RunImagesPane(BrushPane):
    """With `of_run`, `image` numbers the pictures class by class, and nothing can be drawn; the keys are the same, and
    speak of pictures."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(binding for binding in PicturePane.BINDINGS if _action(binding) in OF_DIGITS),
        Binding("d", "image(1)", "picture", tooltip="next picture, of the next class"),
        Binding("D", "image(-1)", "picture before", show=False),
        Binding("p", "first_image", "first picture", tooltip="the picture that this step begins with"),
        *(Binding(str(n), f"image_of({n})", "a picture of that class", show=False) for n in range(10)),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.of_run = scene.step.run is not None and scene.step.run.experiment in EXPERIMENTS
        self._first = _number(scene.step.show.get("image"))
        self.image = _number(scene.kept.get("image", self._first))
        self.images, self.kinds = 0, CLASSES  # how many there are, and of how many classes; 0: not known yet
        if self.of_run:
            self.trouble = ""
            self.picture = RunImage(f"image {self.image}", ())

    def received(self, answer: dict[str, Any]) -> None:
        """The lab has told of a picture of the run's."""
        rows = answer["picture"]
        every = rows if isinstance(rows[0][0], (list, tuple)) else [rows]
        self.image, self.images, self.kinds = answer["image"], answer["images"], answer["kinds"]
        self.picture = RunImage(
            name=f"image {self.image}",
            rows=(),
            label=answer["classes"][answer["truth"]],
            channels=tuple(tuple(map(tuple, channel)) for channel in every),
            number=answer["truth"],
            reference=answer["reference"],
        )

    def _take_image(self, number: int) -> None:
        """Show another one."""
        self.image = number % self.images if self.images else max(number, 0)
        self.picture = RunImage(f"image {self.image}", ())
        self.pictured()
        self.refresh_bindings()
        self.changed()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("image", "first_image", "image_of"):
            return self.of_run and (action != "first_image" or self.image != self._first)
        return not (self.of_run and action in OF_DIGITS) and super().check_action(action, parameters)

    def action_image(self, step: int) -> None:
        self._take_image(self.image + step)

    def action_first_image(self) -> None:
        self._take_image(self._first)

    def action_image_of(self, of_class: int) -> None:
        """Of that class: the first one, or the one after this, where this one is of it already."""
        if of_class < self.kinds:
            same = self.image % self.kinds == of_class
            self._take_image(self.image + self.kinds if same else of_class)


def _number(value: object) -> int:
    """A number as a chapter or a progress file says it."""
    return int(value) if isinstance(value, (int, float)) and 0 <= value <= MOST else 0
