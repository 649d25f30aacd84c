"""The signs that activations give away: layers that have died, or that work for nothing. Pure functions of a record."""

from __future__ import annotations

from fastai_tui.engine import remedies, signs
from fastai_tui.engine.finding import Evidence, Finding, nats
from fastai_tui.engine.recorded import Inside, Record

# Shares near zero at the end of a run, of rows 1 to 5 of the course's stability table (signs.py says which runs): the
# emptiest hidden layer of rows 1 and 2 has .95 to 1.00, of row 3 .81 to .87, of rows 4 and 5 .58 to .71. The last
# hidden layer becomes sparse by itself when training goes on for long (batch norm, 40 epochs: .79), and that alone is
# no sickness: the second emptiest has .78 to .83 in row 3, up to .64 in rows 4 and 5, and .61 in that long run.
DEAD, SICK, SPREAD = 0.9, 0.76, 0.7


def dead_layers(record: Record) -> Finding | None:
    """Hidden layers that give next to nothing any more: DEAD of their values near zero, and fewer than half as many
    alive as at the first batch."""
    if record.inside is None or not len(record.inside.near_zero):
        return None
    inside, ends = record.inside, _ends(record.inside)
    first = inside.near_zero[0]
    dead = [i for i, share in ends if share >= DEAD and 1 - share <= (1 - first[i]) / 2]
    if not dead:
        return None
    shares = dict(ends)
    worst = dead[0]
    since = _since(inside, worst, DEAD)
    named = _named(inside, [(i, shares[i]) for i in dead])
    return Finding(
        "dead_units",
        "dead",
        f"{named} since batch {since:,}.{signs.leapt(record)}{signs.at_guess(record)}",
        "A step that was too large pushed units below zero for every input; "
        "behind a ReLU they give nothing, get no gradient, and do not come back.",
        remedies.calmer(record),
        (_inside(inside, worst, since, shares[worst]), *signs.leap_evidence(record)),
    )


def sick_layers(record: Record) -> Finding | None:
    """A network that learns, though most of a hidden layer's values are near zero."""
    if record.inside is None or not record.over or record.tail > signs.UNLEARNED * record.level:
        return None
    inside, ends = record.inside, _ends(record.inside)
    sick = [(i, share) for i, share in ends if share >= SPREAD]
    if not sick or sick[0][1] < SICK or len(sick) < min(2, len(ends)):
        return None
    worst, share = sick[0]
    since, course = _since(inside, worst, SICK), inside.near_zero[:, worst]
    alive = _most_alive(inside, worst)
    rose = (
        f" At batch {inside.last_batch(alive):,} it was {course[alive]:.0%}: the layer came to life and collapsed."
        if course[alive] < share - 0.2
        else ""
    )
    return Finding(
        "near_zero",
        "sick",
        f"It learns (loss {nats(record.tail)}), but {_named(inside, sick)} at the end.{rose}",
        "While the rate was high, units were pushed below zero, where a ReLU passes nothing on: "
        "most of the layer works for nothing.",
        remedies.calmer(record),
        (_inside(inside, worst, since, share),),
    )


def near_zero_at_end(record: Record) -> list[tuple[str, float]]:
    """The hidden layers with the share of their values that is near zero at the end of the run, the largest first."""
    inside = record.inside
    if inside is None or not len(inside.near_zero):
        return []
    return [(inside.layers[i], share) for i, share in _ends(inside)]


def _ends(inside: Inside) -> list[tuple[int, float]]:
    """The near-zero shares of the hidden layers at the end of the run, the largest first."""
    import numpy as np

    at_end = np.nanmean(inside.near_zero[-inside.window() :], axis=0)
    return sorted(((i, float(at_end[i])) for i in inside.hidden()), key=lambda found: -found[1])


def _most_alive(inside: Inside, layer: int) -> int:
    """The column, in the first half of the run, in which the layer's share is smallest."""
    return int(inside.near_zero[: len(inside.near_zero) // 2 + 1, layer].argmin())


def _since(inside: Inside, layer: int, bound: float) -> int:
    """The batch, after the layer was most alive, from which on its share has stayed at `bound`, but for a tenth of the
    columns."""
    import numpy as np

    begin = _most_alive(inside, layer)
    above = inside.near_zero[begin:, layer] >= bound
    kept = np.cumsum(above[::-1])[::-1] / np.arange(len(above), 0, -1)
    held = np.flatnonzero((kept >= 0.9) & above)
    return inside.first_batch(begin + int(held[0]) if len(held) else len(inside.near_zero) - inside.window())


def _named(inside: Inside, found: list[tuple[int, float]]) -> str:
    """`98% of conv2's values are near zero (≤ 0.05), conv3 97%, conv4 96%`."""
    (worst, share), *others = found
    more = "".join(f", {inside.layers[i]} {other:.0%}" for i, other in others[:4])
    return f"{share:.0%} of {inside.layers[worst]}'s values are near zero (≤ 0.05){more}"


def _inside(inside: Inside, layer: int, since: int, share: float) -> Evidence:
    return Evidence("near_zero", since, inside.last_batch(len(inside.near_zero) - 1), share, inside.layers[layer])
