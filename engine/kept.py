"""Everything that training goes on from, kept while something else uses its Learner, and put back to the last bit.

What is used meanwhile are copies, and afterwards the originals stand in their places again: nothing is written to a
file, and no number is copied twice.
"""

import contextlib
import copy
import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from fastai_tui.engine.callback import Callback, Hooks
from fastai_tui.engine.learner import Learner
from fastai_tui.engine.runs.checkpoints import random_states, set_random_states


class Kept:
    """A Learner's state: weights, buffers and whatever else its modules hold, gradients, the optimiser (also what it
    does not know yet), and its own attributes (place, plan, the batch at hand). Random numbers are the matter of
    `own_random`.

    `lend` gives the Learner copies to change and takes its callbacks and the forward hooks that watch its modules away,
    but for those callbacks that belong to learning itself; `put_back` undoes all of it.
    """

    def __init__(self, learn: Learner) -> None:
        self.learn = learn
        self._modules = [(module, dict(vars(module))) for module in learn.model.modules()]
        self._weights = [(p, p.data, p.grad) for p in _weights(learn)]
        self._groups = [(group, dict(group)) for group in learn.opt.param_groups]
        self._objects = [(thing, dict(vars(thing))) for thing in (learn, learn.opt, *_learning(learn))]

    def lend(self, *callbacks: Callback) -> None:
        """Put copies in place of everything; `callbacks` see what is done with them."""
        copies: dict[int, Tensor] = {id(p): p for p, _, _ in self._weights}
        for p, data, _ in self._weights:
            p.data, p.grad = data.clone(), None
        for module, held in self._modules:
            vars(module).update(_copied(held, copies))
        for group, values in self._groups:
            group.update({name: value.clone() for name, value in values.items() if isinstance(value, Tensor)})
        learn, opt = self.learn, self.learn.opt
        opt.state = defaultdict(dict, {p: copy.deepcopy(state) for p, state in opt.state.items()})
        learn.callbacks = [*_learning(learn), *callbacks]
        learn.hooks = Hooks(learn, learn.callbacks)

    def put_back(self) -> None:
        """Everything as it was."""
        for p, data, grad in self._weights:
            p.data, p.grad = data, grad
        for thing, held in [*self._modules, *self._objects]:
            vars(thing).clear()
            vars(thing).update(held)
        for group, values in self._groups:
            group.clear()
            group.update(values)


@contextlib.contextmanager
def own_random(states: dict[str, Any], device: torch.device) -> Iterator[None]:
    """Draw random numbers from `states`, which move on; those of everybody else stay where they are."""
    others = random_states(device)
    set_random_states(states, device)
    try:
        yield
    finally:
        states.update(random_states(device))
        set_random_states(others, device)


def digests(learn: Learner) -> dict[str, str]:
    """The SHA-256 of each part of what training goes on with: two that are equal are equal to the last bit. `the next
    batch` is read from its loader."""
    opt, states = learn.opt, random_states(learn.device)
    values = {key: value for key, value in vars(learn).items() if _is_plain(value)}
    modes = [module.training for module in learn.model.modules()]
    with own_random(random_states(learn.device), learn.device):
        coming = next(iter(learn.data.train.batches(learn.epoch, learn.batch)), None)
    return {
        "weights": _digest(dict(learn.model.named_parameters())),
        "buffers": _digest(dict(learn.model.named_buffers())),
        "gradients": _digest([p.grad for p in _weights(learn)]),
        "optimiser": _digest(
            [[_values(group), [opt.state.get(p) for p in group["params"]]] for group in opt.param_groups]
        ),
        "random numbers": _digest(states),
        "the next batch": _digest([learn.epoch, learn.batch, learn.step, coming]),
        "the rest": _digest([values, modes, learn.plan.at(0.0), learn.plan.at(0.5)]),
    }


def _values(group: dict[str, Any]) -> dict[str, Any]:
    """What an optimiser's group says of its parameters, without them."""
    return {name: value for name, value in group.items() if name != "params"}


def _learning(learn: Learner) -> list[Callback]:
    """The callbacks that belong to learning itself, such as one that clips gradients."""
    return [callback for callback in learn.callbacks if callback.learning]


def _weights(learn: Learner) -> list[nn.Parameter]:
    """All parameters of the model, and those that the optimiser has besides, each once."""
    others = [p for group in learn.opt.param_groups for p in group["params"]]
    return list(dict.fromkeys([*learn.model.parameters(), *others]))


def _copied(held: dict[str, Any], copies: dict[int, Tensor]) -> dict[str, Any]:
    """A module's attributes: containers and tensors of its own (a recurrent network's state, say), and nobody to watch.
    One tensor becomes one copy, wherever it is held."""

    def twin(value: Any) -> Any:
        if isinstance(value, Tensor):
            if id(value) not in copies:
                copies[id(value)] = value.detach().clone()
            return copies[id(value)]
        if type(value) in (list, tuple):
            return type(value)(twin(part) for part in value)
        if isinstance(value, dict):
            found = copy.copy(value)
            found.update({name: twin(part) for name, part in value.items()})
            return found
        return value

    return {name: twin(value) for name, value in held.items()} | {"_forward_hooks": OrderedDict()}


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return value is None or isinstance(value, (bool, int, float, str, Tensor))


def _digest(value: Any) -> str:
    found = hashlib.sha256()
    _feed(found, value)
    return found.hexdigest()


def _feed(found: Any, value: Any) -> None:
    """Add a value to a hash, with its kind, so that no two different ones look the same."""
    if isinstance(value, Tensor):
        found.update(f"tensor {value.dtype} {tuple(value.shape)};".encode())
        found.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    elif isinstance(value, dict):
        found.update(f"dict {len(value)};".encode())
        for key, part in value.items():
            _feed(found, str(key))
            _feed(found, part)
    elif isinstance(value, (list, tuple)):
        found.update(f"list {len(value)};".encode())
        for part in value:
            _feed(found, part)
    else:
        found.update(f"{type(value).__name__} {value!r};".encode())
