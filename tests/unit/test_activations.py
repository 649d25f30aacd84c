"""Activations from the hook to what a pane shows, against plain torch; and how they are read and folded."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.color import Color
from torch import Tensor, nn

from fastai_tui.app import activations, colourful
from fastai_tui.app.activations import Activations, course, grid, turns, window
from fastai_tui.app.halfblocks import VIRIDIS, of_256, rgb
from fastai_tui.app.text import Look
from fastai_tui.engine.interpret.stats import asked_for
from fastai_tui.engine.runs.activations import ActivationReader, ActivationWriter, column_type, folded
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.writer import RunWriter
from tests.contrast import distance, lightness
from tests.unit.canned_runs import make_run
from tests.unit.inside_runs import go_on, record, recorded, stats_of

BATCHES = 24


class Several(nn.Module):
    """A module of every kind that people look into."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.relu = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU()
        self.linear = nn.Linear(4 * 6 * 6, 12)
        self.rnn, self.gru, self.lstm = nn.RNN(4, 5), nn.GRU(4, 5), nn.LSTM(4, 5)

    def forward(self, xb: Tensor) -> Tensor:
        x = self.linear(self.relu(self.norm(self.conv(xb))).flatten(1))
        steps = x.reshape(-1, 3, 4).transpose(0, 1)
        return torch.cat([self.rnn(steps)[0], self.gru(steps)[0], self.lstm(steps)[0]], -1)


KINDS = ["conv", "norm", "relu", "linear", "rnn", "gru", "lstm"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[str, list[Tensor]]]:
    """A run of BATCHES batches that recorded them all, and every output that there was."""
    torch.manual_seed(0)
    model, kept = Several(), {name: list[Tensor]() for name in KINDS}
    stats = asked_for(model, "all")
    assert stats is not None
    assert sorted(stats.names) == sorted(KINDS)
    for name, outputs in kept.items():
        first = (lambda o: o[0]) if name in ("rnn", "gru", "lstm") else (lambda o: o)
        module = model.get_submodule(name)
        module.register_forward_hook(lambda m, i, o, outputs=outputs, first=first: outputs.append(first(o).detach()))
    rows = []
    for i in range(BATCHES):
        model(torch.randn(9 + i % 3, 1, 8, 8) * (1 + i / 3) + i / 9)  # the last batch of an epoch is smaller
        rows.append(stats.take())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTAI_TUI_HOME", str(tmp_path_factory.mktemp("home")))
        return record(torch.stack(rows).numpy(), stats.names), kept


def plain(outputs: list[Tensor]) -> tuple[float, float, float, Tensor]:
    """Mean, deviation, near-zero share and histogram by torch's own functions, in double precision."""
    flat = torch.cat([output.flatten() for output in outputs])
    near_zero = (flat <= 0.05).double().mean().item()
    return flat.double().mean().item(), flat.double().std().item(), near_zero, torch.histc(flat, 40, 0, 10)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("cells", [60, BATCHES, 7, 1])
def test_what_is_shown_is_what_torch_says_of_the_same_outputs(
    trained: tuple[Run, dict[str, list[Tensor]]], name: str, cells: int
) -> None:
    run, kept = trained
    feed = read(run)
    seen = feed.seen(feed.names.index(name), window(BATCHES, cells))
    assert seen is not None
    assert len(seen.batches) == cells
    for i, (first, last) in enumerate(seen.batches):
        mean, std, near_zero, hist = plain(kept[name][first - 1 : last])
        assert seen.mean[i] == pytest.approx(mean, rel=1e-5, abs=1e-6)
        assert seen.std[i] == pytest.approx(std, rel=1e-5, abs=1e-6)
        assert seen.near_zero[i] == pytest.approx(near_zero, rel=1e-5, abs=1e-6)
        assert seen.counts[i] * (last - first + 1) == pytest.approx(hist.tolist(), rel=1e-5)
    assert {batch for first, last in seen.batches for batch in range(first, last + 1)} == set(range(1, BATCHES + 1))


def test_columns_that_the_file_has_merged_say_the_same_of_more_batches(
    trained: tuple[Run, dict[str, list[Tensor]]], tmp_path: Path
) -> None:
    run, kept = trained
    reader = run.activation_columns()
    assert reader is not None
    _, _, columns = reader.read()
    writer = ActivationWriter(tmp_path / "activations", len(reader.names), capacity=8)
    for i in range(0, BATCHES, 5):
        writer.write(i + 1, columns[i : i + 5])
    writer.close()
    span, _, merged = ActivationReader(tmp_path / "activations", reader.names).read()
    assert (span, len(merged)) == (4, 6)
    for layer, name in enumerate(reader.names):
        for i, one in enumerate(merged["layers"][:, layer]):
            mean, std, near_zero, hist = plain(kept[name][4 * i : 4 * i + 4])
            assert one["mean"] == pytest.approx(mean, rel=1e-5, abs=1e-6)
            assert one["std"] == pytest.approx(std, rel=1e-5, abs=1e-6)
            assert one["near_zero"] == pytest.approx(near_zero, rel=1e-5, abs=1e-6)
            assert one["hist"].tolist() == hist.tolist()


def test_of_fastai_s_own_choice_the_weights_come_first() -> None:
    """`on`: as fastai's ActivationStats, whose modules have parameters, but without the norms; `off`: nothing."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))
    on, everything = asked_for(model, "on"), asked_for(model, "all")
    assert on is not None
    assert everything is not None
    assert on.names == ["0", "4"]
    assert everything.names == ["0", "1", "2", "4"]  # flattening only passes numbers on
    assert asked_for(model, "off") is None


# Folding


def read(run: Run) -> Activations:
    """Everything that a run has recorded."""
    feed = Activations(run)
    while feed.follow():
        pass
    return feed


def test_folding_single_columns_changes_nothing() -> None:
    columns = np.frombuffer(np.random.default_rng(0).bytes(5 * column_type(2).itemsize), column_type(2))
    assert folded(columns, [0, 1, 2, 3, 4]).tobytes() == columns.tobytes()
    assert len(folded(columns, [])) == 0


@pytest.mark.parametrize("total", [1, 2, 7, 35, 36, 118, 4096])
@pytest.mark.parametrize("width", [1, 9, 35, 200])
def test_every_column_is_in_the_cell_that_says_it_holds_it(total: int, width: int) -> None:
    shown = window(total, width)
    assert shown.start(0) == 0
    assert shown.stop(width - 1) == total
    for column in range(total):
        cell = shown.cell(column)
        assert shown.start(cell) <= column < shown.stop(cell)
    for left in range(width - 1):
        assert shown.start(left + 1) in (shown.stop(left), shown.start(left))


def test_a_column_never_changes_any_more_when_the_run_goes_on() -> None:
    early, late = recorded(60, total=118), recorded(118)
    first = read(early).seen(1, window(118, 35))
    second = read(late).seen(1, window(118, 35))
    assert first is not None
    assert second is not None
    whole = [i for i, (_, last) in enumerate(first.batches) if second.batches[i][1] == last]
    assert len(whole) >= len(first.batches) - 1  # the newest may be partial
    assert np.array_equal(grid(first, 20)[:, whole], grid(second, 20)[:, whole])


def test_zooming_shows_fewer_columns_from_where_it_is_asked() -> None:
    assert window(1000, 40, 4, 300) == activations.Window(300, 250, 40)
    assert window(1000, 40, 4, 900) == activations.Window(750, 250, 40)
    assert window(1000, 40, 4096, 0).count == activations.FEWEST
    assert window(3, 40, 8, 0).count == 3


def test_bins_folded_together_are_averages_and_the_lowest_is_at_the_bottom() -> None:
    run = recorded(3)
    seen = read(run).seen(0, window(3, 3))
    assert seen is not None
    whole, half = grid(seen, 40), grid(seen, 20)
    assert whole[-1, 0] == pytest.approx(math.log1p(seen.counts[0, 0]))
    assert half[-1, 0] == pytest.approx(math.log1p((seen.counts[0, 0] + seen.counts[0, 1]) / 2))
    assert grid(seen, 80)[::2].tolist() == whole.tolist()


# Reading


def test_only_what_is_new_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    run = recorded(50, total=200)
    feed = read(run)
    asked: list[int] = []
    before = ActivationReader.read

    def counting(self: ActivationReader, after_step: int = 0, most: int | None = None) -> object:
        found = before(self, after_step, most)
        asked.append(len(found[2]))
        return found

    monkeypatch.setattr(ActivationReader, "read", counting)
    go_on(run, 51, 4)
    while feed.follow():
        pass
    assert feed.count == 54
    assert asked == [5]  # the four that are new, and the last one known


def test_a_long_run_is_read_in_pieces() -> None:
    run = recorded(1300)
    feed = Activations(run)
    looks = 1
    while feed.follow():
        looks += 1
        assert feed.count in (0, 1300)  # nothing half is shown
    assert feed.count == 1300
    assert looks == 3


def test_a_resumed_run_is_read_anew() -> None:
    run = recorded(30, total=60)
    feed = read(run)
    writer = RunWriter(run.path, 1, 3)
    writer.rewind(20)
    go_on(run, 21, 2, scale=5.0)
    while feed.follow():
        pass
    assert feed.count == 22
    seen = feed.seen(0, window(22, 22))
    assert seen is not None
    assert seen.mean[21] == pytest.approx(5 * recorded_mean(22))


def test_a_file_that_merges_its_columns_is_followed() -> None:
    run = recorded(4000, total=6000)
    feed = read(run)
    assert feed.span == 1
    go_on(run, 4001, 300)
    while feed.follow():
        assert feed.count == 4000  # the picture stands until the new one is complete
    assert (feed.span, feed.count) == (2, 2150)
    seen = feed.seen(0, window(3000, 30))
    assert seen is not None
    assert seen.batches[0] == (1, 200)


def test_losses_of_the_batches_are_averaged() -> None:
    run = recorded(12)
    seen = read(run).seen(0, window(12, 4))
    assert seen is not None
    rows = run.steps().read(0, 12)["loss"].astype(float)
    assert seen.loss.tolist() == pytest.approx(rows.reshape(4, 3).mean(1).tolist())


def test_a_run_that_recorded_nothing_has_nothing_to_show() -> None:
    feed = read(make_run(20))
    assert (feed.count, feed.names) == (0, [])
    assert feed.seen(0, window(20, 10)) is None


def recorded_mean(step: int) -> float:
    """The mean that such a run has of its first layer after `step` batches."""
    return float(stats_of(step, 1)[0, 0, 0])


# In words


def test_the_course_of_a_statistic_is_told_with_its_turning_points() -> None:
    rises = [i / 10 for i in range(10)]
    batches = [(i * 2 + 1, i * 2 + 2) for i in range(40)]
    assert course("mean", rises, batches[:10]) == "The mean begins at 0.00, rises to 0.90 at batch 20."
    up_and_down = [0.1, 0.5, 0.9, 0.4, 0.1]
    assert course("deviation", up_and_down, batches[:5]).endswith(
        "rises to 0.90 at batch 6, falls to 0.10 at batch 10."
    )
    assert "stays about there" in course("mean", [0.5, 0.501, 0.5], batches[:3])
    assert course("mean", [math.nan], batches[:1]) == "The mean is no number."
    saw = [0.0, 1.0] * 12
    assert "turns" in course("mean", saw, batches[:24])


def test_small_wiggles_are_no_turns() -> None:
    rng = np.random.default_rng(0)
    values = (np.linspace(0, 1, 60) + rng.normal(0, 0.03, 60)).tolist()
    assert turns(values) == [0, 59]


# Colours


SIXTEEN = {4: (0, 0, 238), 12: (92, 92, 255), 6: (0, 205, 205), 10: (0, 255, 0), 11: (255, 255, 0), 15: (255, 255, 255)}


def colours(depth: str) -> list[tuple[int, int, int]]:
    """What the ramp looks like from nothing to the most, without repetitions."""
    if depth == "16":
        found = [SIXTEEN[number] for number in VIRIDIS.sixteen]
    else:
        places = [i / 23 for i in range(24)]
        found = [_of_256(of_256(VIRIDIS, p)) if depth == "256" else rgb(VIRIDIS, p) for p in places]
    return list(dict.fromkeys(found))


def _of_256(number: int) -> tuple[int, int, int]:
    red, green, blue = Color.from_ansi(number).get_truecolor()
    return red, green, blue


@pytest.mark.parametrize("vision", ["normal", "protanopia", "deuteranopia", "tritanopia"])
@pytest.mark.parametrize("depth", ["truecolor", "256", "16"])
def test_more_is_lighter_in_every_depth_and_for_every_kind_of_eyes(depth: str, vision: str) -> None:
    shades = colours(depth)
    assert len(shades) >= {"truecolor": 24, "256": 11, "16": 6}[depth]
    light = [lightness(colour, vision) for colour in shades]
    assert all(after > before - 2.3 for before, after in pairwise(light))  # just noticeable
    assert light[-1] - light[0] > 50
    assert all(distance(a, b, vision) > 2.3 for a, b in pairwise(shades))


def test_show_prints_the_colourful_dimension_of_every_layer() -> None:
    run = recorded(118)
    lines = colourful.lines(run, 60, "none", Look(unicode=False))
    assert [line.partition(":")[0] for line in lines if "in the end" in line] == ["conv1", "conv2", "conv3"]
    assert len(lines) == 3 * (1 + colourful.ROWS)
    assert all(len(line) <= 60 for line in lines)
    assert lines[5].startswith("  0 ")
    assert set(lines[5][4:]) <= set("%#*+=")  # most values are small
    assert colourful.lines(make_run(20), 60, "none", Look()) == []
