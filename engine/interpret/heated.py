"""A run's log-loss at other temperatures: its logits divided by one number (Guo et al., arXiv 1706.04599)."""

from functools import lru_cache
from math import exp, log

from torch import Tensor
from torch.nn import functional as F

from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.interpret import ranked
from fastai_tui.engine.interpret.ranked import Weights
from fastai_tui.engine.interpret.trained import load
from fastai_tui.engine.logloss import COOLEST, HOTTEST, TEMPERATURES, Heated

TINY = 1e-38  # what a probability of 0 counts as: a logit so low that no more of it is known
ROUNDS = 40  # of a search, each of which leaves 0.62 of the temperatures
GOLDEN = (5**0.5 - 1) / 2


def answer(run: str, temperature: float = 1.0) -> Heated:
    """The run's validation photos at a temperature, and its loss at all others. A lab request. Raises as
    `ranked.answer`, and `BadInput` for a temperature out of bounds."""
    if not COOLEST <= temperature <= HOTTEST:
        raise BadInput(f"A temperature of {temperature:g} is out of bounds; {COOLEST:g} to {HOTTEST:g} are possible.")
    found = load(run)
    weights = Weights(found)
    logits, truth = _logits(weights)
    losses, lowest, lowest_loss = _curve(weights)
    likely = (logits / temperature).softmax(1)
    return Heated(
        run=found.run.id,
        data=found.learn.data.facts.name,
        photos=len(truth),
        temperature=temperature,
        loss=loss(logits, truth, temperature),
        accuracy=float((likely.argmax(1) == truth).double().mean()),
        sure=float(likely.max(1).values.mean()),
        losses=losses,
        best=lowest,
        best_loss=lowest_loss,
    )


def loss(logits: Tensor, truth: Tensor, temperature: float) -> float:
    """The mean log-loss of classes (n,) under logits (n, classes) divided by `temperature`."""
    return float(F.cross_entropy(logits / temperature, truth))


def best(logits: Tensor, truth: Tensor) -> float:
    """The temperature with the lowest loss: that is convex in 1 / temperature, so there is one valley only, and a
    golden-section search finds it."""
    low, high = log(COOLEST), log(HOTTEST)
    for _ in range(ROUNDS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        if loss(logits, truth, exp(left)) <= loss(logits, truth, exp(right)):
            high = right
        else:
            low = left
    return exp((low + high) / 2)


def _logits(weights: Weights) -> tuple[Tensor, Tensor]:
    """Logits (n, classes) up to a number for each photo, which softmax does not see: the probabilities' logarithms."""
    likely, truth = ranked.predicted(weights.found)
    return likely.double().clamp_min(TINY).log(), truth


@lru_cache(maxsize=2)
def _curve(weights: Weights) -> tuple[list[float], float, float]:
    logits, truth = _logits(weights)
    lowest = best(logits, truth)
    return [loss(logits, truth, t) for t in TEMPERATURES], lowest, loss(logits, truth, lowest)
