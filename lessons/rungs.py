"""The two ways up of the chapter `cifar10`, row by row: its ladder of networks, and the steps of the years since. Free
of torch and of any screen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastai_tui.engine.settings import Value
from fastai_tui.lessons.experiments.ladder import FAST, SCHEMA, STEPS

REAL = "cifar10"  # the data that the course's numbers, and mirrored images, belong to
MIRRORS = ("flip", "tta")  # steps that show a network mirrored images


@dataclass(frozen=True)
class Course:
    """An accuracy that the course had with CIFAR-10, and after how many epochs."""

    accuracy: float
    epochs: int


@dataclass(frozen=True)
class Rung:
    """A row: a run belongs to it that has the settings `key`; one that is trained for it gets those of `set` too.
    `about` says in a few words what it is, `since` the year of its idea, `course` what the course had, short training
    first, and `closed` why it can not be trained with these data."""

    name: str
    key: Mapping[str, Value]
    about: str
    set: Mapping[str, Value] = field(default_factory=dict)
    since: int = 0
    course: Sequence[Course] = ()
    closed: str = ""

    def fits(self, settings: Mapping[str, Value]) -> bool:
        """Does a run with these settings belong here?"""
        return not self.closed and all(settings.get(name) == value for name, value in self.key.items())


_LADDER: tuple[tuple[str, str, tuple[Course, ...]], ...] = (
    ("linear", "a weight for each pixel and unit", (Course(0.47, 4),)),
    ("conv", "three convolutions of stride 2", (Course(0.59, 6),)),
    ("layers", "the same with padding, as layers of its own", (Course(0.57, 4),)),
    ("norm", "five layers with batch norm", (Course(0.70, 6),)),
    ("deep", "twice as deep, without skips", (Course(0.66, 4),)),
    ("skips", "three times as deep, with skips", (Course(0.73, 9), Course(0.82, 41))),
    ("wide", "wider, with a larger first kernel and dropout", (Course(0.69, 9), Course(0.83, 41))),
    ("resnet", "blocks of two convolutions with a skip", ()),
    ("preact", "the same with norm and ReLU before each convolution", ()),
    (FAST, "what twelve years added, all of it", ()),
)
_ABOUT: dict[str, tuple[str, int]] = {
    "whiten": ("a first layer that whitens patches, and is not trained", 2019),
    "act": ("GELU in place of ReLU", 2016),
    "scale": ("the logits divided by nine, so that it begins unsure", 2018),
    "start": ("convolutions that begin by handing on what they get", 2017),
    "smoothing": ("a fifth of every target spread over all classes", 2015),
    "flip": ("mirrored every other epoch, not by chance", 2024),
    "averaging": ("weights averaged on the way: lookahead", 2019),
    "tta": ("answers averaged over six shifted and mirrored crops", 2012),
    "skip": ("skips in each group", 2015),
}
_MIRRORED = "Mirrored digits are no digits: this step is for CIFAR-10's pictures"
_ROAD: dict[str, Value] = {**STEPS, "skip": "on"}


def ladder() -> tuple[Rung, ...]:
    """The networks, the simplest first."""
    return tuple(Rung(name, {"model": name}, about, course=course) for name, about, course in _LADDER)


def road(data: str) -> tuple[Rung, ...]:
    """`fast` bare, and with one step more in every row, as it is trained on `data`: where mirroring an image spoils it,
    the steps that do so are closed and no row has them."""
    real = data == REAL
    now: dict[str, Value] = {name: SCHEMA[name].default for name in _ROAD}
    augment: dict[str, Value] = {"augment": "standard"} if real else {}  # else flips would have nothing to change
    found = [Rung("bare", {"model": FAST, **now}, "the small network alone", augment)]
    for name, value in _ROAD.items():
        about, since = _ABOUT[name]
        closed = _MIRRORED if name in MIRRORS and not real else ""
        now |= {} if closed else {name: value}
        found.append(Rung(name, {"model": FAST, **now}, about, augment, since, closed=closed))
    return tuple(found)
