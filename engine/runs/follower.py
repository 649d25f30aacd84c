"""A process that helps another to train a run: `python -m fastai_tui.engine.runs.follower`, started by torchrun.

It is told everything by the process that leads, also what the run is, and writes nothing.
"""

import io
import sys
from typing import Any

import msgspec

from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.ranks import Rank, mine


def main() -> int:
    """Help until the leading process needs nothing any more; returns the exit code. What goes wrong goes to the
    standard error: the leading process notices that this one is gone."""
    rank = mine()
    assert rank is not None
    try:
        _help(rank)
    except FastaiTuiError as error:
        print(f"process {rank.number} of {rank.count}: {error}", file=sys.stderr)
        return 1
    return 0


def _help(rank: Rank) -> None:
    from fastai_tui.engine.device import choose, prepare, wanted
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.parallel import Following, Group, follow_only
    from fastai_tui.engine.runs.process import build

    group = Group(rank)
    told: dict[str, Any] = group.hear()
    if not told:
        return
    job = msgspec.json.decode(told["job"], type=Job)
    device = choose(wanted(job.device, rank.local))
    prepare(device, job.seed)
    learn = build(msgspec.structs.replace(job, device=str(device)))
    follow_only(learn)
    if told["checkpoint"]:
        _go_on(learn, told["checkpoint"], rank)
    group.share(learn)
    following = Following(group, job.seed)
    learn.callbacks.append(following)
    learn.fit(job.epochs)
    following.wait()
    group.leave()


def _go_on(learn: Any, content: bytes, rank: Rank) -> None:
    """Be where the checkpoint was taken, with this process's own part of it."""
    import torch

    from fastai_tui.engine.runs import checkpoints

    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    own = state["callbacks"]["Leading"][rank.number - 1]
    checkpoints.restore(learn, state | {"callbacks": own})


if __name__ == "__main__":
    sys.exit(main())
