"""What is told of a training loop, hook by hook. Plain values; free of torch."""

import msgspec

HOOKS = (
    "before_fit", "before_epoch", "before_batch", "before_step", "after_batch", "cleanup_batch", "after_epoch",
    "cleanup_epoch", "after_fit", "cleanup_fit",
)  # fmt: skip
LONGEST_CYCLE, LARGEST_MULT, MOST_BATCHES = 4, 3, 12  # what a trace can be asked for


class Act(msgspec.Struct, frozen=True):
    """What a callback did at a hook. `what` is `rate` (from `before` to `after`), `file` (written, called `name`),
    `state` (begun empty), `cycle` (the one numbered `after` is over), `count` (batch `after` of a cycle's `before`), or
    `nothing`."""

    callback: str
    what: str
    before: float = 0.0
    after: float = 0.0
    name: str = ""


class Call(msgspec.Struct, frozen=True):
    """A hook that was called from a `line` of the loop's file. The place: `epoch` and `cycle` from 1, `batch` and
    `saved` (files with weights) so far. `rate` is what the optimiser is told next.

    What the loop itself has done since the hook before: the batch's `loss`, the norm of its gradients, how far the
    weights have `moved` (norm), the validation loss. `state` is none, cut (carried without how it came about), or
    history (with it).
    """

    hook: str
    line: int
    epoch: int
    batch: int
    cycle: int
    rate: float
    saved: int
    state: str
    acts: list[Act]
    loss: float | None = None
    gradient: float | None = None
    moved: float | None = None
    valid_loss: float | None = None


class Listed(msgspec.Struct, frozen=True):
    """A callback: its name, where its code is (`module:object` for the lessons), and the hooks it has."""

    name: str
    code: str
    hooks: list[str]


class Trace(msgspec.Struct, frozen=True):
    """All of a training, from the first hook to the last; `ends` are the epochs after which cycles end."""

    calls: list[Call]
    callbacks: list[Listed]
    batches: int
    ends: list[int]
