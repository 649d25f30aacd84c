"""A finder's curve for whoever shows it: it grows by pieces, its axis holds what matters, and its words are right."""

import math
from typing import Any

import msgspec
import pytest

from fastai_tui.app import rate_finding
from fastai_tui.app.rate_finding import Finding, ending, extent, sentences, trace
from fastai_tui.app.text import Look, plain, width
from fastai_tui.engine.suggestions import NAMES, suggest
from fastai_tui.engine.sweep import Piece, Sweep, piece

BEFORE = {"weights": "a" * 64, "buffers": "b" * 64}


def losses(count: int) -> list[float]:
    return [2.3 - 1.9 / (1 + math.exp(-(i / 100 - 0.7) * 30)) + math.exp((i / 100 - 0.9) * 40) for i in range(count)]


def told(first: int, last: int, *, done: bool = False, **more: Any) -> Piece:
    sweep = Sweep()
    rates, found = [sweep.rate(i) for i in range(last)], losses(last)
    part = Piece(
        first=first,
        lrs=rates[first:],
        losses=[*found[first:]],
        smooth_losses=[*found[first:]],
        before=BEFORE,
        device="cpu",
        data="mnist-sample",
        done=done,
    )
    if done:
        part = msgspec.structs.replace(part, suggestions=suggest(rates, found, 100), after=BEFORE, left=BEFORE)
    return msgspec.structs.replace(part, **more)


def whole(count: int = 100, **more: Any) -> Finding:
    return Finding(Sweep()).grown(told(0, 40)).grown(told(40, count, done=True, **more))


def test_pieces_make_one_curve_and_a_piece_that_comes_twice_counts_once() -> None:
    finding = Finding(Sweep()).grown(told(0, 40)).grown(told(30, 60)).grown(told(30, 60))
    assert finding.losses == tuple(losses(60))
    assert finding.rates == pytest.approx([Sweep().rate(i) for i in range(60)])
    assert not finding.done
    assert whole().done


def test_a_loss_that_is_no_number_comes_through_json_and_is_none_on_the_curve() -> None:
    one = msgspec.structs.replace(told(0, 3), losses=[1.0, math.nan, math.inf], smooth_losses=[1.0, math.nan, math.inf])
    arrived = piece(msgspec.json.decode(msgspec.json.encode(one)))
    finding = Finding(Sweep()).grown(arrived)
    assert [math.isnan(loss) for loss in finding.smooth] == [False, True, True]
    assert finding.lowest == 0
    assert extent(finding) == pytest.approx((1.0, 1.5), abs=0.5)
    for look in (Look(), Look(unicode=False)):
        assert {width(line) for line in rate_finding.picture(finding, 40, 10, look)} == {40}


def test_the_axis_holds_the_fall_and_only_the_beginning_of_the_explosion() -> None:
    finding = Finding(Sweep()).grown(told(0, 1))
    assert extent(finding)[1] < 2 * losses(1)[0]
    low, high = extent(whole())
    assert low == 0  # the loss falls to a sixth
    assert losses(1)[0] < high < max(losses(100))
    assert extent(Finding(Sweep())) == (0.0, 1.0)


def test_all_suggestions_are_marked_but_those_that_are_to_stay_unmarked() -> None:
    marks = rate_finding.MARKS
    lines = [plain(line) for line in rate_finding.picture(whole(), 80, 20, Look())][1:-2]
    body = "".join(line[5:] for line in lines)
    assert all(body.count(mark) == 1 for mark in marks.values())
    lines = [plain(line) for line in rate_finding.picture(whole(), 80, 20, Look(), ("valley", "slide"))][1:-2]
    body = "".join(line[5:] for line in lines)
    assert [body.count(marks[name]) for name in NAMES] == [1, 1, 0, 0]


def test_the_words_say_what_was_suggested_how_it_ended_and_that_nothing_was_moved() -> None:
    words = dict(sentences(whole(stopped_early=True)))
    assert words["1 minimum"] == "0.0363: a tenth of 0.36, where the loss is lowest"
    assert words["3 valley"].startswith("0.000398: ")
    assert "4 times its lowest" in words["end"]
    assert words["trace"].startswith("none: all 2 hashes")
    moved = whole(after={"weights": "c" * 64, "buffers": "b" * 64})
    assert moved.differing() == ["weights"]
    assert "weights differs" in dict(sentences(moved))["trace"]
    assert trace(["weights", "buffers"], 2).startswith("weights, buffers differ ")


def test_how_it_ended_is_told_for_every_end() -> None:
    assert "all the way" in ending(whole())
    broken = msgspec.structs.replace(
        told(0, 2), smooth_losses=[1.0, None], losses=[1.0, None], done=True, stopped_early=True
    )
    assert "no number" in ending(Finding(Sweep()).grown(broken))
    assert ending(Finding(Sweep()).grown(told(0, 9))) == ""
    assert all(len(ending(one, brief=True)) <= 38 for one in (whole(), whole(stopped_early=True)))


def test_curves_without_a_suggestion_say_why() -> None:
    short = msgspec.structs.replace(told(0, 3, done=True), suggestions=suggest([1e-7] * 3, [2.0] * 3, 100))
    finding = Finding(Sweep()).grown(short)
    assert finding.suggestions == ()
    assert all(words.startswith("none: ") for name, words in sentences(finding) if name[0] in "1234")
