"""From a job and a model to a Learner that is ready to fit: the optimiser, the plan, the device."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from fastai_tui.engine import schedules
from fastai_tui.engine.data.batches import Data
from fastai_tui.engine.device import choose
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.job import Job
from fastai_tui.engine.learner import Learner, Metric
from fastai_tui.engine.optim import optimiser
from fastai_tui.engine.settings import Value

LIVE = ("lr", "wd")  # the settings that a run takes while it trains


class JobLearner(Learner):
    """A Learner that knows the settings it was built with, and takes new ones while it trains."""

    settings: dict[str, Value]

    def change(self, values: Mapping[str, Value]) -> None:
        """Give live settings (`lr`, `wd`) new values, all or none, from the next batch on. Raises `BadInput`."""
        if other := set(values) - set(LIVE):
            raise BadInput(f"{', '.join(sorted(other))} cannot be changed while training; {' and '.join(LIVE)} can.")
        changed = {**self.settings, **values}
        if not all(_is_rate(changed[name]) for name in LIVE) or isinstance(changed["wd"], list):
            raise BadInput("lr and wd must be numbers from 0 on (lr one, or one per layer group).")
        plan = _plan(changed, len(self.plan.rates))
        for group in self.opt.param_groups:
            group["weight_decay"] = changed["wd"] if group["decay"] else 0.0
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
    model.to(device)
    if all(p.ndim < 5 for p in model.parameters()):  # 5 is a volume's, which has a layout of its own
        model.to(memory_format=torch.channels_last)  # a quarter faster for small convolutions on a CPU; on CUDA too
    parts = list(groups or [model])
    plan = _plan(job.settings, len(parts))
    learn = JobLearner(model, data, loss_func, optimiser(parts, job.settings, device), plan, metrics)
    learn.settings = dict(job.settings)
    return learn


def _is_rate(value: object) -> bool:
    if isinstance(value, list):
        return all(_is_rate(part) for part in value)
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf


def _plan(settings: Mapping[str, Value], groups: int) -> schedules.Plan:
    try:
        return schedules.plan(settings, groups)
    except ValueError as error:
        raise BadInput(f"lr does not fit: {error}; give one rate, or one per layer group as a/b/c.") from error
