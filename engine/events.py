"""Events: what a run says about itself, as frozen, JSON-able values. CONTRACT: every field is public."""

from typing import Any

import msgspec

from fastai_tui.engine.settings import Value


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something that happened, at `time` (Unix seconds)."""

    time: float


class TrainingEvent(Event, frozen=True, kw_only=True, tag_field="type"):
    """Something that happened after `step` batches were done, in `epoch` (counted from 0)."""

    step: int
    epoch: int


class DataFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The data a run uses: `source` is `full`, `sample`, `path`, or `stand-in` for others that are not here;
    `train` and `valid` count items.

    The last four belong to text: tokens in each part, the vocabulary's size (special tokens included) and the
    distinct characters of the raw text.
    """

    name: str
    source: str
    train: int
    valid: int
    classes: list[str] | None = None
    tokens_train: int | None = None
    tokens_valid: int | None = None
    vocabulary: int | None = None
    characters: int | None = None


class RunStarted(Event, frozen=True, kw_only=True, tag="run_started"):
    """The first event of every run: what is going to happen."""

    run: str
    experiment: str
    settings: dict[str, Value]
    seed: int
    epochs: int
    device: str
    data: DataFacts
    parameters: int
    batches_per_epoch: int
    versions: dict[str, str]


class Preparing(Event, frozen=True, kw_only=True, tag="preparing"):
    """Before the first batch something is computed once: `what` it is, and how many of how many items are `done`."""

    what: str
    done: int
    total: int


class Batch(TrainingEvent, frozen=True, kw_only=True, tag="batch"):
    """One batch: `loss`, its debiased moving average (beta .98), a rate per layer group, momentum, samples a second."""

    loss: float | None
    smooth_loss: float | None
    lr: list[float]
    momentum: float
    samples_per_second: float


class LayerStats(msgspec.Struct, frozen=True, kw_only=True):
    """One layer's activations: mean, deviation, the share of values ≤ 0.05, and 40 counts over 0…10."""

    name: str
    mean: float | None
    std: float | None
    near_zero: float
    hist: list[int]


class Activations(TrainingEvent, frozen=True, kw_only=True, tag="activations"):
    """The activations of `batches` batches, of which `step` is the last (more than one once a long run is folded)."""

    layers: list[LayerStats]
    batches: int = 1


class Epoch(TrainingEvent, frozen=True, kw_only=True, tag="epoch"):
    """One epoch is over. `train_loss` is the smoothed loss at its end, as fastai prints it."""

    train_loss: float | None
    valid_loss: float | None
    metrics: dict[str, float | None]
    seconds: float


class Sample(TrainingEvent, frozen=True, kw_only=True, tag="sample"):
    """A text that the network wrote."""

    prompt: str
    text: str
    temperature: float


class Checkpoint(TrainingEvent, frozen=True, kw_only=True, tag="checkpoint"):
    """Everything that an exact resume needs is at `path` (relative to the run's folder); `best` so far or not."""

    path: str
    best: bool


class Changed(TrainingEvent, frozen=True, kw_only=True, tag="changed"):
    """Settings changed while running, by a `command` or the `app`, from the batch after `step` on.

    `command` is the id of the command that this answers. A pause is told as `{"paused": true}`.
    """

    settings: dict[str, Any]
    by: str
    command: str = ""


class Resumed(TrainingEvent, frozen=True, kw_only=True, tag="resumed"):
    """The run goes on from `step`; what was recorded after it is being done again."""

    versions: dict[str, str]


class Warned(TrainingEvent, frozen=True, kw_only=True, tag="warning"):
    """What is seen, why, and what to try; `command` is the id of the command that is refused, if it is one."""

    code: str
    message: str
    command: str = ""


class RunEnded(TrainingEvent, frozen=True, kw_only=True, tag="run_ended"):
    """The last event: `reason` is finished, stopped, failed, diverged or lost."""

    reason: str
    message: str
    seconds: float


AnyEvent = (
    RunStarted | Preparing | Batch | Activations | Epoch | Sample | Checkpoint | Changed | Resumed | Warned | RunEnded
)
_decoder = msgspec.json.Decoder(AnyEvent)
_encoder = msgspec.json.Encoder()


def encode(event: msgspec.Struct) -> bytes:
    """One line of JSON, without the newline; what is not finite becomes null."""
    return _encoder.encode(event)


def decode(line: bytes) -> AnyEvent:
    """The event that a line of JSON holds. Raises one of `errors.NOT_JSON` for what is not one."""
    return _decoder.decode(line)
