"""What the pictures show, in sentences: for screen readers, for pipes, and for the last line of a run."""

import math

from fastai_tui.app.snapshots import Row, Snapshot, Written
from fastai_tui.app.text import count, duration, number, pace, plural, printable, rate


def loss_sentence(shot: Snapshot) -> str:
    """The loss curve: from where to where it went, and how low it got."""
    smooth = [value for value in shot.curve.smooth if math.isfinite(value)]
    if not smooth:
        return "No loss is recorded yet."
    first = shot.curve.first if math.isfinite(shot.curve.first) else smooth[0]
    last = smooth[-1]
    verb = "fell" if last < first * 0.995 else "rose" if last > first * 1.005 else "stayed"
    way = f"at {number(last)}" if verb == "stayed" else f"from {number(first)} to {number(last)}"
    sentence = f"loss {verb} {way} over {plural(shot.step, 'batch')}"
    if math.isfinite(shot.curve.lowest):
        sentence += f"; lowest {number(shot.curve.lowest)} after batch {count(shot.curve.lowest_step)}"
    if shot.table and shot.table[-1].valid_loss is not None:
        sentence += f"; validation loss {number(shot.table[-1].valid_loss)}"
    return sentence + _broken(shot) + "."


def _broken(shot: Snapshot) -> str:
    lost = sum(not math.isfinite(value) for value in shot.curve.smooth)
    return "; in the end it was no number any more" if lost and not math.isfinite(shot.curve.smooth[-1]) else ""


def rate_sentence(shot: Snapshot) -> str:
    """The learning rate's curve: start, highest, now."""
    rates = [(lr, step) for lr, step in zip(shot.curve.rates, shot.curve.steps, strict=True) if math.isfinite(lr)]
    if not rates:
        return "No learning rate is recorded yet."
    (start, _), (top, at), (end, _) = rates[0], max(rates), rates[-1]
    if math.isclose(start, top, rel_tol=1e-6) and math.isclose(top, end, rel_tol=1e-6):
        return f"learning rate {rate(end)} all along."
    return f"learning rate from {rate(start)}, highest {rate(top)} near batch {at:,.0f}, to {rate(end)}."


def metrics_in_words(row: Row) -> str:
    """`valid loss 0.0921, accuracy 0.9712`."""
    valid = [] if row.valid_loss is None else [f"valid loss {number(row.valid_loss)}"]
    return ", ".join([*valid, *(f"{name} {number(value)}" for name, value in row.metrics)])


def epoch_line(row: Row, epochs: int) -> str:
    """An epoch in a line of its own."""
    train = f"train loss {number(row.train_loss)}"
    return f"epoch {row.epoch} of {epochs}: {', '.join([train, metrics_in_words(row)])} ({duration(row.seconds)})"


def progress_line(shot: Snapshot) -> str:
    """How far a run is, in a line of its own."""
    parts = [f"batch {count(shot.step)} of {count(shot.total)}"]
    if shot.smooth_loss is not None:
        parts.append(f"loss {number(shot.smooth_loss)}")
    parts.append(f"{pace(shot.speed)} samples a second")
    if shot.left is not None:
        parts.append(f"{duration(shot.left, tenths=False)} left")
    return ", ".join(parts)


def written_line(sample: Written) -> str:
    """What a network has written, in a line of its own."""
    text = " ".join(f"{sample.prompt}{sample.text}".split())
    return f"after {plural(sample.step, 'batch')} it writes: {printable(text)}"


def length(epochs: int, batches: int) -> str:
    """`3 epochs of 118 batches, 354 in all`."""
    return f"{plural(epochs, 'epoch')} of {plural(batches, 'batch')}, {count(epochs * batches)} in all"


def phase(shot: Snapshot) -> str:
    """What the run is about, in a word: it is only queued while another one uses the device."""
    begins = shot.phase in ("new", "queued") and not shot.behind
    return "starting" if begins or (shot.phase == "running" and not shot.step) else shot.phase


def last_line(shot: Snapshot) -> str:
    """How a run ended; a finished one ends with its metrics, and why, if that was early."""
    if shot.phase == "finished":
        results = f": {metrics_in_words(shot.table[-1])}" if shot.table else ""
        early = f". {shot.message}" if shot.message and shot.step < shot.total else ""
        return f"finished in {duration(shot.elapsed)}{results}{early}"
    said = shot.message.lower().startswith(shot.phase)
    return shot.message if said else f"{shot.phase}: {shot.message}" if shot.message else shot.phase


def notice(shot: Snapshot) -> str:
    """What a reader must know now: why a run waits, how it ended, what it warns of."""
    if shot.phase == "new" or (shot.phase == "queued" and not shot.behind):
        return "Starting: the run's process loads torch and the data."
    if shot.phase == "queued":
        return f"Waiting for {shot.behind}, which uses the device."
    if shot.ended:
        return last_line(shot)
    if shot.phase == "paused":
        return f"Paused: `fastai-tui resume {shot.run}` goes on."
    if not shot.step and shot.prepared:
        what, done, total = shot.prepared
        return f"Preparing: {what}, {count(done)} of {count(total)}."
    if not shot.step:
        return "Preparing: the first batch is on its way."
    return f"Warning: {shot.warnings[-1]}" if shot.warnings else ""
