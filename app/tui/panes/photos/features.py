"""The pane in which one activation of a pretrained network is a feature: can it alone tell cats from dogs?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fastai_tui.app.tui.panes.common.asking import AskingPane
from fastai_tui.app.tui.panes.common.beginning import Pulse
from fastai_tui.app.tui.panes.common.early import EarlyPane, once_told
from fastai_tui.app.tui.panes.common.playing import one_of, whole
from fastai_tui.app.tui.panes.common.run_picture import instead
from fastai_tui.app.tui.panes.photos import features_drawing
from fastai_tui.app.tui.panes.photos.features_drawing import Shown
from fastai_tui.engine import features
from fastai_tui.engine.features import Feature

if TYPE_CHECKING:
    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

CHANNELS = 1280  # until the lab has told
POOLS = ("average", "maximum")
STEPS = 64  # of the threshold, from the smallest value to the largest
FAR = 64  # channels at once
ENOUGH = 5  # channels that were looked at before the best of all is shown
MOST_SEEN = 400


class FeaturesPane(AskingPane, EarlyPane):
    """Left and right move the threshold; d and D take another channel."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "cut(-1)", "threshold", tooltip="a lower threshold"),
        Binding("right", "cut(1)", "threshold", tooltip="a higher threshold"),
        Binding("home", "cut(-999)", "lowest", show=False),
        Binding("end", "cut(999)", "highest", show=False),
        Binding("d", "channel(1)", "channel", tooltip="the next channel"),
        Binding("D", "channel(-1)", "channel before", show=False),
        Binding("less_than_sign", f"channel({-FAR})", f"{FAR} back", show=False),
        Binding("greater_than_sign", f"channel({FAR})", f"{FAR} on", tooltip="a channel further on"),
        Binding("k", "better", "a better one", tooltip="the next channel that tells the classes apart better"),
        Binding("f", "best_cut", "best threshold", tooltip="the threshold with which most photos are right"),
        Binding("a", "best", "best of all", tooltip="the channel that tells the classes apart best"),
        Binding("m", "pool", "average or maximum", tooltip="the average over a photo, or the largest value in it"),
        Binding("z", "reset", "as it was", tooltip="back to the step's channel"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("k", "d", "f", "a", "m")
    TRAINS = False

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.channel = whole(self.option("channel"), CHANNELS - 1)
        self.pool = one_of(POOLS, self.option("pool"))
        kept = scene.kept
        self.wanted = _number(kept.get("threshold"))
        self.top = min(max(_number(kept.get("top")) or 0.0, 0.0), 1.0)
        found = kept.get("seen")
        self.seen = [n for n in found if type(n) is int and 0 <= n < CHANNELS] if isinstance(found, list) else []
        self.feature: Feature | None = None
        self.pulse = Pulse(self)

    def on_mount(self) -> None:
        super().on_mount()
        self.serve_anew()

    # The lab

    @property
    def waiting(self) -> bool:
        return self.feature is None

    @property
    def missing(self) -> bool:
        """Has the lab to be asked?"""
        known = self.feature
        return known is None or (known.channel, known.pool) != (self.channel, self.pool)

    async def ask_next(self) -> None:
        asked = self.channel, self.pool
        answer = await self.services.lab.ask("feature", topic="feature", channel=asked[0], pool=asked[1])
        if asked == (self.channel, self.pool) and self.is_attached:
            self._heard(msgspec.convert(answer, Feature))

    def _heard(self, feature: Feature) -> None:
        self.feature = feature
        if self.wanted is None:
            self.wanted = (feature.low + feature.high) / 2
        self.wanted = min(max(self.wanted, feature.low), feature.high)
        if feature.channel not in self.seen:
            self.seen = [*self.seen, feature.channel][-MOST_SEEN:]
        self.catch_up()
        self._tell()

    def _tell(self) -> None:
        if (shown := self.shown) is not None:
            self.top = max(self.top, shown.accuracy)
        self.refresh_bindings()
        self.changed()

    # What it says of itself

    @property
    def shown(self) -> Shown | None:
        """Everything that is drawn, once the lab has told of the channel."""
        if self.feature is None or self.missing or self.wanted is None:
            return None
        return Shown(self.feature, self.wanted, self.top, self.hidden)

    def measured(self) -> Measured:
        found: dict[str, float | str] = {
            "channel": self.channel,
            "channels": self.feature.channels if self.feature else CHANNELS,
            "seen": len(self.seen),
            "top": self.top,
            "pool": self.pool,
        }
        shown = self.shown
        if shown is None:
            return found
        known = shown.feature
        return found | {
            "threshold": shown.threshold,
            "accuracy": shown.accuracy,
            "possible": features.best_threshold(known.values, known.labels)[1],
            "valid_accuracy": shown.valid_accuracy,
            "above": known.classes[shown.answer],
            "cat": known.cat,
            "cat_answer": known.classes[shown.said_of_cat],
            "cat_right": int(known.classes[shown.said_of_cat] == "cats"),
            "photos": len(known.values),
        }

    def kept(self) -> State:
        found: State = {"channel": self.channel, "pool": self.pool, "top": self.top, "seen": [*self.seen]}
        return found if self.wanted is None else found | {"threshold": self.wanted}

    def sentence(self) -> str:
        if self.trouble:
            return self.trouble
        shown = self.shown
        return features_drawing.sentence(shown) if shown else "PyTorch starts; then the activations are read."

    def code(self) -> str:
        return self.scene.step.code or "engine.features:best_threshold"

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "best":
            return len(self.seen) >= ENOUGH
        if action == "better" and self.feature is not None and not self.missing:
            return self.feature.better != self.feature.channel
        return super().check_action(action, parameters)

    def _take(self, channel: int) -> None:
        self.channel, self.wanted = channel, None
        if self.feature is not None and not self.missing:
            self._heard(self.feature)
            return
        self.serve_anew()
        self._tell()

    def action_channel(self, step: int) -> None:
        self._take((self.channel + step) % CHANNELS)

    @once_told
    def action_better(self) -> None:
        if self.feature is not None and not self.missing:
            self._take(self.feature.better)

    @once_told
    def action_best(self) -> None:
        if self.feature is not None and not self.missing:
            self._take(self.feature.best)

    @once_told
    def action_cut(self, steps: int) -> None:
        known = self.feature
        if known is not None and self.wanted is not None and not self.missing:
            moved = self.wanted + steps * (known.high - known.low) / STEPS
            self.wanted = min(max(moved, known.low), known.high)
            self._tell()

    @once_told
    def action_best_cut(self) -> None:
        if self.feature is not None and not self.missing:
            self.wanted = features.best_threshold(self.feature.values, self.feature.labels)[0]
            self._tell()

    def action_pool(self) -> None:
        self.pool = POOLS[(POOLS.index(self.pool) + 1) % len(POOLS)]
        self._take(self.channel)

    def action_reset(self) -> None:
        self.pool = one_of(POOLS, self.scene.step.show.get("pool"))
        self._take(whole(self.scene.step.show.get("channel"), CHANNELS - 1))

    # The picture

    def draw(self, sheet: Sheet) -> None:
        shown, waits = self.shown, not self.trouble
        self.pulse.beat(shown is None and waits)
        if shown is not None:
            features_drawing.draw(sheet, shown)
        elif sheet.height:
            sign = self.pulse.sign(sheet.sight.unicode)
            instead(sheet, self.trouble or f"{sign} The activations are read …", "bad" if self.trouble else "plain")


def _number(value: object) -> float | None:
    """A number as it was kept."""
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if good and math.isfinite(value) and abs(value) < 1e9 else None  # type: ignore[arg-type]
