"""The network that settings ask for: a pretrained trunk with a new head, whole or with precomputed activations."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from fastai_tui.engine.backbones import backbone
from fastai_tui.engine.errors import BadInput, DataMissing, FastaiTuiError, RunFailed
from fastai_tui.engine.job import Job
from fastai_tui.engine.models.backbones import Trunk, trunk
from fastai_tui.engine.models.heads import Head, Pretrained, head
from fastai_tui.engine.models.precomputed import Precomputed
from fastai_tui.engine.runs import checkpoints
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import NEWEST, RunStore
from fastai_tui.engine.settings import Value

SAME = ("model", "weights", "head", "kernel")  # settings that make a network another one
HEAD = "head."  # begins the names of its weights


def head_of(settings: Mapping[str, Value], classes: int) -> Head:
    """The head that the settings ask for, with random weights."""
    return head(
        str(settings["head"]),
        backbone(str(settings["model"])).channels,
        classes,
        dropout=float(settings["dropout"]),  # type: ignore[arg-type]
        kernel=int(settings["kernel"]),  # type: ignore[arg-type]
    )


def trunk_of(settings: Mapping[str, Value]) -> Trunk:
    """The pretrained trunk that the settings ask for. Raises as `backbones.trunk`."""
    return trunk(str(settings["model"]), str(settings["weights"]))


def network(settings: Mapping[str, Value], classes: int) -> Pretrained:
    """Both together. The head is made first: it begins with the same numbers, whatever the trunk draws."""
    top = head_of(settings, classes)
    return Pretrained(trunk_of(settings), top)


def pooling(settings: Mapping[str, Value]) -> str:
    """What a head of these settings is given of a trunk's maps, as a name."""
    return f"{settings['head']} {settings['kernel'] if settings['head'] == 'cam' else ''}"


class Beginning:
    """A run whose weights another one of `settings` begins with: `classes` are the latter's. Raises `BadInput` for a
    run of another network, and `DataMissing` for one without weights."""

    def __init__(self, run: Run, settings: Mapping[str, Value], classes: list[str]) -> None:
        self.run = run
        theirs = self.run.spec.job.settings
        for name in SAME:
            if theirs.get(name) != settings[name]:
                raise self._other(f"{name}={theirs.get(name, 'none')}, and this one has {name}={settings[name]}")
        started = self.run.started()
        known = started.data.classes if started else None
        if known is not None and known != classes:
            raise self._other(f"the classes {_few(known)}, and this one has {_few(classes)}")
        found = checkpoints.newest(self.run.path / "checkpoints")
        if found is None:
            raise DataMissing(f"{self.run.id} has no checkpoint yet: wait until it has begun to train.")
        self.weights: dict[str, Tensor] = found[0]["model"]
        if not all(bool(t.isfinite().all()) for t in self.weights.values() if t.is_floating_point()):
            raise RunFailed(f"The weights of {self.run.id} are no numbers any more: begin with another run.")

    def give(self, model: nn.Module, settings: Mapping[str, Value]) -> None:
        """Put its weights into the model; a trunk that it had none for stays as it is."""
        wanted = model.state_dict()
        if isinstance(model, Precomputed):
            self._check_trunk(settings)
        named = {name: tensor for name, tensor in self.weights.items() if name in wanted}
        if {name: t.shape for name, t in named.items()} != {name: wanted[name].shape for name in named} or any(
            name.startswith(HEAD) and name not in named for name in wanted
        ):
            raise self._other("other layers")
        model.load_state_dict(wanted | named)

    def _check_trunk(self, settings: Mapping[str, Value]) -> None:
        """Raises `BadInput` if its trunk has learnt, too: precomputed activations come from the pretrained one."""
        theirs = {name: tensor for name, tensor in self.weights.items() if not name.startswith(HEAD)}
        own = {f"trunk.{name}": tensor for name, tensor in trunk_of(settings).state_dict().items()} if theirs else {}
        if any(name in own and not torch.equal(own[name], tensor) for name, tensor in theirs.items()):
            raise BadInput(
                f"More than the head has learnt in {self.run.id}, so that activations precomputed with the pretrained "
                "layers do not fit: take precompute=off."
            )

    def _other(self, difference: str) -> BadInput:
        return BadInput(f"{self.run.id} has {difference}: begin with a run of the same network, or leave begin out.")


def begin(job: Job, model: nn.Module, classes: list[str]) -> str:
    """Put the weights into `model` that its job begins with; the id of the run that has them, "" for none.

    For `NEWEST` it is the newest run that has finished, of the same experiment, network and data, that fits. Any other
    raises as `Beginning`.
    """
    ref = str(job.settings["begin"])
    if ref == NEWEST:
        return next((run.id for run in _before(job) if _gives(run, job, model, classes)), "")
    if ref:
        _give(RunStore().find(ref), job, model, classes)
    return ref


def _before(job: Job) -> Iterator[Run]:
    """Runs that have finished, of the same experiment and network on the same data, the newest first."""
    for run in reversed(RunStore().runs()):
        theirs = run.spec.job
        alike = (theirs.experiment, theirs.data) == (job.experiment, job.data)
        alike = alike and all(theirs.settings.get(name) == job.settings[name] for name in SAME)
        if alike and run.state().phase == "finished":
            yield run


def _gives(run: Run, job: Job, model: nn.Module, classes: list[str]) -> bool:
    """Give the model its weights, if they fit."""
    try:
        _give(run, job, model, classes)
    except FastaiTuiError:  # its trunk has learnt, its checkpoints are gone …: an older one may do
        return False
    return True


def _give(run: Run, job: Job, model: nn.Module, classes: list[str]) -> None:
    Beginning(run, job.settings, classes).give(model, job.settings)


def _few(names: list[str]) -> str:
    return f"{', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
