"""Frames: exactly as large as the terminal, complete where there is room, and saying what they leave out."""

import math
import os
from pathlib import Path

import pytest
from canned_runs import make_run, smooth_at, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.app import sentences, views
from fastai_tui.app.curves import Curve, Folding
from fastai_tui.app.painter import Painter
from fastai_tui.app.plain import Plain
from fastai_tui.app.snapshots import Row, Snapshot, Watcher, Written
from fastai_tui.app.text import Look, duration, fit, number, pace, plain, plural, printable, width
from fastai_tui.app.tui.layout import Area
from fastai_tui.app.tui.panes.common import run_picture
from fastai_tui.app.tui.sheet import Sheet

GOLDEN = Path(__file__).parent.parent / "golden"
HINT = "q or Ctrl-C: detach, the run goes on · s: stop · space: pause · ?: help"
SIZES = [(80, 24), (120, 40), (200, 60), (40, 12)]


def same_as_golden(name: str, lines: list[str]) -> None:
    """Compare with the frame on file; FASTAI_TUI_GOLDEN=write draws it anew, for a person to look at."""
    path, text = GOLDEN / f"{name}.txt", "\n".join(line.rstrip() for line in lines) + "\n"
    if os.environ.get("FASTAI_TUI_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_the_live_frame_of_a_running_run(columns: int, rows: int) -> None:
    lines = views.live(snapshot(236), columns, rows, Look(), views.Frame(HINT))
    same_as_golden(f"live-{columns}x{rows}", lines)


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_the_whole_story_of_a_finished_run(columns: int, rows: int) -> None:
    shot = snapshot(
        354, phase="finished", live=False, left=None, message="Finished.", changes=("lr=0.03 after batch 80",)
    )
    same_as_golden(f"whole-{columns}x{rows}", views.whole(shot, columns, rows, Look()))


def test_the_live_frame_without_unicode() -> None:
    lines = views.live(snapshot(236), 80, 24, Look(unicode=False), views.Frame(HINT))
    assert all(line.isascii() for line in lines)
    same_as_golden("live-80x24-ascii", lines)


states = st.sampled_from(
    [
        snapshot(1),
        snapshot(236),
        snapshot(236, phase="failed", live=False, message="The loss is no number any more."),
        snapshot(236, phase="paused", warnings=("The loss stands still: try a larger rate." * 9,)),
        Snapshot(run="0001-mnist", experiment="mnist"),
        Snapshot(run="0001-mnist", experiment="mnist", phase="queued", live=True, behind="0000-mnist"),
        snapshot(236, name="日本語のなまえ", epochs=200, device="cuda:0", lr=(1e-5, 1e-4, 1e-3)),
        snapshot(236, table=(Row(1, 118, None, None, (), 0.1), Row(2, 236, math.inf, 1e30, (("f1", 0.5),), 99999.0))),
    ]
)


@settings(max_examples=60, deadline=None)
@given(states, st.integers(1, 210), st.integers(1, 60), st.booleans(), st.booleans(), st.booleans())
def test_every_frame_has_exactly_the_size_of_the_terminal(
    shot: Snapshot, columns: int, rows: int, colours: bool, asking: bool, helping: bool
) -> None:
    frame = views.Frame(HINT, "Stop the run? (y/n)" if asking else "", ("q  detach",) * 3 if helping else ())
    lines = views.live(shot, columns, rows, Look(colours), frame)
    assert len(lines) == rows
    assert {width(line) for line in lines} == {columns}


@pytest.mark.parametrize(("columns", "rows", "missing"), [(40, 12, "rates"), (80, 11, "table"), (30, 6, "curves")])
def test_a_small_frame_names_what_it_leaves_out(columns: int, rows: int, missing: str) -> None:
    lines = views.live(snapshot(236), columns, rows, Look(), views.Frame(HINT))
    assert "no room" in lines[-1]
    assert missing in lines[-1] or lines[-1].rstrip().endswith("…")
    assert "q" in lines[-1]


def test_colours_change_no_character() -> None:
    frame = views.Frame(HINT)
    coloured = views.live(snapshot(236), 80, 24, Look(colours=True), frame)
    assert [plain(line) for line in coloured] == views.live(snapshot(236), 80, 24, Look(), frame)
    assert any("\x1b[" in line for line in coloured)


def test_a_waiting_run_says_behind_which() -> None:
    shot = Snapshot(run="0002-mnist", experiment="mnist", phase="queued", live=True, behind="0001-mnist")
    text = "\n".join(views.live(shot, 80, 24, Look()))
    assert "Waiting for 0001-mnist" in text


def test_the_axis_of_batches_holds_them_all_and_changes_seldom() -> None:
    seen = [views.axis(step, 3600) for step in range(1, 3601)]
    assert all(step <= end <= max(2 * step, 20) for step, end in enumerate(seen, 1))
    assert len(set(seen)) < 10
    assert seen == sorted(seen)
    assert seen[-1] == 3600
    assert views.axis(5, 0) == 0


def test_text_from_outside_cannot_send_escape_codes() -> None:
    shot = snapshot(236, message="\x1b]0;title\x07\x1b[2J", phase="failed", live=False, warnings=("\x1b[31mred",))
    for lines in (views.live(shot, 80, 24, Look()), views.whole(shot, 80, 24, Look())):
        assert "\x1b" not in "\n".join(lines)


def test_the_loss_in_a_sentence() -> None:
    shot = snapshot(354)
    assert sentences.loss_sentence(shot) == (
        f"loss fell from {number(shot.curve.first)} to {number(smooth_at(354))} over 354 batches; "
        f"lowest {number(smooth_at(354))} after batch 354; validation loss 0.1000."
    )


@pytest.mark.parametrize(
    ("smooth", "words"),
    [((1.0, 2.0), "rose"), ((1.0, 1.0), "stayed at 1.000"), ((2.0, math.nan), "no number any more"), ((), "No loss")],
)
def test_other_ways_a_loss_can_go(smooth: tuple[float, ...], words: str) -> None:
    steps = tuple(range(1, len(smooth) + 1))
    curve = Curve(steps, smooth, smooth, smooth, smooth, smooth[0] if smooth else math.nan)
    assert words in sentences.loss_sentence(Snapshot(run="1", experiment="mnist", step=len(steps), curve=curve))


def test_the_rate_in_a_sentence() -> None:
    assert "highest 0.06 near batch 17" in sentences.rate_sentence(snapshot(354))


def test_the_last_line_of_a_finished_run_ends_with_its_accuracy() -> None:
    shot = snapshot(354, phase="finished", live=False, elapsed=6.1)
    assert sentences.last_line(shot) == "finished in 6.1 s: valid loss 0.1000, accuracy 0.9700"


def test_folding_keeps_the_extremes_of_every_batch() -> None:
    """Against numpy over all batches at once, however the rows arrive."""
    import numpy as np
    from canned_runs import rows

    made = rows(1, 5000, 5000, 118)
    folding = Folding(spans=64)
    for start, stop in ((0, 1), (1, 700), (700, 701), (701, 4096), (4096, 5000)):
        folding.add(made[start:stop])
    curve = folding.curve()
    assert folding.span == 128
    assert len(curve.steps) == math.ceil(5000 / 128)
    for i, low in enumerate(curve.lows):
        part = made[i * 128 : (i + 1) * 128]
        assert (low, curve.highs[i]) == (part["loss"].min(), part["loss"].max())
        assert (curve.smooth[i], curve.rates[i]) == (part["smooth_loss"][-1], part["lr"][-1, 0])
    assert curve.lowest == made["smooth_loss"].min()
    assert made["smooth_loss"][curve.lowest_step - 1] == curve.lowest
    assert np.isclose(curve.first, made["loss"][0])


def test_a_folding_survives_losses_that_are_no_numbers() -> None:
    from canned_runs import rows

    made = rows(1, 300, 300, 100)
    made["loss"][100:] = math.nan
    made["smooth_loss"][100:] = math.inf
    folding = Folding(spans=16)
    folding.add(made[:150])
    folding.add(made[150:])
    curve = folding.curve()
    assert math.isnan(curve.lows[-1])
    assert math.isfinite(curve.lowest)
    assert curve.lowest_step == 100


def test_a_watcher_follows_a_run_and_starts_over_after_a_resume() -> None:
    from canned_runs import BEGUN, rows

    from fastai_tui.engine.runs.log import append
    from fastai_tui.engine.runs.steps import StepWriter

    run = make_run(200)
    watcher = Watcher(run)
    first = watcher.snapshot()
    assert (first.step, len(first.table), first.parameters) == (200, 1, 7010)
    again = rows(151, 70, 354, 118)
    again["loss"] = 9.0
    append(run.path / "events.jsonl", b'{"type":"resumed","time":%f,"step":150,"epoch":1,"versions":{}}' % BEGUN)
    StepWriter(run.path / "steps", 1).write(151, again)
    second = watcher.snapshot()
    assert second.step == 220
    assert second.curve.highs[150:] == (9.0,) * 70
    assert second.curve.highs[:150] == first.curve.highs[:150]


def test_watching_sends_at_most_5_kb_a_second_at_80_by_24() -> None:
    """A run of one minute and 9,000 batches, in colours, three frames a second: what is sent on average."""
    from canned_runs import epoch_of, rows

    sent = bytearray()
    painter = Painter(sent.extend)
    epochs, per_epoch, frames = 20, 450, 180
    total, folding = epochs * per_epoch, Folding()
    made = rows(1, total, total, per_epoch)
    for frame in range(1, frames + 1):
        done = total * frame // frames
        folding.add(made[folding.done : done])
        ended = [epoch_of(number, per_epoch) for number in range(done // per_epoch)]
        table = tuple(
            Row(e.epoch + 1, e.step, e.train_loss, e.valid_loss, tuple(e.metrics.items()), 9.0) for e in ended
        )
        shot = snapshot(
            1,
            step=done,
            total=total,
            epochs=epochs,
            batches_per_epoch=per_epoch,
            curve=folding.curve(),
            table=table,
            left=(total - done) * 0.02,
            speed=3200 + 400 * math.sin(frame),
            smooth_loss=float(made["smooth_loss"][done - 1]),
            lr=tuple(made["lr"][done - 1].tolist()),
        )
        painter.paint(views.live(shot, 80, 23, Look(colours=True), views.Frame(HINT)), 80, 24)
    assert painter.sent == len(sent)
    assert len(sent) / (frames / 3) < 5000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0613, "0.0613"),
        (2.31, "2.310"),
        (0.9712, "0.9712"),
        (1.2e8, "1.2e+08"),
        (None, "not a number"),
        (3e-6, "3e-06"),
    ],
)
def test_numbers_as_people_read_them(value: float | None, text: str) -> None:
    assert number(value) == text


def test_durations_paces_and_plurals() -> None:
    assert [duration(s) for s in (0.04, 41.2, 725, 12_000, 190_000)] == [
        "0.0 s",
        "41 s",
        "12 min 5 s",
        "3 h 20 min",
        "2 d 4 h",
    ]
    assert [pace(v) for v in (12_345, 3.2, 0)] == ["12,300", "3", "0"]
    assert [plural(1, "batch"), plural(1180, "batch"), plural(2, "epoch")] == ["1 batch", "1,180 batches", "2 epochs"]


def test_wide_characters_are_cut_whole() -> None:
    assert fit("日本語", 5) == "日本…"
    assert fit("日本語", 4) == "日… "
    assert width(fit("日本語日本語", 7)) == 7


def test_text_from_outside_becomes_one_printable_line() -> None:
    assert printable("a\x1b[31m\nb\tc\x00") == "a [31m b c "


def test_how_a_run_ended_is_told_to_the_last_word() -> None:
    message = (
        "Its process ended without a word on box; `fastai-tui resume 0001-mnist` goes on from the last checkpoint."
    )
    shot = snapshot(236, phase="lost", live=False, message=message)
    for columns, rows in SIZES:
        said = " ".join(" ".join(views.live(shot, columns, rows, Look(), views.Frame(HINT))).split())
        assert message in said


def test_a_paused_run_names_the_command_that_goes_on() -> None:
    assert "`fastai-tui resume 0002-mnist`" in sentences.notice(snapshot(236, phase="paused"))


def test_plain_lines_say_once_that_a_run_is_paused(home: Path) -> None:
    said: list[str] = []
    story = Plain(make_run(130), Look(), said.append)
    for phase in ("running", "paused", "paused", "running", "paused"):
        story.tell_news(snapshot(130, phase=phase))
    assert [line for line in said if "Paused" in line] == ["Paused: `fastai-tui resume 0002-mnist` goes on."] * 2


WROTE = tuple(Written(step, "The ", f"text of {step}\nand on") for step in range(0, 400, 40))


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_what_a_network_writes_is_told_where_there_is_room(columns: int, rows: int) -> None:
    lines = [plain(line) for line in views.live(snapshot(236, samples=WROTE), columns, rows, Look())]
    assert len(lines) == rows
    assert any(line.startswith("it writes: The text of 360 and on") for line in lines) == (rows >= 16)


def test_the_whole_story_quotes_the_first_the_last_and_some_between() -> None:
    lines = views.whole(snapshot(354, samples=WROTE), 80, 24, Look())
    told = [line for line in lines if line.startswith("batch ")]
    assert told[0] == "batch 0     The text of 0 and on"
    assert told[-1] == "batch 360   The text of 360 and on"
    assert 4 <= len(told) <= 7


def test_a_pipe_is_told_each_text_once() -> None:
    said: list[str] = []
    teller = Plain(make_run(130), Look(), said.append)
    teller.tell_news(snapshot(10, samples=WROTE[:2]))
    teller.tell_news(snapshot(20, samples=WROTE[:3]))
    assert [line for line in said if "it writes" in line] == [
        f"after {step} batches it writes: The text of {step} and on" for step in (0, 40, 80)
    ]


@pytest.mark.parametrize(("height", "rows"), [(30, 2), (14, 1), (6, 0)])
def test_the_app_s_picture_of_a_run_quotes_it_at_the_foot(height: int, rows: int) -> None:
    sheet = Sheet(30, 40)
    shot = snapshot(236, samples=(Written(200, "The ", "text of a network and more of it"),))
    assert run_picture.wrote(sheet, Area(3, 0, 30, height), shot) == rows
    words = [line for line in sheet.text.splitlines() if line]
    assert words == ["it writes: The text of a", "network and more of it"][:rows]
    assert bool(sheet.left_out) == (rows == 0)
    assert run_picture.wrote(sheet, Area(3, 0, 30, height), snapshot(236)) == 0
