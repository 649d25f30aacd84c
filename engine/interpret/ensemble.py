"""Several weights of one run, each on its own and together: an ensemble averages the probabilities that each gives.

The weights at the ends of cycles as an ensemble: Huang et al., "Snapshot Ensembles" (arXiv 1704.00109).
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fastai_tui.engine.errors import BadInput, DataMissing, DiskTrouble, RunFailed
from fastai_tui.engine.interpret.trained import Trained, learner, probabilities
from fastai_tui.engine.runs import checkpoints, cycles
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore

CYCLE = re.compile(r"cycle-[0-9]+\.safetensors")
REMEMBERED = 24  # files whose probabilities stay in memory: 800 kB each for 10,000 images of ten classes


def answer(run: str, files: Sequence[str]) -> dict[str, Any]:
    """The validation loss and accuracy of each of `files` (relative to the run's folder: checkpoints and cycles' ends),
    and, where there are several, of their ensemble. A lab request.

    Raises `BadInput` for what is no weights' file of the run and for networks whose outputs are no classes,
    `DataMissing` for one that is not there any more, `DiskTrouble` for a damaged one, `RunFailed` for weights that are
    not finite.
    """
    found = RunStore().find(run)
    every = [_remembered(found, file) for file in files]
    together = torch.stack([likely for likely, _ in every]).mean(0) if len(every) > 1 else None
    return {
        "run": found.id,
        "files": [{"file": file, **_scores(likely, truth)} for file, (likely, truth) in zip(files, every, strict=True)],
        "ensemble": None if together is None else _scores(together, every[0][1]),
    }


def _scores(likely: Tensor, truth: Tensor) -> dict[str, float]:
    """Cross-entropy, accuracy, and how many are right of how many."""
    right = int((likely.argmax(1) == truth).sum())
    smallest = torch.finfo(likely.dtype).tiny  # a probability of 0 would be an infinite loss
    loss = -likely.gather(1, truth[:, None]).clamp_min(smallest).log().mean()
    return {"loss": float(loss), "accuracy": right / len(truth), "right": right, "total": len(truth)}


def _remembered(run: Run, file: str) -> tuple[Tensor, Tensor]:
    path = run.path / file
    if not _is_weights(file):
        raise BadInput(f"{file} is no checkpoint and no cycle's end of {run.id}.")
    try:
        stat = path.stat()
    except OSError:
        raise DataMissing(f"{file} of {run.id} is not there any more: choose another.") from None
    return _predicted(run.path, file, stat.st_mtime_ns, stat.st_size)


def _is_weights(file: str) -> bool:
    folder, _, name = file.partition("/")
    pattern = {"checkpoints": checkpoints.NAME, cycles.FOLDER: CYCLE}.get(folder)
    return pattern is not None and pattern.fullmatch(name) is not None


@lru_cache(REMEMBERED)
def _predicted(folder: Path, file: str, changed: int, size: int) -> tuple[Tensor, Tensor]:
    """Every validation image's probabilities (n, classes) in float64, and its class (n,). `changed` and `size` make
    sure that a file that was written anew is read anew."""
    run = Run(folder)
    learn = learner(run.spec.job)
    if file.endswith(".safetensors"):
        learn.load(folder / file)
    else:
        state = checkpoints.whole(folder / file)
        if state is None:
            raise DiskTrouble(f"{file} of {run.id} is damaged: choose another.")
        checkpoints.restore_model(learn, state)
    if not all(bool(p.isfinite().all()) for p in learn.model.parameters()):
        raise RunFailed(f"The weights in {file} are no numbers any more, because {run.id} diverged: choose another.")
    valid = Trained(run, 0, learn).valid
    every = [(probabilities(learn.predict(xb).double()), yb) for xb, yb in valid.batches(0)]
    likely = [one for one, _ in every if one is not None]
    if len(likely) < len(every):
        raise BadInput(f"{run.id} answers with grids of numbers, and none of them is a class: take model=cnn.")
    return torch.cat(likely), torch.cat([yb for _, yb in every])
