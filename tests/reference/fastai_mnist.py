"""The peer: the stability chapter's batch-norm network trained with fastai, fed as fastai's book feeds it.

`python fastai_mnist.py IDX_FOLDER PNG_FOLDER [--statistics]` writes the images as PNG files first (a folder per class,
the form in which fastai ships MNIST; not timed, and only once), then trains one epoch: chapter 13's DataBlock
(PILImageBW, GrandparentSplitter, Normalize) with every default of `dataloaders`, its worker processes included,
batch 512, `fit_one_cycle(1, 0.06)`. The network is the frozen loop's. `--statistics` records the same five convolutions
with `ActivationStats(with_hist=True)`. The last line is JSON: seconds of the epoch with its validation, loss, accuracy.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from bare_mnist import idx, network
from fastai import __version__
from fastai.callback.hook import ActivationStats
from fastai.vision.all import (
    CategoryBlock,
    DataBlock,
    GrandparentSplitter,
    ImageBlock,
    Learner,
    Normalize,
    PILImageBW,
    accuracy,
    get_image_files,
    parent_label,
)
from PIL import Image
from torch import nn
from torch.nn import functional as F

PARTS = {"training": "train", "testing": "t10k"}


def write_images(folder: Path, target: Path) -> None:
    for name, part in PARTS.items():
        images, labels = idx(folder, f"{part}-images-idx3-ubyte"), idx(folder, f"{part}-labels-idx1-ubyte")
        for label in range(10):
            (target / name / str(label)).mkdir(parents=True, exist_ok=True)
        for i, (pixels, label) in enumerate(zip(images.numpy(), labels.tolist(), strict=True)):
            Image.fromarray(pixels).save(target / name / str(label) / f"{i}.png")
    (target / "whole").touch()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("idx_folder", type=Path)
    parser.add_argument("png_folder", type=Path)
    parser.add_argument("--statistics", action="store_true")
    asked = parser.parse_args()
    if not (asked.png_folder / "whole").exists():
        write_images(asked.idx_folder, asked.png_folder)
    torch.manual_seed(42)
    block = DataBlock(
        blocks=(ImageBlock(cls=PILImageBW), CategoryBlock),
        get_items=get_image_files,
        splitter=GrandparentSplitter("training", "testing"),
        get_y=parent_label,
        batch_tfms=Normalize(),
    )
    dls = block.dataloaders(asked.png_folder, bs=512)
    model = network()
    callbacks = []
    if asked.statistics:
        callbacks.append(ActivationStats(modules=[m for m in model if isinstance(m, nn.Conv2d)], with_hist=True))
    learn = Learner(dls, model, loss_func=F.cross_entropy, metrics=accuracy, cbs=callbacks)
    with learn.no_bar(), learn.no_logging():
        began = time.perf_counter()
        learn.fit_one_cycle(1, 0.06)
        seconds = time.perf_counter() - began
    train_loss, valid_loss, share = learn.recorder.values[-1]
    told = {"seconds": seconds, "train_loss": train_loss, "valid_loss": valid_loss, "accuracy": share}
    facts = {"workers": dls.train.fake_l.num_workers, "threads": torch.get_num_threads(), "device": str(dls.device)}
    print(json.dumps(told | facts | {"fastai": __version__, "torch": torch.__version__}))


if __name__ == "__main__":
    main()
