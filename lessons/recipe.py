"""The recipe of eight lines of the chapter `transfer`: what each line trains, and which runs and rate finders count for
it. Free of torch and of any screen."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fastai_tui.engine.settings import Value
from fastai_tui.lessons.experiments.photos import STAND_IN, TRUNK
from fastai_tui.lessons.schema import Run

EXPERIMENTS = ("dogscats", "dogbreeds")
DATA = (*EXPERIMENTS, STAND_IN)
APART = (3.0, 10.0)  # times as high as the group's before, a group's rate
SEED = 42  # the first line's
DIGITS = 6  # that rates are given with

_CLOSE = 1e-6
_OWN = frozenset({"preset", "lr", "augment", "precompute", "begin"})  # what a line says itself


@dataclass(frozen=True)
class Line:
    """A line: its name, and what it is in a sentence. A line that `finds` is carried out by the rate finder."""

    name: str
    about: str
    finds: bool = False


LINES = (
    Line(
        "augmentation, precompute on",
        "All pictures pass through the trunk once, and what it makes of them is kept. The rate is 0: nothing is learnt "
        "yet, and the accuracy is that of a random head",
    ),
    Line("find a rate", "The rate finder on the new head", finds=True),
    Line("train the head", "2 epochs of the head, from what was kept"),
    Line("precompute off, cycle_len=1", "Varied pictures through the frozen trunk: 2 cycles of one epoch"),
    Line("unfreeze all layers", "A cycle of one epoch in which the trunk learns, too; its lower rates are line 6"),
    Line(
        "rates 3–10 times lower", "The same run: the middle layers at a tenth of the head's rate, the first at a 100th"
    ),
    Line("find a rate again", "The rate finder once more, now that all layers learn", finds=True),
    Line("cycle_mult=2, all layers", "Cycles of 1, 2, 4 … epochs, and in the end answers averaged over five views"),
)
COUNT = len(LINES)


@dataclass(frozen=True)
class Done:
    """Something that the learner has carried out: a run with its settings as they were in the end, its phase, and how
    many batches it came to; or, if it `found` a rate, a rate finder that has come to its end."""

    settings: Mapping[str, Value]
    phase: str = "finished"
    batches: int = 1
    found: bool = False


def fits(line: int, done: Done) -> bool:
    """Is it what the line, from 1, asks for, however it ended?"""
    return LINES[line - 1].finds == done.found and _FITS[line](done.settings)


def counts(line: int, done: Done) -> bool:
    """Is the line to be ticked off for it? What the first line asks for is there with the first batch."""
    return fits(line, done) and (done.phase == "finished" or (line == 1 and done.batches > 0))


def ticked(done: Iterable[Done]) -> tuple[int, ...]:
    """The lines, from 1, that something counts for."""
    known = tuple(done)
    return tuple(line for line in range(1, COUNT + 1) if any(counts(line, each) for each in known))


def place(done: Done) -> int:
    """The last line that it fits: there its numbers belong; 0 for what is no part of the recipe."""
    return max((line for line in range(1, COUNT + 1) if fits(line, done)), default=0)


def order(line: int, data: str, base: Mapping[str, Value], rate: float) -> Run:
    """What the line, from 1, trains, or finds a rate for, on `data`: the step's `base` settings, and the head's
    `rate`."""
    own = {name: value for name, value in base.items() if name not in _OWN}
    varied: Value = "basic" if data == STAND_IN else "side-on"
    head: dict[str, Value] = {"preset": "head", "augment": varied, "lr": rate}
    frozen: dict[str, Value] = {"preset": "augmented", "augment": varied, "lr": rate, "cycles": 2, "cycle_len": 1}
    free: dict[str, Value] = {"preset": "unfrozen", "augment": varied, "lr": rates(rate)}
    once: dict[str, Value] = {**free, "cycles": 1, "cycle_mult": 1}
    asked: dict[str, Value] = {
        1: {**head, "lr": 0.0},
        2: head,
        3: head,
        4: frozen,
        5: once,
        6: once,
        7: once,
        8: {**free, "cycles": 2 if data == STAND_IN else 3, "cycle_mult": 2, "tta": "random"},
    }[line]
    begin: dict[str, Value] = {"begin": "newest"} if line > 3 else {}  # before, there is no head to go on with
    epochs = {1: 1, 2: 2, 3: 2}.get(line)
    seed = SEED + line - 1  # with one seed for all, a head would meet the dropout again that it has learnt by heart
    return Run(experiment=_experiment(data), data=data, epochs=epochs, seed=seed, set={**own, **asked, **begin})


def rates(rate: float) -> Value:
    """The three groups', a tenth from each to the one before it."""
    return [float(f"{rate / by:.{DIGITS}g}") for by in (100, 10, 1)]


def _experiment(data: str) -> str:
    return data if data in EXPERIMENTS else EXPERIMENTS[0]


def _kept(settings: Mapping[str, Value]) -> bool:
    """Does it work with what was computed once?"""
    return settings.get("precompute") == "on"


def _frozen(settings: Mapping[str, Value]) -> bool:
    return settings.get("freeze") == TRUNK


def _free(settings: Mapping[str, Value]) -> bool:
    """Do all layers learn?"""
    return settings.get("precompute") == "off" and settings.get("freeze") == 0 and _learns(settings)


def _varied(settings: Mapping[str, Value]) -> bool:
    return settings.get("augment", "none") != "none"


def _cycles(settings: Mapping[str, Value]) -> bool:
    return settings.get("schedule") == "sgdr"


def _rates(settings: Mapping[str, Value]) -> list[float]:
    given = settings.get("lr")
    found = given if isinstance(given, list) else [given]
    return [float(rate) for rate in found if isinstance(rate, (int, float))]


def _learns(settings: Mapping[str, Value]) -> bool:
    return any(rate > 0 for rate in _rates(settings))


def _apart(settings: Mapping[str, Value]) -> bool:
    """Has each of three groups a rate 3 to 10 times as high as the one before?"""
    found, (least, most) = _rates(settings), APART
    if len(found) != 3 or min(found) <= 0:
        return False
    steps = [found[1] / found[0], found[2] / found[1]]
    return all(least - _CLOSE <= step <= most + _CLOSE for step in steps)


_FITS: Mapping[int, Callable[[Mapping[str, Value]], bool]] = {
    1: lambda s: _kept(s) and _varied(s),
    2: _frozen,
    3: lambda s: _kept(s) and _learns(s),
    4: lambda s: not _kept(s) and _frozen(s) and _learns(s) and _varied(s) and _cycles(s) and s.get("cycle_len") == 1,
    5: _free,
    6: lambda s: _free(s) and _apart(s),
    7: _free,
    8: lambda s: _free(s) and _cycles(s) and s.get("cycle_mult") == 2 and int(str(s.get("cycles", 1))) > 1,
}
