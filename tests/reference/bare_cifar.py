"""The frozen yardstick for colour images: a plain PyTorch loop that trains the chapter's first residual network.

`python bare_cifar.py FOLDER EPOCHS [--threads N] [--device NAME]` reads `train_images.npy` (n, 3, 32, 32), and
`train_labels.npy`, `valid_images.npy`, `valid_labels.npy`, all of bytes; keeps them on the device, flips, pads (4, by
reflection) and crops the training images a batch at a time, and trains with SGD (momentum, 1cycle) in channels_last, in
bfloat16 on a GPU. It prints one line of JSON: the seconds of every epoch (training and validation) and its validation
loss and accuracy. Nothing of the project is imported. It is not to be changed, for measurements of different days are
compared with it.
"""

import argparse
import contextlib
import itertools
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BS, TOP, DECAY, PAD = 256, 0.05, 1e-5, 4


class Layer(nn.Module):
    def __init__(self, before: int, after: int, stride: int, skip: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.norm, self.skip = nn.BatchNorm2d(after), skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.norm(F.relu(self.conv(x)))
        return x + out if self.skip else out


def network() -> nn.Sequential:
    widths, layers = [10, 20, 40, 80, 160], [nn.Conv2d(3, 10, 5, padding=2)]
    for before, after in itertools.pairwise(widths):
        layers += [Layer(before, after, 2, False), Layer(after, after, 1, True), Layer(after, after, 1, True)]
    return nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(160, 10))


def one_cycle(x: float) -> tuple[float, float]:
    def cos(start: float, end: float, at: float) -> float:
        return start + (1 + math.cos(math.pi * (1 - at))) * (end - start) / 2

    if x < 0.25:
        return cos(TOP / 25, TOP, x / 0.25), cos(0.95, 0.85, x / 0.25)
    return cos(TOP, TOP / 1e5, (x - 0.25) / 0.75), cos(0.85, 0.95, (x - 0.25) / 0.75)


def augmented(pixels: torch.Tensor) -> torch.Tensor:
    n, device = len(pixels), pixels.device
    padded = F.pad(pixels.float(), [PAD] * 4, mode="reflect")
    down, across = torch.randint(0, 2 * PAD + 1, (2, n, 1), device=device)
    rows, columns = (by + torch.arange(32, device=device) for by in (down, across))
    columns = torch.where(torch.rand(n, 1, device=device) < 0.5, columns.flip(1), columns)
    images, channels = torch.arange(n, device=device), torch.arange(3, device=device)
    return padded[
        images[:, None, None, None], channels[None, :, None, None], rows[:, None, :, None], columns[:, None, None, :]
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("epochs", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    torch.manual_seed(42)
    device = torch.device(asked.device)
    torch.backends.cudnn.benchmark = torch.backends.cuda.matmul.allow_tf32 = True
    cast = torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else contextlib.nullcontext()
    names = ("train_images", "train_labels", "valid_images", "valid_labels")
    xs, ys, xv, yv = (torch.from_numpy(np.load(asked.folder / f"{name}.npy")).to(device) for name in names)
    ys, yv, pixels = ys.long(), yv.long(), xs.float()
    mean, std = (pixels.mean((0, 2, 3), keepdim=True), pixels.std((0, 2, 3), keepdim=True))
    del pixels
    model = network().to(device, memory_format=torch.channels_last)
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decay, "weight_decay": DECAY}, {"params": rest, "weight_decay": 0.0}]
    opt = torch.optim.SGD(groups, lr=TOP, momentum=0.9)
    batches, seconds, results = len(xs) // BS, [], []
    for epoch in range(asked.epochs):
        began = time.perf_counter()
        order = torch.randperm(len(xs), device=device)
        model.train()
        for b in range(batches):
            rate, momentum = one_cycle((epoch * batches + b) / (asked.epochs * batches))
            for group in opt.param_groups:
                group["lr"], group["momentum"] = rate, momentum
            place = order[b * BS : (b + 1) * BS]
            with cast:
                loss = F.cross_entropy(model((augmented(xs[place]) - mean) / std), ys[place])
            loss.backward()
            opt.step()
            opt.zero_grad()
        model.eval()
        with torch.no_grad(), cast:
            preds = torch.cat([model((xb.float() - mean) / std).float() for xb in xv.split(512)])
            results.append((F.cross_entropy(preds, yv).item(), (preds.argmax(1) == yv).float().mean().item()))
        seconds.append(time.perf_counter() - began)
    print(json.dumps({"seconds": seconds, "results": results}))


if __name__ == "__main__":
    main()
