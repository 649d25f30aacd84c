"""What the chapter `char-lm` states and can be computed at once, from the text itself, by torch and plain arithmetic.

What it says of whole runs is trained anew in tests/e2e/test_lesson_runs.py.
"""

import gzip
import math
from collections import Counter, defaultdict
from functools import lru_cache

import pytest
import torch
from torch import nn

from tests.conftest import ROOT
from tests.unit.test_chapter_numbers import answer, parameters, said

HIDDEN, EMBEDDING, TOKENS = 128, 42, 77


@lru_cache
def halves() -> tuple[str, str]:
    """The text, lower-cased: the first four fifths of its lines, and the rest."""
    text = gzip.decompress((ROOT / "assets" / "data" / "pydocs.txt.gz").read_bytes()).decode().lower()
    lines = text.splitlines(keepends=True)
    cut = len(lines) * 4 // 5
    return "".join(lines[:cut]), "".join(lines[cut:])


def after(beginning: str) -> Counter[str]:
    """What follows these characters, and how often."""
    text = halves()[0]
    n = len(beginning)
    return Counter(text[i + n] for i in range(len(text) - n) if text.startswith(beginning, i))


def test_the_text() -> None:
    train, _ = halves()
    frequent = sum(count >= 3 for count in Counter(train).values())
    assert len(train) == 370_037
    assert frequent + 2 == TOKENS  # and <unk> and <pad>; the line's end is among the characters
    assert "370,037" in said("char-lm", "streams")


def test_what_follows() -> None:
    e, tion = after("th"), after("tio")
    assert (e["e"], e.total()) == (4477, 6610)
    assert (tion["n"], tion.total()) == (1803, 1803)
    assert "4,477 of 6,610" in said("char-lm", "characters")
    assert "1,803 times of 1,803" in said("char-lm", "characters")
    assert 0.6 < e["e"] / e.total() < 0.7


def test_knowing_nothing_and_counting() -> None:
    train, held = halves()
    assert answer("char-lm", "characters", "nothing") == pytest.approx(math.log(TOKENS), abs=0.005)
    counts = Counter(train)
    assert -sum(n / len(train) * math.log(n / len(train)) for n in counts.values()) == pytest.approx(3.18, abs=0.01)
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for i in range(3, len(train)):
        table[train[i - 3 : i]][train[i]] += 1
    assert len(table) * TOKENS == pytest.approx(813_000, rel=1e-3)
    little = 0.05  # added to every count, so that what never came is not impossible
    loss = 0.0
    for i in range(3, len(held)):
        found = table.get(held[i - 3 : i], Counter())
        loss -= math.log((found[held[i]] + little) / (found.total() + little * TOKENS))
    assert loss / (len(held) - 3) == pytest.approx(1.47, abs=0.01)
    eights = {train[i : i + 8] for i in range(len(train) - 7)}
    assert 1 / 3 < sum(held[i : i + 8] not in eights for i in range(len(held) - 7)) / (len(held) - 7) < 0.4
    assert all(f"{number}" in said("char-lm", "characters") for number in ("4.34", "3.18", "1.47"))


def around(*recurrent: nn.Module) -> int:
    """The parameters of a network with these layers between its embedding and its output."""
    return parameters(nn.Embedding(TOKENS, EMBEDDING), *recurrent, nn.Linear(HIDDEN, TOKENS))


def test_parameters() -> None:
    added = around(nn.Linear(EMBEDDING, HIDDEN), nn.Linear(HIDDEN, HIDDEN))
    assert answer("char-lm", "loop", "parameters") == added == around(nn.RNN(EMBEDDING, HIDDEN)) == 35_183
    assert answer("char-lm", "concat", "fewer") == added - around(nn.Linear(EMBEDDING + HIDDEN, HIDDEN))
    assert parameters(nn.RNN(EMBEDDING, HIDDEN)) == 22_016
    assert answer("char-lm", "gru", "parameters") == around(nn.GRU(EMBEDDING, HIDDEN)) == 79_215
    assert around(nn.LSTM(EMBEDDING, HIDDEN, 2)) == 233_327
    assert "233,327" in said("char-lm", "lstm")
    assert answer("char-lm", "lstm", "little") == nn.LSTMCell(1, 1).weight_hh.shape[0]


def test_windows_and_streams() -> None:
    train = len(halves()[0])
    assert answer("char-lm", "streams", "dropped") == train % 64
    assert (train - 8) // 64 * 64 * 8 == pytest.approx(2_960_000, rel=1e-3)
    assert answer("char-lm", "every", "times") == 8
    assert answer("char-lm", "seq", "flat") == f"({64 * 8}, {TOKENS})"
    assert "2,960,000" in said("char-lm", "every")
    assert train // 64 == 5781


def test_the_cells() -> None:
    assert answer("char-lm", "cell", "tanh") == pytest.approx(math.tanh(3), abs=0.0005)
    assert math.tanh(1) == pytest.approx(0.76, abs=0.005)
    assert pytest.approx(13_781, abs=1) == 1.1**100
    assert pytest.approx(0.00003, abs=0.000005) == 0.9**100
    update, old, candidate = torch.tensor([0.9, 0.5, -1.0])
    assert answer("char-lm", "mix", "mixed") == pytest.approx(float(torch.lerp(candidate, old, update)))
    assert answer("char-lm", "history", "deep") == 100 * 8


def test_likelihoods() -> None:
    assert answer("char-lm", "surprise", "half") == pytest.approx(-math.log(0.5), abs=0.005)
    assert -math.log(0.01) == pytest.approx(4.6, abs=0.01)
    assert answer("char-lm", "live", "almost") == f"{math.exp(0.05 * 100):.0f} times"
    colder = torch.softmax(torch.tensor([2.0, 1.0]).log() / 0.5, 0)
    assert float(colder[0] / colder[1]) == pytest.approx(4)
