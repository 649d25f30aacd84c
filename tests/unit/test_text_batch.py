"""What the streams pane is told: the batches that runs train with, and the text around them, against slices of it."""

from pathlib import Path

import msgspec
import pytest
import torch

from fastai_tui.engine.data.text import text
from fastai_tui.engine.errors import BadInput, DataMissing
from fastai_tui.engine.interpret import text_batch
from fastai_tui.engine.text_batch import AROUND, MOST_ROWS, Folded, View
from fastai_tui.lessons.experiments import order
from fastai_tui.lessons.experiments.char_lm import text_data

VERSE = "the same streams, side by side.\nEach goes on where it stopped; " * 40


@pytest.fixture
def verse(tmp_path: Path) -> str:
    path = tmp_path / "verse.txt"
    path.write_text(VERSE)
    text_batch._text.cache_clear()
    text_batch._loaders.cache_clear()
    return str(path)


def train_text(path: str) -> str:
    found = text(path)
    return found.vocabulary.decode(found.train.tolist())


@pytest.mark.parametrize(
    ("model", "view", "size", "stride"),
    [
        ("three", "windows", 3, 3),
        ("loop", "windows", 8, 1),
        ("rnn", "windows", 5, 1),
        ("seq", "every", 8, 1),
        ("stateful", "streams", 8, 1),
        ("lstm", "streams", 11, 1),
    ],
)
@pytest.mark.parametrize(("epoch", "batch"), [(0, 0), (0, 4), (2, 3)])
def test_the_batches_are_those_that_a_run_of_that_network_gets(
    verse: str, model: str, view: View, size: int, stride: int, epoch: int, batch: int
) -> None:
    job = order("char-lm", {"model": model, "bs": 7, "bptt": size}, seed=5, data=verse)
    loader = text_data(msgspec.structs.replace(job, device="cpu"), text(verse)).train
    batches = list(loader.batches(epoch))
    found = text_batch.answer(verse, view, 7, size, stride, 5, epoch, batch)
    xb, yb = batches[batch]
    assert found.batches == len(loader)
    assert [row.numbers for row in found.rows] == xb.tolist()
    assert [target for row in found.rows for target in row.targets] == yb.tolist()
    assert (found.inputs, found.predictions) == (sum(x.numel() for x, _ in batches), sum(y.numel() for _, y in batches))
    last = text_batch.answer(verse, view, 7, size, stride, 5, epoch, 10**6)
    assert last.batch == len(loader) - 1
    assert [row.numbers for row in last.rows] == batches[-1][0].tolist()


@pytest.mark.parametrize("view", ["windows", "every", "streams"])
def test_a_row_lies_where_it_says_with_the_text_around_it(verse: str, view: View) -> None:
    whole = train_text(verse)
    for batch in range(3):
        found = text_batch.answer(verse, view, 6, 8, batch=batch)
        for number, row in enumerate(found.rows):
            end = row.start + found.length
            assert row.text == whole[row.start : end]
            assert row.before == whole[max(row.start - AROUND, 0) : row.start]
            assert row.after == whole[end : end + AROUND]
            if view == "streams":
                assert row.start == number * (len(whole) // 6) + found.first
            elif view == "every":
                assert row.start % 8 == 0


def test_streams_say_where_their_batches_begin(verse: str) -> None:
    lengths = [text_batch.answer(verse, "streams", 4, 8, epoch=1, batch=b).length for b in range(8)]
    found = text_batch.answer(verse, "streams", 4, 8, epoch=1, batch=3)
    cuts = dict(found.cuts)
    assert [cuts[b] for b in range(8)] == [sum(lengths[:b]) for b in range(8)]
    assert found.first == sum(lengths[:3])
    other = text_batch.answer(verse, "streams", 4, 8, epoch=0, batch=3)
    assert dict(other.cuts) != cuts
    size = len(train_text(verse))
    assert (found.long, found.dropped, found.tokens) == (size // 4, size % 4, size)


def test_the_learners_own_text_is_cut_up_with_the_datas_numbers(verse: str) -> None:
    own = "a side # stream"
    found = text_batch.answer(verse, "streams", 3, 5, own=own)
    vocabulary = text(verse).vocabulary
    assert (found.data, found.tokens, found.long, found.dropped, found.unknown) == ("your text", 15, 5, 0, "#")
    assert [row.numbers for row in found.rows] == [
        vocabulary.encode(own[i * 5 : i * 5 + 5])[: found.length] for i in range(3)
    ]


def test_a_text_that_is_too_short_and_one_that_is_missing_are_said(verse: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="too few for 9 streams"):
        text_batch.answer(verse, "streams", 9, 8, own="side")
    with pytest.raises(BadInput, match="too few"):
        text_batch.answer(verse, "windows", 1, 8, own="side")
    with pytest.raises(DataMissing):
        text_batch.answer(str(tmp_path / "none.txt"), "streams", 4, 8)
    with pytest.raises(BadInput):
        text_batch.answer(verse, "sideways", 4, 8)  # type: ignore[arg-type]


def test_a_very_wide_batch_is_told_in_part(verse: str) -> None:
    found = text_batch.answer(verse, "streams", 300, 8)
    assert len(found.rows) == MOST_ROWS
    assert found.streams == 300


def test_it_goes_through_the_lab_and_back(verse: str) -> None:
    found = text_batch.answer(verse, "every", 4, 6)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Folded) == found
    assert torch.tensor([row.numbers for row in found.rows]).shape == (4, 6)
