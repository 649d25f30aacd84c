"""The accuracies that the ladder must be able to show on the real pictures of CIFAR-10, through the command."""

from pathlib import Path

import pytest

from fastai_tui.engine import schedules
from fastai_tui.lessons.experiments import order
from tests.e2e.test_targets import fastai_tui, of_type, train

SEEDS = range(42, 45)
SECOND, FIRST = {"preset": "second"}, {"preset": "first"}
ROWS: dict[str, tuple[dict[str, str], list[tuple[int, float, float]]]] = {
    # a rung's settings; after how many epochs which accuracy, and how far it may be from that
    "linear": (SECOND, [(2, 0.44, 0.03), (4, 0.47, 0.03)]),
    "conv": (SECOND, [(2, 0.46, 0.05), (6, 0.59, 0.05)]),
    "layers": (SECOND, [(2, 0.45, 0.05), (4, 0.57, 0.05)]),
    "norm": (SECOND, [(2, 0.58, 0.04), (6, 0.70, 0.04)]),
    "deep": (SECOND, [(2, 0.57, 0.04), (4, 0.66, 0.04)]),
    "skips": (FIRST, [(2, 0.55, 0.04)]),
    "wide": (FIRST, [(2, 0.485, 0.045)]),
}
AS_LONG = SECOND | {"cycles": "2", "cycle_mult": "1"}  # as `deep` is trained: skips' own cycles grow


@pytest.fixture
def pictures(test_data: Path, home: Path) -> str:
    """CIFAR-10, imported into this test's home."""
    fastai_tui("data", "import", "cifar10", str(test_data / "cifar10" / "cifar10-images.tar.gz"))
    return "cifar10"


def accuracies(data: str, model: str, chosen: dict[str, str], seed: int) -> list[float]:
    """The accuracy after every epoch."""
    settings = [text for name, value in chosen.items() for text in ("--set", f"{name}={value}")]
    told = train(data, "cifar10", ["--set", f"model={model}", *settings], seed)
    epochs = of_type(told, "epoch")
    found = [epoch["metrics"]["accuracy"] for epoch in epochs]
    print(f"{model}, seed {seed}: " + " ".join(f"{accuracy:.4f}" for accuracy in found) + f", validation loss "
          f"{epochs[-1]['valid_loss']:.4f}, {sum(epoch['seconds'] for epoch in epochs):.0f} s")  # fmt: skip
    return found


@pytest.mark.acceptance
@pytest.mark.real_data
@pytest.mark.timeout(7200)
def test_the_rungs_come_to_the_course_s_accuracies_in_its_order(pictures: str) -> None:
    reached = {model: accuracies(pictures, model, chosen, 42) for model, (chosen, _) in ROWS.items()}
    for model, (_, stages) in ROWS.items():
        for epochs, expected, within in stages:
            assert abs(reached[model][epochs - 1] - expected) <= within, (model, epochs)
        assert len(reached[model]) == stages[-1][0]
    assert reached["linear"][-1] < reached["conv"][-1] < reached["norm"][-1]


@pytest.mark.acceptance
@pytest.mark.real_data
@pytest.mark.timeout(14400)
def test_depth_against_skips_is_told_as_measured(pictures: str) -> None:
    """At the same number of epochs; which is ahead is not asked."""
    for seed in SEEDS:
        deep, skips = accuracies(pictures, "deep", SECOND, seed), accuracies(pictures, "skips", AS_LONG, seed)
        print(f"seed {seed}: skips − deep {skips[-1] - deep[-1]:+.4f}")
        assert len(deep) == len(skips) == 4
        assert min(deep[-1], skips[-1]) > 0.6


def test_the_rungs_are_trained_for_as_long_as_is_asked() -> None:
    for model, (chosen, stages) in ROWS.items():
        assert order("cifar10", {"model": model, **chosen}, data="colour-digits").epochs == stages[-1][0]
    deep = order("cifar10", {"model": "deep", **SECOND}, data="colour-digits")
    skips = order("cifar10", {"model": "skips", **AS_LONG}, data="colour-digits")
    assert schedules.ends(deep.settings) == schedules.ends(skips.settings) == (3, 4)
