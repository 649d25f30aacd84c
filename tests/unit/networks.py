"""Small networks and data for tests of training, built afresh and the same each time."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from fastai_tui.engine.data.batches import Data
from fastai_tui.engine.events import DataFacts
from fastai_tui.engine.job import Job
from fastai_tui.engine.metrics import accuracy, cross_entropy
from fastai_tui.engine.settings import Value
from fastai_tui.engine.training import JobLearner, assemble

FACTS = DataFacts(name="made", source="path", train=50, valid=23)
SETTINGS: dict[str, Value] = {
    "lr": 0.02,
    "schedule": "1cycle",
    "momentum": 0.9,
    "wd": 0.1,
    "opt": "adam",
    "cycles": 1,
    "cycle_len": 1,
    "cycle_mult": 1,
}


class Batches:
    """Items in an order that depends on the epoch; an incomplete last batch is given too."""

    def __init__(self, items: int, bs: int, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.xs = torch.randn(items, 6, generator=generator)
        self.ys = (self.xs.sum(1) > 0).long() + (self.xs[:, 0] > 1).long()
        self.items, self.bs, self.seed = items, bs, seed

    def __len__(self) -> int:
        return -(-self.items // self.bs)

    def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """As `Loader` says."""
        order = torch.randperm(self.items, generator=torch.Generator().manual_seed(self.seed + epoch))
        for batch in list(order.split(self.bs))[start:]:
            yield self.xs[batch], self.ys[batch]


def data() -> Data:
    """50 items to train on in batches of 10, 23 to validate in batches of 8."""
    return Data(Batches(50, 10, 1), Batches(23, 8, 2), FACTS)


def network(dropout: float = 0.0) -> nn.Sequential:
    """Two linear layers with a norm between them."""
    torch.manual_seed(7)
    return nn.Sequential(nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(dropout), nn.Linear(12, 3))


def learner(
    *, groups: bool = False, parts: Sequence[slice] = (), dropout: float = 0.0, epochs: int = 2, **chosen: Value
) -> JobLearner:
    """A Learner on the CPU; with `groups`, the first layer is a layer group of its own; or its groups are `parts`."""
    torch.set_num_threads(1)
    model = network(dropout)
    job = Job(experiment="made", builder="", settings=SETTINGS | chosen, epochs=epochs, device="cpu")
    chosen_parts = parts or ((slice(0, 1), slice(1, None)) if groups else ())
    layers = [model[part] for part in chosen_parts]
    return assemble(job, model, data(), cross_entropy, {"accuracy": accuracy}, layers)
