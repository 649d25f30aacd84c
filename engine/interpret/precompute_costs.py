"""What precomputing saves, measured: batches of the embedded cat through trunk and head, and of what the trunk has made
of it before through the head alone, in turns, with the head learning from both."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from fastai_tui.engine.backbones import EMBEDDED, MEAN, STD
from fastai_tui.engine.data.image import Normalise
from fastai_tui.engine.data.photos import read_photo
from fastai_tui.engine.device import choose, prepare
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.framing import centre
from fastai_tui.engine.interpret.cam import shown
from fastai_tui.engine.looking import CAT_FILE
from fastai_tui.engine.models.backbones import trunk
from fastai_tui.engine.models.heads import HEADS, Pretrained, head
from fastai_tui.engine.precompute_costs import Costs

MOST, LEAST_SIDE, MOST_SIDE = 128, 64, 320  # photos of a batch, pixels of a side
LOOK = 0.25  # seconds of measuring for one request
LONGEST, FEWEST = 3.0, 3  # seconds of measuring, after which so many batches through the trunk are enough
TURNS = 8  # batches from the cache for each one through the trunk, for they are short
SEED, RATE = 42, 0.01


@dataclass
class Side:
    """One way, and what its batches have cost so far."""

    learn: Callable[[], Tensor]
    spent: float = 0.0
    batches: int = 0

    def take(self) -> None:
        """Learn from one more batch."""
        begun = time.perf_counter()
        self.learn().item()  # fetched, so that a device has computed it
        self.spent += time.perf_counter() - begun
        self.batches += 1


@dataclass
class Measured:
    """Both ways, and how long it has been measured."""

    through: Side
    cached: Side
    numbers: int
    device: torch.device
    spent: float = 0.0

    @property
    def done(self) -> bool:
        """Is it enough?"""
        return self.spent > LONGEST and self.through.batches >= FEWEST

    def advance(self, seconds: float) -> None:
        """Go on for so many seconds, a batch through the trunk at the least."""
        begun = time.monotonic()
        while not self.done and time.monotonic() - begun < seconds:
            at = time.monotonic()
            self.through.take()
            for _ in range(TURNS):
                self.cached.take()
            self.spent += time.monotonic() - at


def measured(bs: int, size: int, kind: str) -> Measured:
    """A network and its first batches, which are slower than others, behind it. Raises `BadInput`."""
    if not 2 <= bs <= MOST or not LEAST_SIDE <= size <= MOST_SIDE or kind not in HEADS:
        raise BadInput(
            f"Measured are batches of 2 to {MOST} photos of {LEAST_SIDE} to {MOST_SIDE} pixels a side, with one of the "
            f"heads {', '.join(HEADS)}."
        )
    device = choose("auto")
    prepare(device, SEED)
    found = trunk(EMBEDDED)
    network = Pretrained(found, head(kind, found.channels, 2)).to(device)
    network.train()
    network.trunk.requires_grad_(requires_grad=False).eval().to(memory_format=torch.channels_last)
    normalise, pixels = Normalise(MEAN, STD, device), _copies(bs, size).to(device)
    labels = torch.arange(bs, device=device) % 2
    with torch.inference_mode():
        rows = network.head.pooled(network.trunk(_ready(normalise(pixels))))
    rows = rows.clone()
    optimiser = torch.optim.SGD(network.head.parameters(), lr=RATE, momentum=0.9)

    def through() -> Tensor:
        return _step(network(_ready(normalise(pixels))), labels, optimiser)

    def cached() -> Tensor:
        return _step(network.head.answer(rows), labels, optimiser)

    sides = Side(through), Side(cached)
    for side in sides:
        side.learn().item()
    return Measured(*sides, rows[0].numel(), device)


def _copies(bs: int, size: int) -> Tensor:
    """The embedded cat, so many times."""
    photo = read_photo(CAT_FILE)
    return shown(photo, centre(*photo.size), size).repeat(bs, 1, 1, 1)


def _ready(batch: Tensor) -> Tensor:
    return batch.contiguous(memory_format=torch.channels_last)


def _step(scores: Tensor, labels: Tensor, optimiser: torch.optim.Optimizer) -> Tensor:
    loss = F.cross_entropy(scores, labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.detach()


_measured: dict[tuple[int, int, str], Measured] = {}  # at most one


def answer(bs: int = 16, size: int = 224, head: str = "concat") -> Costs:
    """What both ways have cost so far, after one more moment of measuring; from then on it stays as it is. A lab
    request."""
    key = (bs, size, head)
    if key not in _measured:
        _measured.clear()
        _measured[key] = measured(*key)
    now = _measured[key]
    now.advance(LOOK)
    if now.done:
        _measured.clear()  # whoever asks again wants it measured again
    return Costs(
        through=now.through.spent,
        through_photos=now.through.batches * bs,
        cached=now.cached.spent,
        cached_photos=now.cached.batches * bs,
        numbers=now.numbers,
        head=head,
        size=size,
        bs=bs,
        device=str(now.device),
        done=now.done,
    )
