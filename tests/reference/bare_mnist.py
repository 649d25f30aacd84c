"""The frozen yardstick: a plain PyTorch loop that trains the stability chapter's batch-norm network on MNIST.

Nothing of this project is imported: `python bare_mnist.py FOLDER EPOCHS [--threads N] [--statistics]` reads the four
IDX files, keeps the images on the device as uint8, and prints one line of JSON: the seconds of every epoch (training
and validation), its validation loss and accuracy. `--statistics` shows what the plainest way of recording mean,
deviation, near-zero share and histogram of the five convolutions costs (torch.histc, `.item()` nowhere).
"""

import argparse
import gzip
import itertools
import json
import math
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F


def idx(folder: Path, name: str) -> torch.Tensor:
    path = folder / name
    content = path.read_bytes() if path.exists() else gzip.decompress(path.with_name(name + ".gz").read_bytes())
    dims = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(content[3])]
    return torch.frombuffer(bytearray(content[4 + 4 * len(dims) :]), dtype=torch.uint8).view(dims)


def network() -> nn.Sequential:
    widths, layers = [1, 8, 16, 32, 64], []
    for i, (before, after) in enumerate(itertools.pairwise(widths)):
        ks = 5 if i == 0 else 3
        layers += [nn.Conv2d(before, after, ks, stride=2, padding=ks // 2), nn.ReLU(), nn.BatchNorm2d(after)]
    return nn.Sequential(*layers, nn.Conv2d(64, 10, 3, stride=2, padding=1), nn.BatchNorm2d(10), nn.Flatten())


def one_cycle(x: float, top: float) -> tuple[float, float]:
    def cos(start: float, end: float, at: float) -> float:
        return start + (1 + math.cos(math.pi * (1 - at))) * (end - start) / 2

    if x < 0.25:
        return cos(top / 25, top, x / 0.25), cos(0.95, 0.85, x / 0.25)
    return cos(top, top / 1e5, (x - 0.25) / 0.75), cos(0.85, 0.95, (x - 0.25) / 0.75)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("epochs", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--statistics", action="store_true")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    torch.manual_seed(42)
    device, bs, top = torch.device(asked.device), 512, 0.06
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    xs, ys, xv, yv = (idx(asked.folder, name).to(device) for name in names)
    xs, ys, xv, yv = xs.unsqueeze(1), ys.long(), xv.unsqueeze(1), yv.long()
    pixels = xs.double() / 255
    mean, std = pixels.mean().item(), pixels.std().item()
    model = network().to(device)
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decay, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]
    opt = torch.optim.AdamW(groups, lr=top, betas=(0.95, 0.99), eps=1e-5, fused=True)
    kept: list[torch.Tensor] = []

    def record(module: nn.Module, inputs: object, out: torch.Tensor) -> None:
        if module.training:
            o = out.detach().float()
            numbers = torch.stack([o.mean(), o.std(), (o <= 0.05).float().mean()])
            kept.append(torch.cat([numbers, o.histc(40, 0, 10)]))

    if asked.statistics:
        for module in model:
            if isinstance(module, nn.Conv2d):
                module.register_forward_hook(record)
    batches, seconds, results, losses = len(xs) // bs, [], [], []
    for epoch in range(asked.epochs):
        began = time.perf_counter()
        order = torch.randperm(len(xs), device=device)
        model.train()
        for b in range(batches):
            rate, momentum = one_cycle((epoch * batches + b) / (asked.epochs * batches), top)
            for group in opt.param_groups:
                group["lr"], group["betas"] = rate, (momentum, 0.99)
            place = order[b * bs : (b + 1) * bs]
            loss = F.cross_entropy(model((xs[place].float() / 255 - mean) / std), ys[place])
            loss.backward()
            opt.step()
            opt.zero_grad()
            losses.append(loss.detach())
        model.eval()
        with torch.no_grad():
            preds = torch.cat([model((xb.float() / 255 - mean) / std) for xb in xv.split(bs)])
            results.append((F.cross_entropy(preds, yv).item(), (preds.argmax(1) == yv).float().mean().item()))
        seconds.append(time.perf_counter() - began)
    print(json.dumps({"seconds": seconds, "results": results, "losses": torch.stack(losses).tolist()[-5:]}))


if __name__ == "__main__":
    main()
