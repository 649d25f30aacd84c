"""The signs of training that goes wrong: pure functions that find one in a run's record, with its evidence, or do not.

The bounds were measured on the five rows of the course's stability table ("rows" below): ten digits, a plain network at
rate .06, flat with 64 (row 1) or 512 images a batch (row 2), with 1cycle (row 3), then with batch norm (rows 4 and 5).
"""

from __future__ import annotations

from collections.abc import Sequence

from fastai_tui.engine import remedies
from fastai_tui.engine.finding import Evidence, Finding, nats
from fastai_tui.engine.recorded import Record

# Losses are told as shares of what guessing costs (ln 10 = 2.30 here), so that they mean the same elsewhere. Measured
# on all of MNIST, 12 seeds of rows 1 to 3, 5 of row 4 and 2 of row 5, and on the sample, 5 seeds of rows 1 to 4.
LEAP = 1.2  # how far the first steps throw the loss up: rows 1, 2 1.33 to 9.09; 3 up to 1.25; 4, 5 1.15 to 1.28
FAILED = 0.07  # where a loss that leapt has recovered: rows 1, 2 end at .096 and more, 4, 5 at .031 and less
WORSE = 1.2  # dead networks end at 1.003; one that was thrown about, at 18
CLIMB = 2.0  # times the lowest loss on the way: rows 1 to 5 end at up to 1.51 times it
FLAT = 0.03  # between the third quarter and the last: dead networks up to .0012
UNLEARNED = 0.75  # nothing to speak of has been learnt: dead ones and lr=1e-5 end above .99, row 1's others at .27
STEEP = 0.1  # the last quarter's part of the way down, for losses above a quarter: lr=1e-4 .62, lr=1e-5 .17
OVER_FIT = 0.2  # 13 epochs of 4,000 digits: rows 3 and 4 up to .04; 40 epochs at a flat .002 without decay .32


def no_number(record: Record) -> Finding | None:
    """A loss that is no number any more."""
    if not record.broken:
        return None
    rate = f" (rate {record.rates[-1]:.3g})" if len(record.rates) else ""
    return Finding(
        "diverging",
        "diverged",
        f"The loss is no number any more at batch {record.broken:,}{rate}.",
        "The steps were so large that the weights left what numbers can hold.",
        remedies.calmer(record),
        (Evidence("loss", max(record.broken - 1, 1), record.broken, float("nan")),),
    )


def dead_by_loss(record: Record) -> Finding | None:
    """What losses alone tell of a dead network, where the layers were not recorded: the loss leapt at the beginning,
    and then settled at what guessing costs."""
    if record.inside is not None or not has_leapt(record) or not _guesses(record) or not _flat(record):
        return None
    at, _ = record.leap()
    return Finding(
        "dead_units",
        "dead",
        f"{leapt(record).strip()}{at_guess(record)}",
        "The network answers the same to everything: most likely the first large steps silenced a layer for good "
        "(activations=on records it).",
        remedies.calmer(record),
        (Evidence("loss", at, record.batches, record.tail),),
    )


def thrown(record: Record) -> Finding | None:
    """A loss that ends above what guessing costs; or that was low and has climbed back; or, where the layers were not
    recorded, that leapt at the beginning and from which the network has not recovered."""
    tail, level = record.tail, record.level
    low_at, low = record.lowest()
    if tail > WORSE * level:
        seen = f"The loss ends at {nats(tail)}, and knowing nothing costs {nats(level)}."
        evidence = Evidence("loss", record.batches - record.batches // 10, record.batches, tail)
    elif tail > CLIMB * low and tail > level / 4:
        seen = f"The loss was down to {nats(low)} by batch {low_at:,}, and then climbed to {nats(tail)}."
        evidence = Evidence("loss", low_at, record.batches, tail)
    elif record.inside is None and has_leapt(record) and tail > FAILED * level and record.over:
        at, _ = record.leap()
        seen = f"{leapt(record).strip()} It has not recovered: at the end it is still {nats(tail)}."
        evidence = Evidence("loss", at, record.batches, tail)
    else:
        return None
    why = "The steps are too large: each overshoots the valley that the gradient points to."
    return Finding("diverging", "diverged", seen, why, remedies.calmer(record), (evidence,))


def plateau(record: Record) -> Finding | None:
    """A loss that has stayed where a network that knows nothing is, over the second half of the run."""
    if record.batches < record.total / 2 or record.tail < UNLEARNED * record.level or not _flat(record):
        return None
    half = record.batches // 2
    guess = f", and guessing costs {nats(record.guess)}" if record.guess is not None else ""
    why = (
        "The rate is zero: no step is taken."
        if not record.rates.max()
        else "The steps do not lead down from here: they are too small to leave the plain on which training begins, "
        "or so large that they cross every valley."
    )
    seen = f"The loss is flat, {nats(record.tail)} from batch {half + 1:,} to {record.batches:,}{guess}."
    evidence = Evidence("loss", half + 1, record.batches, record.tail)
    return Finding("plateau", "plateau", seen, why, remedies.other_rate(record), (evidence,))


def over_fitting(record: Record) -> Finding | None:
    """A validation loss that has risen by OVER_FIT from its lowest while the training loss went on falling."""
    import numpy as np

    known = [e for e in record.epochs if e.valid_loss is not None and e.train_loss is not None]
    if len(known) < 5:
        return None
    valid, train = _of_three([e.valid_loss for e in known]), _of_three([e.train_loss for e in known])
    low, last = int(np.argmin(valid)), len(valid) - 1
    rises = valid[last] > (1 + OVER_FIT) * valid[low] and valid[last] > train[last]
    if not rises or train[last] >= train[low] or last - low < 2:
        return None
    best, end = known[low + 1], known[-1]
    return Finding(
        "over_fitting",
        "over-fitting",
        f"The validation loss was lowest around epoch {best.epoch + 1} ({nats(valid[low])}) and has risen to "
        f"{nats(valid[last])}, while the training loss fell from {nats(train[low])} to {nats(train[last])}.",
        "The network learns its training examples by heart; what it learns now does not hold for others.",
        remedies.less(record, best.epoch + 1),
        (Evidence("valid_loss", best.step, end.step, valid[last]),),
    )


def slow(record: Record) -> Finding | None:
    """A loss that still falls steeply when the run is over."""
    if not record.over or record.broken:
        return None
    first, second, third, last = record.quarters()
    noise, fallen = _noise(record), first - last
    falling = first > second > third > last and fallen > 4 * noise and third - last > STEEP * fallen
    if not falling or last < record.level / 4:
        return None
    at = record.batches * 3 // 4
    return Finding(
        "too_slow",
        "slow",
        f"The loss still falls when the run ends: {nats(third)} in the third quarter of it, {nats(last)} in the last.",
        "The steps are too small for so short a run.",
        remedies.faster(record),
        (Evidence("loss", at, record.batches, last),),
    )


def has_leapt(record: Record) -> bool:
    """Did the loss leap at the beginning, well above what it began with and what guessing costs?"""
    return record.leap()[1] >= LEAP * max(record.level, float(record.losses[0]))


def leapt(record: Record) -> str:
    if not has_leapt(record):
        return ""
    at, loss = record.leap()
    return f" The loss leapt from {nats(float(record.losses[0]))} to {nats(loss)} at batch {at:,}."


def leap_evidence(record: Record) -> tuple[Evidence, ...]:
    at, loss = record.leap()
    return (Evidence("loss", max(at - 1, 1), at, loss),) if has_leapt(record) else ()


def _guesses(record: Record) -> bool:
    return abs(record.tail - record.level) <= FLAT * record.level


def at_guess(record: Record) -> str:
    stands = "ends" if record.over else "stands"
    return f" It {stands} at {nats(record.tail)}: guessing costs {nats(record.level)}." if _guesses(record) else ""


def _flat(record: Record) -> bool:
    """Has the loss kept its level over the second half?"""
    _, _, third, last = record.quarters()
    return abs(third - last) <= FLAT * record.level


def _of_three(values: Sequence[float | None]) -> list[float]:
    """The median of every three neighbours: of single epochs, one in a few is better or worse by chance."""
    return [sorted(value or 0.0 for value in values[i : i + 3])[1] for i in range(len(values) - 2)]


def _noise(record: Record) -> float:
    """By how much the medians of two quarters differ by chance: about 1.25 standard errors each."""
    import numpy as np

    last = record.losses[-max(record.batches // 4, 2) :]
    apart = float(np.std(np.diff(last))) / 2**0.5 if len(last) > 2 else 0.0
    return 1.8 * apart / len(last) ** 0.5
