"""A few small photos of two kinds, a pretrained network of sorts, and Learners of `dogscats` on them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from fastai_tui.engine.device import prepare
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs import process
from fastai_tui.engine.runs.process import build
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.engine.training import JobLearner
from fastai_tui.lessons.experiments import order
from tests.vision import untrained

MODEL = "squeezenet1_1"  # small, and without batch norm; `shufflenet_v2_x0_5` has some
COUNTS = {"train": 12, "valid": 5}  # of each class


def photos(place: Path, seed: int = 0, size: tuple[int, int] = (70, 90)) -> Path:
    """A folder of noise of a height and width, in which cats are reddish and dogs greenish."""
    random = np.random.default_rng(seed)
    for part, count in COUNTS.items():
        for channel, name in enumerate(("cats", "dogs")):
            (place / part / name).mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(0, 256, (*size, 3), dtype=np.uint8)
                pixels[..., channel] |= 0xC0
                Image.fromarray(pixels).save(place / part / name / f"{number}.png")
    return place


def weights(place: Path, model: str = MODEL) -> Path:
    """A file of weights for a network, random ones."""
    torch.manual_seed(0)
    torch.save(untrained(model).state_dict(), place / f"{model}.pth")
    return place / f"{model}.pth"


def settings(place: Path, **chosen: object) -> dict[str, object]:
    """Settings of a small run; `place` is where the weights are."""
    model = str(chosen.get("model", MODEL))
    path = place / f"{model}.pth"
    return {
        "model": model,
        "weights": str(path if path.exists() else weights(place, model)),
        "size": 64,
        "bs": 8,
    } | chosen


def learner(place: Path, epochs: int | None = 2, seed: int = 1, **chosen: object) -> JobLearner:
    """A Learner on the photos in `place/photos`, which are made if they are not there."""
    folder = place / "photos"
    if not folder.is_dir():
        photos(folder)
    return made(settings(place, **chosen), folder, epochs, seed)


def made(given: Mapping[str, object], data: Path | str, epochs: int | None, seed: int) -> JobLearner:
    """The Learner of these settings."""
    job = order("dogscats", given, data=str(data), epochs=epochs, device="cpu", seed=seed)
    prepare(torch.device("cpu"), seed)
    learn = build(job)
    assert isinstance(learn, JobLearner)
    return learn


def ran(job: Job) -> Run:
    """A run of the job: all that its process does, in this one."""
    run = RunStore().create(job, "", ["test"], at_once=True)
    assert process.main(run.path) == 0, run.state()
    return run
