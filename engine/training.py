"""From a job and a model to a Learner that is ready to fit: the optimiser, the plan, the device."""

import math
from collections.abc import Callable, Mapping, Sequence

from torch import nn

from fastai_tui.engine import schedules
from fastai_tui.engine.callback import Callback
from fastai_tui.engine.clipping import ClipGradients
from fastai_tui.engine.data.batches import Data
from fastai_tui.engine.device import choose
from fastai_tui.engine.early_stop import EarlyStop
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.groups import LayerGroups
from fastai_tui.engine.job import Job
from fastai_tui.engine.layout import lay_out
from fastai_tui.engine.learner import Learner, Metric
from fastai_tui.engine.optim import optimiser, set_decay
from fastai_tui.engine.settings import Value

LIVE = ("lr", "wd", "freeze", "bn_freeze")  # the settings that a run takes while it trains


class JobLearner(Learner):
    """A Learner that knows the settings it was built with, and takes new ones while it trains.

    Where its model is but a part of a network, `whole` makes all of it, of which that part is one; `item` is then the
    shape of what the network takes.
    """

    settings: dict[str, Value]
    whole: Callable[[], nn.Module] | None = None
    item: tuple[int, ...] = ()

    def change(self, values: Mapping[str, Value]) -> None:
        """Give live settings new values, all or none, from the next batch on. Raises `BadInput`."""
        if other := set(values) - set(LIVE):
            raise BadInput(f"{', '.join(sorted(other))} cannot be changed while training; {', '.join(LIVE)} can.")
        changed = {**self.settings, **values}
        if self.whole is not None and changed["freeze"] != self.settings["freeze"]:
            raise BadInput(
                "The head alone is trained, from precomputed activations, and there is nothing else to freeze or to "
                f"unfreeze: freeze stays {self.settings['freeze']}; start a run with precompute=off for it."
            )
        count = len(self.groups)
        plan, wds = _plan(changed, count), _per_group(changed, "wd", count)
        frozen, bn_frozen = _frozen(changed)
        self.groups.check(frozen, bn_frozen=bn_frozen)
        set_decay(self.opt, wds)
        self._freeze(frozen, bn_frozen)
        self.plan, self.settings = plan, changed


def assemble(
    job: Job,
    model: nn.Module,
    data: Data,
    loss_func: Metric,
    metrics: Mapping[str, Metric],
    groups: Sequence[nn.Module] | None = None,
) -> JobLearner:
    """Put `model` on the job's device and give it the optimiser and the schedule that its settings ask for.

    `groups` are its layer groups, the earliest first (the whole model, if there are none).
    """
    device = choose(job.device)
    lay_out(model, device)
    layers, settings = LayerGroups(model, groups or ()), job.settings
    plan = _plan(settings, len(layers))
    opt = optimiser(layers.parts, settings, device)
    set_decay(opt, _per_group(settings, "wd", len(layers)))
    learn = JobLearner(model, data, loss_func, opt, plan, metrics, _callbacks(settings), layers)
    learn.settings = dict(settings)
    learn._freeze(*_frozen(settings))
    return learn


def _callbacks(settings: Mapping[str, Value]) -> list[Callback]:
    """What settings ask for besides learning."""
    clip, patience = float(settings.get("clip", 0)), int(settings.get("patience", 0))  # type: ignore[arg-type]
    return [*([ClipGradients(clip)] if clip else []), *([EarlyStop(patience)] if patience else [])]


def _frozen(settings: Mapping[str, Value]) -> tuple[int, bool]:
    """How many layer groups are frozen, and whether all running statistics are. Raises `BadInput`."""
    freeze, bn_freeze = settings.get("freeze", 0), settings.get("bn_freeze", "off")
    if not isinstance(freeze, int) or isinstance(freeze, bool) or bn_freeze not in ("off", "on"):
        raise BadInput("freeze must be a whole number of layer groups, and bn_freeze off or on.")
    return freeze, bn_freeze == "on"


def _is_rate(value: object) -> bool:
    if isinstance(value, list):
        return all(_is_rate(part) for part in value)
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf


def _plan(settings: Mapping[str, Value], groups: int) -> schedules.Plan:
    _per_group(settings, "lr", groups)
    try:
        return schedules.plan(settings, groups)
    except ValueError as error:
        raise BadInput(f"The schedule is not possible: {error}.") from error


def _per_group(settings: Mapping[str, Value], name: str, groups: int) -> list[float]:
    """A setting's value for every layer group. Raises `BadInput`."""
    if not _is_rate(settings[name]):
        raise BadInput(f"{name} must be a number from 0 on, or one per layer group.")
    try:
        return schedules.per_group(settings[name], groups)
    except ValueError as error:
        raise BadInput(f"{name} does not fit: {error}; give one, or one per layer group as a/b/c.") from error
