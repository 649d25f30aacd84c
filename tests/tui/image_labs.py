"""Labs that look at images in several views, and evaluate by three statistics, as formulas have it: without torch."""

from typing import Any

import msgspec

from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.normed import Row
from fastai_tui.engine.viewed import Look, Score, Scores, Viewed
from tests.tui.host import SilentLab

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
NAMES = {
    "crops": ["original", "−1, −1", "+1, +1", "original, flipped", "−1, −1, flipped", "+1, +1, flipped"],
    "flip": ["original", "flipped"],
}


def probabilities(image: int, view: int) -> list[float]:
    """The true class (the image's last digit) loses with every view where the image's number is odd, and gains else."""
    truth, other = image % 10, (image + 3) % 10
    share = round(0.65 - 0.12 * view if image % 2 else 0.4 + 0.08 * view, 6)
    rest = (1 - share) * 0.2 / 8
    return [share if i == truth else (1 - share) * 0.8 if i == other else rest for i in range(10)]


class ViewingLab(SilentLab):
    """`images` images, of which a request about all of them counts `at_once` more."""

    def __init__(self, images: int = 40, at_once: int = 15, trouble: str = "", channels: int = 3) -> None:
        super().__init__({"views": self.views, "views_of_all": self.all})
        self.images, self.at_once, self.trouble, self.channels = images, at_once, trouble, channels
        self.seen: dict[str, int] = {}

    def names(self, kind: str, count: int) -> list[str]:
        return NAMES.get(kind) or ["original", *(f"augmented {i + 1}" for i in range(count))]

    def views(self, run: str, image: int, kind: str, shift: int, count: int) -> Any:
        if self.trouble:
            raise RunFailed(self.trouble)
        image = min(image, self.images - 1)
        looks = [
            Look(name, 0.5 if "1," in name else 1.0, self.pixels(image, n), probabilities(image, n))
            for n, name in enumerate(self.names(kind, count))
        ]
        return msgspec.to_builtins(Viewed(run, 99, "cifar10", image, self.images, CLASSES, image % 10, looks))

    def pixels(self, image: int, view: int) -> list[list[list[int]]]:
        return [
            [[(x * 8 * (c + 1) + y * 7 + 40 * view + image) % 256 for x in range(32)] for y in range(32)]
            for c in range(self.channels)
        ]

    def all(self, run: str, kind: str, shift: int, count: int) -> Any:
        if self.trouble:
            raise RunFailed(self.trouble)
        seen = self.seen[kind] = min(self.seen.get(kind, 0) + self.at_once, self.images)
        views = len(self.names(kind, count))
        averages = [Score(round(0.8 + 0.01 * n, 4), round(0.6 - 0.02 * n, 4)) for n in range(views)]
        alone = [Score(0.8 - 0.05 * n, 0.6) for n in range(views)]
        fixed, spoiled = [n for n in (2, 12, 30) if n < seen], [n for n in (7,) if n < seen]
        return msgspec.to_builtins(Scores(run, 99, seen, self.images, averages, alone, fixed, spoiled, []))


class EvaluatingLab(SilentLab):
    """Each batch's own numbers are worth the more the larger the batch is; the last batch's depend on which it is."""

    def __init__(self, trouble: str = "") -> None:
        super().__init__({"evaluation": self.row})
        self.trouble = trouble

    def row(self, run: str, size: int, by_class: bool, bs: int, draw: int) -> Any:
        if self.trouble:
            raise RunFailed(self.trouble)
        own = (0.2 if by_class else 0.8) * size / (size + 4) + 0.1
        last = 0.7 - 0.05 * draw - 0.3 * by_class
        scores = [Score(round(share, 6), round(2 - share, 6)) for share in (own, last, 0.85)]
        return msgspec.to_builtins(Row(run, 99, 1000, 32, size, by_class, bs or 32, draw, *scores))
