"""Writing with a network that says which character comes next: read, choose, read what was chosen, and so on."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from fastai_tui.engine.data.vocabulary import END, SPECIALS, Vocabulary
from fastai_tui.engine.errors import RunFailed
from fastai_tui.engine.manner import Manner
from fastai_tui.engine.models.cells import State
from fastai_tui.engine.models.char_state import Stateful

LINE_END = SPECIALS.index(END)
NEVER = [number for number, token in enumerate(SPECIALS) if token != END]  # written: they stand for no character


class Place(NamedTuple):
    """Where a reader is: its state, or for want of one the last characters, and the logits of what comes next."""

    state: State | None
    last: tuple[int, ...]
    logits: Tensor


class Reader:
    """Gives a network one character after the other, each of them once: `place` carries the state.

    A network without one begins anew with every window: it gets the last `window` characters each time, and line ends
    before the first. The network is put into evaluation mode, where the state that it trains with is left alone.
    """

    def __init__(self, network: nn.Module, window: int = 0) -> None:
        self.network, self.window = network.eval(), window
        self.place = Place(None, (LINE_END,) * window, torch.zeros(0))
        self._device = next(network.parameters()).device

    @torch.no_grad()
    def read(self, token: int) -> Tensor:
        """Read one character; returns the logits (vocabulary) of the next."""
        state, last, _ = self.place
        last = (*last, token)[-max(self.window, 1) :]
        if isinstance(self.network, Stateful):
            self.network.other = state
        logits = self.network(torch.tensor([last], device=self._device))[-1]
        state = None if self.window or not isinstance(self.network, Stateful) else self.network.other
        self.place = Place(state, last, logits)
        return logits

    def begin(self, tokens: Iterable[int]) -> None:
        """Read what the text begins with. Where that is nothing, it begins as a line does."""
        for token in list(tokens) or [LINE_END]:
            self.read(token)


class Dice:
    """The random numbers, 0…1, of a seed: one for every character of a text, by its place, from a generator of its own
    on the CPU. So a text can be taken back and gone on with, and is the same wherever it is written."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._drawn: list[float] = []

    def __getitem__(self, place: int) -> float:
        while len(self._drawn) <= place:
            self._drawn.append(torch.rand((), generator=self._generator, dtype=torch.float64).item())
        return self._drawn[place]


def distribution(logits: Tensor, manner: Manner) -> Tensor:
    """The probabilities (vocabulary), in float64 on the CPU, that the next character is drawn with.

    What stands for no character (`<unk>`, `<pad>`) has none. Raises `RunFailed` where a network gives no numbers.
    """
    scores = logits.detach().cpu().double()
    if not bool(scores.isfinite().all()):
        raise RunFailed("The network gives no numbers any more, because it diverged: nothing can be written with it.")
    scores[NEVER] = -torch.inf
    kept = 1 if manner.takes_best else manner.top_k or len(scores)
    if kept < len(scores):
        order = scores.argsort(descending=True, stable=True)
        scores[order[kept:]] = -torch.inf
    return ((scores - scores.max()) / (1.0 if manner.takes_best else manner.temperature)).softmax(0)


def drawn(probabilities: Tensor, number: float) -> int:
    """The token at which the sum of the probabilities so far exceeds `number`, which is from 0 up to 1."""
    sums = probabilities.cumsum(0)
    place = int(torch.searchsorted(sums, number, right=True))
    return place if place < len(sums) else int(probabilities.nonzero()[-1])


def write(
    network: nn.Module, vocabulary: Vocabulary, prompt: str, length: int, manner: Manner, window: int = 0
) -> Iterator[tuple[str, Tensor]]:
    """Go on with `prompt` by `length` characters: each, and the probabilities that it was drawn from.

    Training's random numbers and the state that it carries are left alone. What the vocabulary lacks is read as
    `<unk>`, and capitals as small letters. `window` as for `Reader`.
    """
    reader, dice = Reader(network, window), Dice(manner.seed)
    reader.begin(vocabulary.encode(prompt))
    for place in range(length):
        probabilities = distribution(reader.place.logits, manner)
        token = drawn(probabilities, dice[place])
        yield vocabulary.decode([token]), probabilities
        if place + 1 < length:
            reader.read(token)
