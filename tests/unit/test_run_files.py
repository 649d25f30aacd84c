"""The files of a run's folder: rows at their places, whole lines, bounded columns."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.engine.runs.activations import HEADER, ActivationReader, ActivationWriter, column_type, merged
from fastai_tui.engine.runs.log import LineReader, LineWriter
from fastai_tui.engine.runs.steps import CHUNK, StepReader, StepWriter, row_type


def rows(losses: list[float] | np.ndarray, groups: int = 1) -> np.ndarray:
    made = np.zeros(len(losses), row_type(groups))
    made["loss"] = losses
    return made


def test_a_row_stands_at_its_step_and_is_overwritten_when_redone(tmp_path: Path) -> None:
    writer = StepWriter(tmp_path / "steps", 2)
    writer.write(1, rows([5, 4, 3, 2], 2))
    writer.write(3, rows([30, 20, 10], 2))
    assert StepReader(tmp_path / "steps", 2).read()["loss"].tolist() == [5, 4, 30, 20, 10]


def test_a_row_cut_short_is_not_there_yet(tmp_path: Path) -> None:
    writer = StepWriter(tmp_path / "steps", 1)
    writer.write(1, rows([1, 2, 3]))
    path = tmp_path / "steps"
    path.write_bytes(path.read_bytes()[:-1])
    assert StepReader(path, 1).read()["loss"].tolist() == [1, 2]


def test_a_missing_file_has_no_rows(tmp_path: Path) -> None:
    reader = StepReader(tmp_path / "steps", 1)
    assert len(reader) == 0
    assert len(reader.read()) == 0
    assert reader.thin("loss", 10)[0].size == 0


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=1, max_size=200),
    st.integers(1, 120),
)
def test_thinning_keeps_every_bucket_minimum_and_maximum(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], width: int
) -> None:
    path = tmp_path_factory.mktemp("thin") / "steps"
    StepWriter(path, 1).write(1, rows(values))
    steps, lows, highs = StepReader(path, 1).thin("loss", width)
    buckets = min(width, len(values))
    expected: list[list[float]] = [[] for _ in range(buckets)]
    for i, value in enumerate(np.float32(values)):
        expected[i * buckets // len(values)].append(value)
    for bucket, low, high in zip(expected, lows, highs, strict=True):
        kept = [v for v in bucket if np.isfinite(v)]
        assert (np.isnan(low) and np.isnan(high)) if not kept else (low, high) == (min(kept), max(kept))
    assert (np.diff(steps) > 0).all()


def test_thinning_reads_a_long_log_in_pieces_without_a_seam(tmp_path: Path) -> None:
    count = 2 * CHUNK + 123
    values = np.random.default_rng(0).normal(size=count).astype(np.float32)
    StepWriter(tmp_path / "steps", 1).write(1, rows(values))
    _, lows, highs = StepReader(tmp_path / "steps", 1).thin("loss", 7)
    place = np.arange(count) * 7 // count
    assert lows.tolist() == [values[place == i].min() for i in range(7)]
    assert highs.tolist() == [values[place == i].max() for i in range(7)]


def test_a_reader_gets_whole_lines_only_and_each_once(tmp_path: Path) -> None:
    path = tmp_path / "log"
    reader = LineReader(path)
    assert reader.poll() == []
    path.write_bytes(b"one\ntw")
    assert reader.poll() == [b"one"]
    path.write_bytes(b"one\ntwo\n")
    assert reader.poll() == [b"two"]
    assert reader.poll() == []


def test_a_line_cut_by_a_crash_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'one\n{"half')
    LineWriter(path).write([b"two"])
    assert LineReader(path).poll() == [b"one", b'{"half', b"two"]


def column(mean: float, counts: int, values: int = 100) -> np.ndarray:
    made = np.zeros(1, column_type(1))
    made["layers"]["mean"], made["layers"]["std"], made["layers"]["near_zero"] = mean, 1.0, 0.5
    made["layers"]["values"], made["layers"]["hist"] = values, counts
    return made


def test_merging_columns_equals_the_statistics_of_all_their_values() -> None:
    rng = np.random.default_rng(1)
    parts = [rng.normal(i, 1 + i, size=50 + 10 * i) for i in range(3)]
    columns = np.zeros(3, column_type(1))
    for made, part in zip(columns["layers"][:, 0], parts, strict=True):
        made["mean"], made["std"], made["near_zero"] = part.mean(), part.std(ddof=1), (part <= 0.05).mean()
        made["values"], made["hist"] = len(part), np.histogram(part, 40, (0, 10))[0]
    one, together = merged(columns)["layers"][0], np.concatenate(parts)
    assert one["mean"] == pytest.approx(together.mean(), rel=1e-5)
    assert one["std"] == pytest.approx(together.std(ddof=1), rel=1e-5)
    assert one["near_zero"] == pytest.approx((together <= 0.05).mean(), rel=1e-5)
    assert one["hist"].tolist() == np.histogram(together, 40, (0, 10))[0].tolist()


def test_a_full_file_is_folded_and_stays_bounded(tmp_path: Path) -> None:
    writer = ActivationWriter(tmp_path / "a", 1, capacity=8)
    for step in range(1, 101):
        writer.write(step, column(float(step), counts=1))
    span, first, columns = ActivationReader(tmp_path / "a", ["x"]).read()
    assert (span, first) == (16, 0)
    assert columns["layers"]["hist"][:, 0, 0].tolist() == [16] * 6  # 96 of the 100; the last four wait for company
    assert columns["layers"]["mean"][:, 0].tolist() == [8.5 + 16 * i for i in range(6)]
    assert (tmp_path / "a").stat().st_size <= HEADER + 8 * column_type(1).itemsize


def test_rewinding_overwrites_what_is_redone(tmp_path: Path) -> None:
    writer = ActivationWriter(tmp_path / "a", 1)
    writer.write(1, np.concatenate([column(i, 1) for i in range(10)]))
    again = ActivationWriter(tmp_path / "a", 1)
    again.rewind(4)
    again.write(5, np.concatenate([column(50 + i, 1) for i in range(3)]))
    _, _, columns = ActivationReader(tmp_path / "a", ["x"]).read()
    assert columns["layers"]["mean"][:, 0].tolist() == [0, 1, 2, 3, 50, 51, 52]
