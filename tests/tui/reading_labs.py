"""Labs that answer by formula what a network makes of a text, for the panes that ask for it."""

import math
from collections.abc import Callable
from typing import Any

import msgspec

from fastai_tui.app.terminal import Depth
from fastai_tui.app.tui.sheet import Sheet, Sight
from fastai_tui.engine.errors import DataMissing
from fastai_tui.engine.expectations import Expected, Foreseen, Guess, Influence, Surprise
from tests.tui.host import SilentLab
from tests.tui.lab_answers import wave

LETTERS = "etaoinshrdlu \ncmfwyp.,q"
KNOWN = 77
SIZES = [(40, 18), (78, 18), (60, 34), (110, 54), (38, 6), (20, 3), (9, 12), (14, 40), (1, 1), (200, 2), (5, 60)]
DEPTHS: tuple[Depth, ...] = ("truecolor", "256", "16", "none")


class ReadingLab(SilentLab):
    """Every source reads a little differently; what the vocabulary lacks costs the most. `window` is that of runs."""

    def __init__(self, trouble: str = "", window: int = 8) -> None:
        super().__init__({"surprise": self.surprise, "influence": self.influence})
        self.trouble, self.step, self.window = trouble, 30, window

    def told(self, source: str, text: str) -> dict[str, Any]:
        if self.trouble and self.trouble.startswith(source):
            raise DataMissing(self.trouble)
        embedded = source == "pydocs"
        return {
            "unknown": "".join(c for c in "é☃" if c in text),
            "source": source,
            "step": 0 if embedded else self.step,
            "network": "CharLstm" if embedded else "CharRnn",
        }

    def surprise(self, source: str, text: str, top: int) -> Any:
        told = self.told(source, text)
        places = [self.expected(source, place, top) for place in range(len(text) + 1)]
        characters = [self.foreseen(c, expected) for c, expected in zip(text, places, strict=False)]
        found = Surprise(characters=characters, next=places[-1], vocabulary=KNOWN, **told)
        return msgspec.to_builtins(found)

    def expected(self, source: str, place: int, top: int) -> Expected:
        turned = LETTERS[(place * 3 + len(source) + self.step) % len(LETTERS) :] + LETTERS
        sure = 0.55 + 0.3 * wave(place, len(source))
        return Expected(
            2 - sure, [Guess(c, sure * max(1 - sure, 0.3) ** i / 2) for i, c in enumerate(turned[: min(top, 20)])]
        )

    def foreseen(self, character: str, expected: Expected) -> Foreseen:
        p = next((guess.p for guess in expected.top if guess.text == character), 1e-3)
        rank = 1 + sum(guess.p > p for guess in expected.top)
        nats = 9.0 if character in "é☃" else -math.log(p)
        return Foreseen("�" if character in "é☃" else character, nats, rank, expected)

    def influence(self, source: str, text: str, places: list[int], likeliest: bool) -> Any:
        told, window = self.told(source, text), 0 if source == "pydocs" else self.window
        fall = 0.85 if source == "pydocs" else 0.6
        norms = [
            [
                fall**back * (1 + 0.2 * wave(place, back)) if not window or back < window else 0.0
                for back in range(place)
            ]
            for place in places
        ]
        targets = ["e" if likeliest or place == len(text) else text[place] for place in places]
        found = Influence(
            places=places, norms=norms, targets=targets, chances=[0.25] * len(places), window=window, **told
        )
        return msgspec.to_builtins(found)


def drawn_at_every_size(draw: Callable[[Sheet], None]) -> None:
    """Draw on sheets of all kinds: nothing breaks, and where there is room, something is seen."""
    for width, height in SIZES:
        for depth in DEPTHS:
            sheet = Sheet(width, height, Sight(depth, unicode=depth != "none"))
            draw(sheet)
            assert sheet.text.strip() or width * height < 20
