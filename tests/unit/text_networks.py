"""Untrained networks that read characters, in the place of those that runs keep, and what each is given to read."""

import pytest
import torch

from fastai_tui.engine.data.vocabulary import SPECIALS, Vocabulary
from fastai_tui.engine.interpret.text_model import TextModel
from fastai_tui.lessons.experiments.char_lm import NETWORKS

VOCABULARY = Vocabulary((*SPECIALS, *"abcdefgh ."))
WINDOWS = {"three": 3, "loop": 8, "concat": 8, "rnn": 8, "seq": 8}
TEXT = "a bad cab. each bad bed"


def network(name: str, seed: int = 3) -> torch.nn.Module:
    """As far from even as a trained one."""
    torch.manual_seed(seed)
    made = NETWORKS[name](len(VOCABULARY), 16, 6).double()
    with torch.no_grad():
        made.to_output.weight.mul_(8)
    return made.eval()


def lent(monkeypatch: pytest.MonkeyPatch, module: object, name: str, seed: int = 3) -> torch.nn.Module:
    """Have a lab request read with that network; returns another with the same weights."""
    model = TextModel("0007-char-lm", 30, network(name, seed), VOCABULARY, WINDOWS.get(name, 0))
    monkeypatch.setattr(module, "text_model", lambda source: model)
    return network(name, seed)


def given(name: str, tokens: list[int]) -> torch.Tensor:
    """What a network is given before the token that comes after these: (1, length)."""
    window = WINDOWS.get(name, 0)
    return torch.tensor([([2] * window + tokens)[-window:] if window else [2, *tokens]])
