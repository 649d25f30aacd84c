"""The frozen bare loop that writes: an LSTM of two layers with 512 units, one character at a time, carrying its state.

Prints the seconds that each of some texts of 400 characters took, as JSON. Nothing of the project is imported. It is
not to be changed, for measurements of different days are compared with it.
"""

import argparse
import json
import time

import torch
from torch import nn

VOCABULARY, EMBEDDING, HIDDEN, LAYERS, CHARACTERS = 56, 42, 512, 2, 400


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, EMBEDDING)
        self.rnn = nn.LSTM(EMBEDDING, HIDDEN, LAYERS, batch_first=True, dropout=0.5)
        self.to_output = nn.Linear(HIDDEN, VOCABULARY)


@torch.no_grad()
def text(network: Network) -> list[int]:
    state, token, written = None, torch.tensor([[2]]), []
    for _ in range(CHARACTERS):
        states, state = network.rnn(network.embedding(token), state)
        token = torch.multinomial(network.to_output(states[:, -1]).softmax(1), 1)
        written.append(token.item())
    return written


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int)
    parser.add_argument("--times", type=int, default=3)
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    torch.manual_seed(42)
    network = Network().eval()
    text(network)
    seconds = []
    for _ in range(asked.times):
        began = time.perf_counter()
        text(network)
        seconds.append(time.perf_counter() - began)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
