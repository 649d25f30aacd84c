"""Frames: a snapshot as lines of text, of exactly the width and height that there are. Pure functions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fastai_tui.app import plots
from fastai_tui.app.sentences import loss_sentence, notice, rate_sentence
from fastai_tui.app.snapshots import Row, Snapshot, Written
from fastai_tui.app.text import Look, count, duration, fit, number, pace, plain, printable, rate, width
from fastai_tui.engine.reading import Reading

PHASES = {"running": "32", "finished": "32", "paused": "33", "queued": "33", "stopped": "33", "new": "2"}  # else red
SIDE_BY_SIDE = 64  # columns that two plots need beside each other
PLOT = 5  # rows that a plot needs
WRITING = 16  # rows from which on a line of the last sample is shown
SHOWN_SAMPLES = 6  # of what a network wrote, in `show`
SHOWN_EPOCHS = 40  # rows of the table in `show`; the rest is in --json


@dataclass(frozen=True)
class Frame:
    """What surrounds a live frame's picture: what the keys do, what is asked just now, and whether help covers it."""

    hint: str = ""
    question: str = ""
    help: tuple[str, ...] = ()


def live(shot: Snapshot, columns: int, rows: int, look: Look, frame: Frame | None = None) -> list[str]:
    """The frame of `train` and `watch`: title, progress, curves, the last epochs, keys. What finds no room is named."""
    frame = frame or Frame()
    head = [_title(shot, columns, look), *_head(shot, columns, rows, look)]
    say = frame.question or notice(shot)
    tone = _tone(shot, frame.question)
    say_line = [look.paint(fit(line, columns), tone) for line in _said(say, columns, rows, look)]
    table_rows, left_out = _room(shot, columns, rows - len(head) - len(say_line) - 1)
    foot = [*say_line, _keys(frame.hint, left_out, columns, look)]
    room = rows - len(head) - len(foot) - table_rows
    body = [*frame.help, *[""] * room][:room] if frame.help else _plots(shot, columns, room, look)
    table = _table(shot, columns, table_rows, look) if table_rows else []
    lines = [*head, *body, *table][: max(rows - len(foot), 0)]
    return [fit(line, columns) for line in [*lines, *foot]][:rows]


def _said(text: str, columns: int, rows: int, look: Look) -> list[str]:
    """What is to be said, on as many lines as it needs (it may end in a command to type), but a quarter of the rows."""
    import textwrap

    lines = textwrap.wrap(look.spell(printable(text)), columns, break_on_hyphens=False)
    most = max(rows // 4, 1)
    return lines if len(lines) <= most else [*lines[: most - 1], " ".join(lines[most - 1 :])]


def _room(shot: Snapshot, columns: int, room: int) -> tuple[int, list[str]]:
    """The rows that the table of epochs gets, and what has to be left out."""
    most = min(max(shot.epochs, 1) + 1, room // 3)
    if room < PLOT:
        return 0, ["curves", "table"]
    without_rates = [] if columns >= SIDE_BY_SIDE else ["rates"]
    return (most, without_rates) if most >= 2 and room - most >= PLOT else (0, [*without_rates, "table"])


def _tone(shot: Snapshot, question: str = "") -> str:
    return "33" if question or shot.live else PHASES.get(shot.phase, "31")


def _title(shot: Snapshot, columns: int, look: Look) -> str:
    phase = look.paint(shot.phase, PHASES.get(shot.phase, "31"))
    name = f" ({shot.name})" if shot.name else ""
    left = look.paint(look.spell(printable(shot.run + name)), "1")
    left += look.spell(f" · {shot.experiment}" * (shot.experiment not in shot.run) + f" · {shot.device or '…'}")
    return f"{fit(left, max(columns - len(shot.phase) - 1, 0))} {phase}"


def _head(shot: Snapshot, columns: int, rows: int, look: Look) -> list[str]:
    words = progress(shot, columns)
    wide = columns - len(words) - 1
    bar = [_bar(shot, wide, look) + " " + words] if wide >= 10 else [_bar(shot, columns, look), words]
    data = [look.spell(printable(f"data: {shot.data}"))] if shot.data and columns >= 60 else []
    wrote = [look.spell(written(shot))] if shot.samples and rows >= WRITING else []
    return [*data, *bar, *([numbers(shot, columns)] if shot.step else []), *wrote]


def written(shot: Snapshot) -> str:
    """What the network wrote last, in a line; nothing for one that does not write."""
    return f"it writes: {_quoted(shot.samples[-1])}" if shot.samples else ""


def _bar(shot: Snapshot, columns: int, look: Look) -> str:
    done = round(columns * min(shot.step / shot.total, 1)) if shot.total else 0
    return look.paint(look.spell("█" * done), "36") + look.spell("░" * (columns - done))


def progress(shot: Snapshot, columns: int) -> str:
    """The epoch, and with room for it the batch, and how long it still takes or has taken."""
    parts = []
    if shot.batches_per_epoch:
        now = min(shot.step // shot.batches_per_epoch + 1, shot.epochs)
        parts += [f"epoch {now} of {shot.epochs}"]
    if columns >= 60 and shot.total:
        parts += [f"batch {count(shot.step)} of {count(shot.total)}"]
    if shot.left is not None:
        parts += [f"{duration(shot.left, tenths=False)} left"]
    elif shot.elapsed and not shot.live:
        parts += [duration(shot.elapsed)]
    return "  ".join(parts)


def numbers(shot: Snapshot, columns: int, hidden: Collection[str] = ()) -> str:
    """Loss, rate and speed now."""
    loss = "?" if {"loss", "smooth_loss", "train_loss"} & set(hidden) else number(shot.smooth_loss)
    rates = shot.lr if len(set(shot.lr)) > 1 else shot.lr[-1:]
    parts = [f"loss {loss}", f"rate {'/'.join(rate(lr) for lr in rates)}"]
    if columns >= 60:
        parts += [f"{pace(shot.speed)} samples a second"]
    return "   ".join(parts)


def _plots(shot: Snapshot, columns: int, rows: int, look: Look) -> list[str]:
    if rows < PLOT:
        return [""] * max(rows, 0)
    curve, total = shot.curve, axis(shot.step, shot.total)
    beside = columns >= SIDE_BY_SIDE
    wide = columns * 2 // 3 if beside else columns
    valid = [(row.step, row.valid_loss) for row in shot.table if row.valid_loss is not None]
    losses = plots.loss_curve(
        curve.steps, curve.lows, curve.highs, curve.smooth, valid, width=wide, height=rows, total=total, look=look
    )
    if not beside:
        return losses
    rates = plots.rate_curve(curve.steps, curve.rates, width=columns - wide - 1, height=rows, total=total, look=look)
    return [f"{left} {right}" for left, right in zip(losses, rates, strict=True)]


def axis(step: int, total: int) -> int:
    """Where the axis of batches ends: at the end of the run, or at a half, a quarter … of it while that is enough, so
    that a long run's beginning can be seen, and the axis still changes seldom."""
    while total >= 2 * max(step, 10):
        total = -(-total // 2)
    return total


def _table(shot: Snapshot, columns: int, rows: int, look: Look) -> list[str]:
    lines = epoch_table(shot.table[-(rows - 1) :], columns, look)
    return [*lines, *[""] * (rows - len(lines))]


def epoch_table(table: Sequence[Row], columns: int, look: Look, hidden: Collection[str] = ()) -> list[str]:
    """A header, and a line per epoch; closer together where there are few columns. What is `hidden` is a `?`."""
    names = list(dict.fromkeys(name for row in table for name, _ in row.metrics)) or ["accuracy"]
    header, least = ["epoch", "train loss", "valid loss", *names, "time"], 9
    if sum(max(len(cell), least) + 2 for cell in header) > columns + 2:
        header, least = ["epoch", "train", "valid", *names, "time"], 6

    def shown(name: str, value: float | None) -> str:
        return "?" if name in hidden else number(value)

    widths = [5, *(max(len(cell), least) for cell in header[1:])]
    body = [
        [str(row.epoch), shown("train_loss", row.train_loss), shown("valid_loss", row.valid_loss)]
        + [shown(name, dict(row.metrics)[name]) if name in dict(row.metrics) else "" for name in names]
        + [duration(row.seconds)]
        for row in table
    ]
    lines = ["  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)) for line in [header, *body]]
    return [fit(look.paint(lines[0], "1"), columns), *(fit(line, columns) for line in lines[1:])]


def _keys(hint: str, left_out: Sequence[str], columns: int, look: Look) -> str:
    missing = f"no room: {', '.join(left_out)}" if left_out else ""
    gap = columns - len(hint) - len(missing)
    if missing and gap < 2:
        hint, gap = hint.split(" · ")[0].split(",")[0], 2
    return look.paint(fit(look.spell(hint + " " * gap + missing), columns), "2")


def whole(shot: Snapshot, columns: int, rows: int, look: Look, reading: Reading | None = None) -> list[str]:
    """What `show` prints: the run's whole story in one frame, as tall as it needs, with its reading; `rows` is the
    terminal's height."""
    tall = max(PLOT + 1, min(rows // 2, 18))
    plot = _plots(shot, columns, tall, look) if shot.step else []
    sentences = [loss_sentence(shot), rate_sentence(shot)] if shot.step else []
    say = [look.paint(printable(notice(shot)), _tone(shot))] if notice(shot) else []
    read = [*diagnosis(reading), ("", "")] if reading and shot.step else []
    told = [f"{name:<11} {value}".rstrip() for name, value in [*read, *facts(shot)]]
    told += [f"warning: {printable(warning)}" for warning in shot.warnings]
    lines = [_title(shot, columns, look), *_head(shot, columns, 0, look), *plot, *sentences, ""]
    lines += [*_epochs(shot, columns, look), *_samples(shot), *told, *say]
    return [wrapped for line in lines for wrapped in _wrapped(look.spell(line), columns)]


def _epochs(shot: Snapshot, columns: int, look: Look) -> list[str]:
    earlier = len(shot.table) - SHOWN_EPOCHS
    note = [f"({count(earlier)} earlier epochs: fastai-tui show {shot.run} --json)"] if earlier > 0 else []
    return [*epoch_table(shot.table[-SHOWN_EPOCHS:], columns, look), *note, ""] if shot.table else []


def _samples(shot: Snapshot) -> list[str]:
    """What the network wrote: at first, at last, and a few times in between."""
    every = max(-(-(len(shot.samples) - 1) // (SHOWN_SAMPLES - 1)), 1)
    shown = [*shot.samples[:-1:every], *shot.samples[-1:]]
    return [*(f"{f'batch {sample.step}':<11} {_quoted(sample)}" for sample in shown), ""] if shown else []


def _quoted(sample: Written) -> str:
    return printable(f"{sample.prompt}{sample.text}")


def diagnosis(reading: Reading) -> list[tuple[str, str]]:
    """What a run's numbers say about it, as (name, value)."""
    lines = [("reading", reading.verdict if reading.findings else f"{reading.verdict}: {reading.headline}")]
    for finding in reading.findings:
        lines += [(finding.verdict, finding.seen), ("why", finding.why), ("what to do", finding.advice)]
    return [(name, value) for name, value in [*lines, ("not seen", reading.unseen)] if value]


def facts(shot: Snapshot) -> list[tuple[str, str]]:
    """What was chosen for the run and what it was made with, as (name, value)."""
    pairs = {
        "experiment": shot.experiment,
        "data": shot.data,
        "settings": " ".join(f"{name}={value}" for name, value in shot.settings),
        "changed": "; ".join(shot.changes),
        "seed": str(shot.seed),
        "parameters": count(shot.parameters) if shot.parameters else "",
        "versions": ", ".join(f"{name} {version}" for name, version in shot.versions),
        "command": " ".join(shot.command),
    }
    return [(name, printable(value)) for name, value in pairs.items() if value]


def _wrapped(line: str, columns: int) -> list[str]:
    """Prose and facts continue on the next line; what is drawn has its width already."""
    if width(line) <= columns:
        return [line.rstrip(" ")]
    import textwrap

    name = len(line) - len(line[12:]) if line[11:12] == " " else 0
    return textwrap.wrap(plain(line), columns, subsequent_indent=" " * min(name, columns // 3), break_on_hyphens=False)
