"""What is known of a network's residual blocks, as the pane shows it: in words, and no more than may be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastai_tui.app.text import count, number, plural
from fastai_tui.engine.residual_facts import Block, Residuals, largest, smallest, worst

VIEWS = ("added", "alone")
SHARES = frozenset({"ratio", "added", "smallest", "largest"})
LOSSES = frozenset({"accuracy_off", "lost", "worst", "worst_lost"})


@dataclass(frozen=True)
class Shown:
    """All that is to be seen: `now`, the answer for the blocks that are `off`, or the one before it while the lab is
    asked; the accuracy with all blocks (`whole`) and with one block out each (`alone`)."""

    now: Residuals | None = None
    off: frozenset[int] = field(default_factory=frozenset)
    at: int = 0
    view: str = VIEWS[0]
    whole: float | None = None
    alone: Mapping[int, float] = field(default_factory=dict)
    image: int = 0
    each: bool = False
    hidden: frozenset[str] = field(default_factory=frozenset)
    trouble: str = ""
    waits: bool = False

    @property
    def late(self) -> bool:
        """Is what is shown not yet what is asked for?"""
        now = self.now
        return now is None or set(now.off) != self.off or (now.one is not None) != bool(self.image)

    @property
    def blocks(self) -> list[Block]:
        """Those of the image, or the mean over all."""
        if self.now is None:
            return []
        return self.now.one.blocks if self.now.one is not None else self.now.blocks

    @property
    def block(self) -> Block:
        """The one at the cursor."""
        return self.blocks[min(self.at, len(self.blocks) - 1)]

    @property
    def lost(self) -> float | None:
        """What the blocks that are off cost: accuracy."""
        if self.whole is None or self.now is None or set(self.now.off) != self.off:
            return None
        return self.whole - self.now.accuracy

    @property
    def worst(self) -> int | None:
        """The block that costs the most when it alone is off, once all of them have been."""
        return worst(self.alone) if self.now is not None and len(self.alone) == len(self.now.blocks) else None

    # In words

    @property
    def who(self) -> str:
        """Which network, and over which images."""
        if self.now is None:
            return ""
        name = f"{self.now.run}, {self.now.model}" if self.now.run else f"a fresh network, {self.now.model}"
        if self.image:
            return f"{name}, image {self.image} of {count(self.now.images)}"
        return f"{name}, {count(self.now.images)} images"

    def share(self, block: Block) -> str:
        """What is added as a share of what passes."""
        return "?" if self.hidden & SHARES else f"{block.ratio:.0%}"

    def length(self, of: str, block: Block) -> str:
        """The length of what passes, or of what is added."""
        covered = of in self.hidden or (of == "added" and self.hidden & SHARES)
        return "?" if covered else number(getattr(block, of), 3)

    def without(self, which: int) -> str:
        """The accuracy without one block."""
        if which not in self.alone:
            return "–"
        return "?" if self.covers_losses else f"{self.alone[which]:.1%}"

    def cost(self, which: int) -> float | None:
        """What one block alone costs, if that is known and may be seen."""
        if self.whole is None or which not in self.alone or self.covers_losses:
            return None
        return self.whole - self.alone[which]

    @property
    def covers_losses(self) -> bool:
        return bool(self.hidden & (LOSSES | {"accuracy"}))

    @property
    def here(self) -> str:
        """The block at the cursor."""
        block = self.block
        shape = "×".join(str(side) for side in block.shape)
        reshaped = ", what passes is convolved" if block.reshapes else ""
        adds = "off" if self.at in self.off else f"adds {self.share(block)}"
        return f"block {self.at + 1} of {len(self.blocks)}, {shape}: {adds}{reshaped}"

    @property
    def accuracies(self) -> str:
        """The accuracy with all blocks, and without those that are off."""
        if self.now is None or self.whole is None:
            return "the accuracy is measured …"
        whole = "?" if "accuracy" in self.hidden else f"{self.whole:.1%}"
        if not self.off:
            return f"accuracy with all blocks {whole}"
        names = ", ".join(str(i + 1) for i in sorted(self.off))
        gone = f"without {names}" if len(self.off) < 5 else f"without {plural(len(self.off), 'block')}"
        if self.lost is None:
            return f"accuracy {whole}, {gone}: …"
        rest = "?" if self.covers_losses else f"{self.now.accuracy:.1%}"
        return f"accuracy {whole}, {gone}: {rest}"

    @property
    def ends(self) -> str:
        """Which block adds least and most, or costs the most."""
        if self.view == "alone":
            return self._worst()
        if self.hidden & SHARES:
            return "least: block ?, most: block ?"
        low, high = smallest(self.blocks, self.off), largest(self.blocks, self.off)
        if low is None or high is None:
            return "no block adds anything"
        least, most = self.share(self.blocks[low]), self.share(self.blocks[high])
        return f"least: block {low + 1}, {least}; most: block {high + 1}, {most}"

    def _worst(self) -> str:
        which = self.worst
        if which is None:
            known = f"{len(self.alone)} of {len(self.blocks)} blocks tried alone"
            return known if self.each else f"{known}: a tries all"
        if self.covers_losses:
            return "block ? costs the most"
        return f"block {which + 1} costs the most: {signed(self.cost(which))}"

    @property
    def answer(self) -> str:
        """What the network says of the image."""
        one = self.now.one if self.now is not None else None
        if one is None or self.now is None:
            return ""
        names = [named(self.now.classes, label) for label in (one.picture.label, one.prediction)]
        said = "answered rightly" if names[0] == names[1] else f"taken for {names[1]}"
        return f"class {names[0]}: {said} ({one.probability:.0%})"


def named(classes: list[str], label: int) -> str:
    """A class's name."""
    return classes[label] if label < len(classes) else str(label)


def signed(lost: float | None) -> str:
    """A loss of accuracy, in points of a hundred: `−6.3`; a gain has a plus."""
    if lost is None:
        return ""
    return f"{'−' if lost > 0 else '+'}{abs(100 * lost):.1f}" if round(1000 * lost) else "±0"


def sentence(shown: Shown) -> str:
    """The picture in words."""
    if shown.trouble:
        return shown.trouble
    if shown.now is None:
        return "The lab has not answered yet."
    of = f" {shown.answer[0].upper()}{shown.answer[1:]}." if shown.answer else ""
    lengths = f"{shown.length('passing', shown.block)} passes by, {shown.length('added', shown.block)} is added"
    state = "It is off. " if shown.at in shown.off else ""
    alone = f" Without it alone: {shown.without(shown.at)}." if shown.at in shown.alone else ""
    return (
        f"{shown.who[0].upper()}{shown.who[1:]}.{of} {shown.here[0].upper()}{shown.here[1:]}; {lengths}. {state}"
        f"{shown.ends[0].upper()}{shown.ends[1:]}. {shown.accuracies[0].upper()}{shown.accuracies[1:]}.{alone}"
    )
