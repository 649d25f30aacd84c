"""The Learner: a model, data, a loss and an optimiser, and the loop that trains the one on the other."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from fastai_tui.engine import schedules
from fastai_tui.engine.callback import Callback, CancelBatch, CancelEpoch, CancelFit, Hooks
from fastai_tui.engine.data.batches import Data, Loader
from fastai_tui.engine.device import autocast, widest
from fastai_tui.engine.errors import BadInput, DataMissing
from fastai_tui.engine.groups import LayerGroups
from fastai_tui.engine.home import write_whole
from fastai_tui.engine.optim import forget, set_decay, set_rates

Metric = Callable[[Tensor, Tensor], Tensor]


class Learner:
    """Trains `model` on `data` with `opt` to lower `loss_func(preds, yb)`.

    `plan` tells the optimiser its rates and momentum before every batch. `metrics` map (preds, yb) to a batch's mean, a
    tensor on the device. The place in training is `epoch` (from 0), `batch` (done in this epoch) and `step` (done
    altogether); setting them before `fit` goes on from there. `start` is the step at which the plan began.
    """

    def __init__(
        self,
        model: nn.Module,
        data: Data,
        loss_func: Metric,
        opt: torch.optim.Optimizer,
        plan: schedules.Plan,
        metrics: Mapping[str, Metric] | None = None,
        callbacks: Sequence[Callback] = (),
        groups: LayerGroups | None = None,
    ) -> None:
        self.model, self.data, self.loss_func, self.opt, self.plan = model, data, loss_func, opt, plan
        self.metrics = dict(metrics or {})
        self.callbacks, self.groups = list(callbacks), groups or LayerGroups(model)
        self.device = next((p.device for p in model.parameters()), torch.device("cpu"))
        self.epoch = self.batch = self.step = self.start = self.epochs = 0
        self.valid_loss, self.results = float("nan"), dict[str, float]()
        self.through: nn.Module | None = None  # what adds up the gradients of several processes, around the model
        self.processes = 1  # that share every batch

    @property
    def forward(self) -> nn.Module:
        """The model as training sees it."""
        return self.model if self.through is None else self.through

    @property
    def total(self) -> int:
        """All the batches of this `fit`."""
        return self.epochs * len(self.data.train)

    def fit(self, epochs: int) -> None:
        """Train until `epochs` epochs are done, counting those done before; validate after each."""
        self.epochs, self.hooks = epochs, Hooks(self, self.callbacks)
        with self.hooks.around("fit", CancelFit):
            while self.epoch < epochs:
                with self.hooks.around("epoch", CancelEpoch):
                    self._train()
                    self.valid_loss, self.results = self.validate(self.data.valid)
                self.epoch, self.batch = self.epoch + 1, 0

    def fit_one_cycle(self, epochs: int, top: float) -> None:
        """Train for so many epochs more with Smith's 1cycle (fastai's defaults): warm up to the rate `top`, then
        anneal; momentum opposite."""
        rates = (schedules.one_cycle(top),) * len(self.plan.rates)
        self._fit_on(epochs, schedules.Plan(rates, schedules.one_cycle_momentum()))

    def fit_cycles(
        self,
        lr: float | list[float],
        cycles: int,
        *,
        cycle_len: int | None = None,
        cycle_mult: int = 1,
        wds: float | list[float] | None = None,
        momentum: float = 0.9,
    ) -> None:
        """fast.ai's `fit(lrs, n_cycle, cycle_len, cycle_mult, wds)`: train for `cycles` epochs more at the rate `lr`;
        or, with `cycle_len`, for so many cycles of SGDR, the first of `cycle_len` epochs, each next `cycle_mult` times
        as long.

        `lr` and `wds` (the weight decay, if it changes) are one number, or one per layer group. Raises ValueError if
        they are another number of numbers.
        """
        name, epochs = "flat", cycles
        if cycle_len is not None:
            name, epochs = "sgdr", schedules.cycle_epochs(cycles, cycle_len, cycle_mult)
        settings = {"schedule": name, "lr": lr, "momentum": momentum, "cycles": cycles, "cycle_mult": cycle_mult}
        plan = schedules.plan(settings | {"cycle_len": cycle_len or 1}, len(self.groups))
        if wds is not None:
            set_decay(self.opt, schedules.per_group(wds, len(self.groups)))
        self._fit_on(epochs, plan)

    def _fit_on(self, epochs: int, plan: schedules.Plan) -> None:
        self.plan, self.start = plan, self.step
        self.fit(self.epoch + epochs)

    def freeze_to(self, n: int) -> None:
        """Freeze the first `n` layer groups and no others; −1 means all but the last. What is frozen stays as it is to
        the last bit, and has no momentum when it learns again. Raises `BadInput` if nothing would be left to train."""
        self._freeze(n + len(self.groups) if n < 0 else n, self.groups.bn_frozen)

    def freeze(self) -> None:
        """Train the last layer group alone."""
        self.freeze_to(-1)

    def unfreeze(self) -> None:
        """Train all layer groups."""
        self.freeze_to(0)

    def bn_freeze(self, on: bool = True) -> None:
        """Keep the running statistics of all norms as they are, and normalise with them in training; or no longer.
        Raises `BadInput` for a network without any."""
        self._freeze(self.groups.frozen, on)

    def _freeze(self, frozen: int, bn_frozen: bool) -> None:
        forget(self.opt, self.groups.freeze(frozen, bn_frozen=bn_frozen))

    def _train(self) -> None:
        self.groups.check_learns()
        self.groups.train()
        for xb, yb in self.data.train.batches(self.epoch, self.batch):
            self.xb, self.yb = xb, yb
            with self.hooks.around("batch", CancelBatch):
                self._learn_from_batch()

    def _learn_from_batch(self) -> None:
        self.lr, self.momentum = self.plan.at((self.step - self.start) / (self.total - self.start))
        set_rates(self.opt, self.lr, self.momentum)
        with autocast(self.device):
            self.preds = self.forward(self.xb)
            self.loss = self.loss_func(self.preds, self.yb)
        self.loss.backward()
        self.hooks("before_step")
        self.opt.step()
        self.opt.zero_grad()
        self.batch, self.step = self.batch + 1, self.step + 1

    @torch.no_grad()
    def validate(self, loader: Loader) -> tuple[float, dict[str, float]]:
        """The mean loss and the metrics over a loader's targets, with the model in evaluation mode."""
        self.model.eval()
        measures = [self.loss_func, *self.metrics.values()]
        exact = widest(self.device)
        sums, count = torch.zeros(len(measures), dtype=exact, device=self.device), 0
        for xb, yb in loader.batches(0):
            with autocast(self.device):
                preds = self.model(xb)
                values = [measure(preds, yb) for measure in measures]
            sums += torch.stack([value.to(exact) for value in values]) * len(yb)
            count += len(yb)
        loss, *results = (sums / max(count, 1)).tolist()
        return loss, dict(zip(self.metrics, results, strict=True))

    @torch.no_grad()
    def predict(self, xb: Tensor) -> Tensor:
        """The model's outputs for a batch of ready inputs, in evaluation mode, in float32."""
        self.model.eval()
        with autocast(self.device):
            return self.model(xb.to(self.device)).float()

    def save(self, path: Path) -> None:
        """Write the weights as safetensors."""
        write_whole(path, save({name: t.contiguous() for name, t in self.model.state_dict().items()}))

    def load(self, path: Path) -> None:
        """Take weights that `save` wrote, all or none. Raises `DataMissing` if there are none at `path`, `BadInput` if
        they are another network's or no weights at all."""
        try:
            found = load_file(path)
        except FileNotFoundError as error:
            raise DataMissing(f"There are no weights at {path}.") from error
        except (SafetensorError, OSError) as error:
            raise BadInput(f"{path} holds no weights that can be read: {error}.") from error
        if _shapes(found) != _shapes(self.model.state_dict()):
            raise BadInput(f"{path} holds the weights of another network; its layers differ from this one's.")
        self.model.load_state_dict(found)


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in weights.items()}
