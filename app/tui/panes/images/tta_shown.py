"""What the pane of test-time augmentation has to show, and the same in words."""

from __future__ import annotations

from dataclasses import dataclass

from fastai_tui.app.text import number, plural
from fastai_tui.engine.viewed import Scores, Viewed, likeliest

VIEWS = ("image", "set")
SET_SECRETS = frozenset({"accuracy", "tta_accuracy", "loss", "tta_loss", "fixed", "spoiled", "best"})
IMAGE_SECRETS = frozenset({"right_all", "changed"})
KIND_NAMES = {"crops": "crops", "flip": "reflection", "random": "random views"}


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: image `at` with the first `taken` of its views averaged, and all images' scores."""

    one: Viewed | None
    scores: Scores | None
    kind: str
    at: int
    taken: int
    view: str = "image"
    hidden: frozenset[str] = frozenset()
    trouble: str = ""

    @property
    def together(self) -> bool:
        """May the average's answer for this image be shown?"""
        return self.taken == 1 or not self.hidden & IMAGE_SECRETS

    @property
    def all_told(self) -> bool:
        """May all images' scores be shown?"""
        return not self.hidden & SET_SECRETS

    @property
    def count(self) -> int:
        """Views of this kind; 0 while that is not known."""
        return len(self.one.views) if self.one else len(self.scores.averages) if self.scores else 0


def short(name: str) -> str:
    """A view's name where there is little room: `flip −1,−1`, `random 2`."""
    name = name.replace(", ", ",")
    if name == "original,flipped":
        return "flipped"
    if name.endswith(",flipped"):
        return f"flip {name.removesuffix(',flipped')}"
    return name.replace("augmented", "random")


def progress(scores: Scores) -> str:
    """How many images were looked at."""
    if scores.done:
        return f"all {scores.total:,} images"
    return f"{scores.seen:,} of {scores.total:,} images"


def sentence(shown: Shown) -> str:
    """The picture in words."""
    said = []
    if (one := shown.one) is not None:
        said.append(_image_in_words(one, shown))
    if (scores := shown.scores) is not None:
        said.append(_all_in_words(scores, shown))
    return " ".join([*said, shown.trouble]).strip()


def _image_in_words(one: Viewed, shown: Shown) -> str:
    taken = min(shown.taken, len(one.views))
    name, first = one.classes[one.truth], one.views[0].probabilities
    words = (
        f"Validation image {one.index + 1:,} of {one.images:,} is of the class {name}; as it is, the network of "
        f"{one.run} takes it for {one.classes[likeliest(first)]} with {max(first):.0%}"
    )
    if taken == 1:
        return f"{words}; {plural(len(one.views) - 1, 'other view')} can be averaged with that."
    if not shown.together:
        return f"{words}; what the mean of {taken} views answers is yours to predict."
    mean = one.average(taken)
    answer = one.classes[likeliest(mean)]
    return f"{words}, and the mean of its first {taken} views says {answer} with {max(mean):.0%}."


def _all_in_words(scores: Scores, shown: Shown) -> str:
    count = len(scores.averages)
    if not shown.all_told:
        return f"What the mean of {count} views does to {progress(scores)} is yours to predict."
    first, last = scores.averages[0], scores.averages[-1]
    return (
        f"Of {progress(scores)} {first.accuracy:.1%} are right as they are and {last.accuracy:.1%} by the mean of "
        f"{count} views, with a log-loss of {number(first.loss, 3)} and {number(last.loss, 3)}: {len(scores.fixed)} "
        f"are put right and {len(scores.spoiled)} spoiled; the mean of {scores.best} has the lowest loss."
    )
