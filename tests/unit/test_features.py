"""One number as a feature, against every threshold tried one by one; sizes of photos, and costs, against themselves."""

import itertools
import math

import numpy as np
import pytest

from fastai_tui.engine import features
from fastai_tui.engine.data.photo_activations import shipped
from fastai_tui.engine.errors import BadInput, DataMissing
from fastai_tui.engine.interpret import features as lab
from fastai_tui.engine.interpret import photo_facts, precompute_costs

GENERATOR = np.random.default_rng(1)
VALUES = GENERATOR.integers(0, 9, (40, 12)).astype(np.float16)  # many are equal
LABELS = GENERATOR.integers(0, 2, 40).astype(np.uint8)


def tried(values: list[float], labels: list[int]) -> float:
    """The best share of all thresholds, both ways round."""
    shares = []
    for cut, answer in itertools.product([-math.inf, *values], (0, 1)):
        said = [answer if value > cut else 1 - answer for value in values]
        shares.append(sum(a == b for a, b in zip(said, labels, strict=True)) / len(labels))
    return max(shares)


def test_the_best_threshold_is_the_best_of_all() -> None:
    scores = lab.separations(VALUES, LABELS)
    for column, score in enumerate(scores):
        values, labels = VALUES[:, column].tolist(), LABELS.tolist()
        cut, share = features.best_threshold(values, labels)
        assert share == pytest.approx(tried(values, labels)) == score
        answer = features.above(values, labels, cut)
        assert features.accuracy(values, labels, cut, answer) == pytest.approx(share)


def test_a_histogram_counts_every_value_once() -> None:
    values = VALUES[:, 0].tolist()
    assert features.histogram(values, 0, 8, 4) == np.histogram(values, 4, (0, 8))[0].tolist()
    assert features.histogram([2.0, 2.0], 2, 2, 3) == [2, 0, 0]


def test_a_channel_is_told_with_the_next_better_one_and_the_cat() -> None:
    told, found = lab.answer(5), shipped()
    assert told.values == found.activations["train_average"][:, 5].float().tolist()
    assert (len(told.valid_values), told.channels, told.classes) == (800, 1280, ["cats", "dogs"])
    share = [features.best_threshold(each.values, each.labels)[1] for each in (told, lab.answer(told.better))]
    assert share[1] > share[0]
    best = lab.answer(told.best)
    assert features.best_threshold(best.values, best.labels)[1] > 0.85
    assert best.better == best.channel
    for wrong in ((1280, "average"), (-1, "average"), (0, "median")):
        with pytest.raises(BadInput):
            lab.answer(*wrong)


def test_the_embedded_sizes_are_those_of_the_photos() -> None:
    told = photo_facts.facts("photo-activations")
    assert (told.train, told.valid, told.counts, told.here) == (2000, 800, [1000, 1000], False)
    assert len(told.widths) == len(told.heights) == 2800
    assert {min(pair) for pair in zip(told.widths, told.heights, strict=True)} == {256}
    assert (told.small(224), told.small(257)) == (0, 1)
    cat = photo_facts.photo("photo-activations", 5)
    assert (cat.width, cat.height, len(cat.pixels)) == (451, 300, 3 * cat.shown[0] * cat.shown[1])


def test_breeds_that_are_not_here_have_a_first_row_held_out() -> None:
    told = photo_facts.facts("dogbreeds")
    order = np.random.RandomState(42).permutation(10_222)
    assert (told.photos, told.valid, len(told.classes), told.counts) == (10_222, 2_044, 120, [])
    assert told.first_held == order[4 * 2_044]
    with pytest.raises(DataMissing):
        photo_facts.facts("/no/such/folder")
    with pytest.raises(BadInput):
        photo_facts.facts("mnist")


def test_the_cache_is_cheaper_than_the_trunk() -> None:
    while not (told := precompute_costs.answer(bs=2, size=64)).done:
        assert told.through >= 0
    assert told.numbers == 2560
    assert told.through_photos >= 6
    assert told.ratio > 2
    with pytest.raises(BadInput):
        precompute_costs.answer(bs=1)
