"""The losses that the chapter on text must be able to show, on all of Nietzsche, through the command."""

from pathlib import Path

import pytest

from tests.e2e.test_targets import of_type, train

SEEDS = range(1, 4)
FOUR = ["--epochs", "4"]
ROWS: dict[str, tuple[list[str], float, float]] = {
    # the settings; the validation loss after the last epoch, in nats, and how far it may be from that
    "state carried": (["--set", "model=stateful"], 1.54, 0.10),
    "the cell by hand": (["--set", "model=cell"], 1.54, 0.10),
    "GRU": (["--set", "model=gru"], 1.36, 0.10),
}
LSTM = ["--set", "model=lstm", "--set", "cycles=2"]  # the first two cycles of four: one epoch, then two


def losses(data: Path, settings: list[str], seed: int) -> list[float]:
    """Every epoch's validation loss."""
    told = train(data / "text" / "nietzsche.txt", "char-lm", ["--set", "preset=full", *settings], seed)
    started = of_type(told, "run_started")[0]
    assert (started["data"]["train"], started["data"]["valid"]) == (490_919, 109_975)
    return [epoch["valid_loss"] for epoch in of_type(told, "epoch")]


def last(data: Path, name: str, settings: list[str], seed: int) -> float:
    found = losses(data, settings, seed)
    print(f"{name}, seed {seed}: " + " ".join(f"{loss:.3f}" for loss in found))
    return found[-1]


@pytest.mark.acceptance
@pytest.mark.real_data
@pytest.mark.timeout(3600)
def test_a_gru_is_better_than_a_plain_network_by_its_margin_for_three_seeds(test_data: Path) -> None:
    for seed in SEEDS:
        reached = {name: last(test_data, name, settings, seed) for name, (settings, _, _) in ROWS.items()}
        for name, (_, expected, within) in ROWS.items():
            assert abs(reached[name] - expected) <= within, (name, seed)
        assert reached["state carried"] - reached["GRU"] >= 0.08
        assert reached["the cell by hand"] - reached["GRU"] >= 0.08


@pytest.mark.acceptance
@pytest.mark.real_data
@pytest.mark.timeout(3600)
def test_where_no_state_is_carried_an_answer_for_every_character_costs_the_beginnings(test_data: Path) -> None:
    """The loop and `nn.RNN` are one function, so they end alike; one that answers after every character as well has
    next to nothing to go by at each window's first ones."""
    reached = {
        name: last(test_data, name, ["--set", f"model={name}", *FOUR], 1) for name in ("three", "loop", "rnn", "seq")
    }
    assert abs(reached["loop"] - reached["rnn"]) < 0.05
    assert max(reached["loop"], reached["rnn"]) + 0.1 < reached["seq"] < 2.2
    assert reached["three"] > reached["rnn"] + 0.1


@pytest.mark.acceptance
@pytest.mark.real_data
@pytest.mark.timeout(7200)
def test_the_large_network_is_on_its_way(test_data: Path) -> None:
    """Two layers of 512 for three of the fifteen epochs: a CPU takes hours for all of them."""
    found = losses(test_data, LSTM, 1)
    print("LSTM 512×2: " + " ".join(f"{loss:.3f}" for loss in found))
    assert found == sorted(found, reverse=True)
    assert found[-1] < 1.45
