"""The frozen bare loop that trains on text: a GRU of 256 units, or an LSTM of two layers with 512; state carried.

`python bare_char.py FILE gru|lstm EPOCHS [--threads N]` reads a text, lower-cased, the last fifth of its lines held
out, folds it into 64 streams with batches around 8 characters long, and prints one line of JSON: the seconds of every
epoch (training and validation) and its validation loss and accuracy. Nothing of the project is imported. It is not to
be changed, for measurements of different days are compared with it.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BS, BPTT, EMBEDDING = 64, 8, 42


class Network(nn.Module):
    def __init__(self, name: str, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, EMBEDDING)
        hidden = 256 if name == "gru" else 512
        self.rnn = (
            nn.GRU(EMBEDDING, hidden, batch_first=True)
            if name == "gru"
            else nn.LSTM(EMBEDDING, hidden, 2, batch_first=True, dropout=0.5)
        )
        self.to_output = nn.Linear(hidden, vocabulary)

    def forward(self, xb: torch.Tensor, state: object) -> tuple[torch.Tensor, object]:
        states, state = self.rnn(self.embedding(xb), state)
        return self.to_output(states).flatten(0, 1), state


def detached(state: object) -> object:
    return state.detach() if isinstance(state, torch.Tensor) else tuple(part.detach() for part in state)


def batches(tokens: torch.Tensor, random: np.random.Generator | None) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    streams, first = tokens[: len(tokens) // BS * BS].view(BS, -1), 0
    while first < streams.shape[1] - 1:
        length = BPTT
        if random is not None:
            base = BPTT / 2 if random.random() < 0.05 else BPTT
            length = max(5, int(random.normal(base, 5)))
        last = min(first + length, streams.shape[1] - 1)
        yield streams[:, first:last], streams[:, first + 1 : last + 1].flatten()
        first = last


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("model", choices=("gru", "lstm"))
    parser.add_argument("epochs", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    torch.manual_seed(42)
    lines = asked.file.read_text(encoding="utf-8").lower().splitlines(keepends=True)
    cut = int(0.8 * len(lines))
    numbers = {character: i + 2 for i, character in enumerate(sorted(set("".join(lines))))}
    train, valid = (
        torch.tensor([numbers[c] for line in part for c in line], device=asked.device)
        for part in (lines[:cut], lines[cut:])
    )
    model = Network(asked.model, len(numbers) + 2).to(asked.device)
    opt = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    random, seconds, results = np.random.default_rng(42), [], []
    for _ in range(asked.epochs):
        began, state = time.perf_counter(), None
        model.train()
        for xb, yb in batches(train, random):
            preds, state = model(xb, state)
            loss = F.cross_entropy(preds, yb)
            state = detached(state)
            loss.backward()
            opt.step()
            opt.zero_grad()
        model.eval()
        with torch.no_grad():
            total, right, count, state = 0.0, 0.0, 0, None
            for xb, yb in batches(valid, None):
                preds, state = model(xb, state)
                total += F.cross_entropy(preds, yb, reduction="sum")
                right += (preds.argmax(1) == yb).sum()
                count += len(yb)
        results.append((float(total) / count, float(right) / count))
        seconds.append(time.perf_counter() - began)
    print(json.dumps({"seconds": seconds, "results": results}))


if __name__ == "__main__":
    main()
