"""The reading of a run: what its recorded numbers say, in plain words, with the evidence and what to try."""

from __future__ import annotations

from dataclasses import dataclass

from fastai_tui.engine import layer_signs, signs
from fastai_tui.engine.finding import Finding, nats
from fastai_tui.engine.recorded import Record

# What a run can be, the gravest first; the word is a finding's, and the reading's is its gravest finding's.
VERDICTS = ("diverged", "dead", "plateau", "sick", "over-fitting", "slow", "healthy")
EARLY = "early"  # too few batches to say
CODES = ("diverging", "dead_units", "plateau", "near_zero", "over_fitting", "too_slow")
LEAST = 20  # batches: with fewer, a leap is not told from a beginning


@dataclass(frozen=True)
class Reading:
    """A run's `verdict`, one of `VERDICTS` or `EARLY`; what speaks for it, the gravest first; `headline` says it in a
    sentence, `unseen` what could not be seen, for it was not recorded."""

    verdict: str
    headline: str
    findings: tuple[Finding, ...] = ()
    unseen: str = ""

    def verdicts(self) -> tuple[str, ...]:
        """Every word that its findings earn it."""
        return tuple(dict.fromkeys(finding.verdict for finding in self.findings)) or (self.verdict,)


def read(record: Record) -> Reading:
    """What a run's record says."""
    unseen = "" if record.inside is not None else "What happened inside the layers was not recorded (activations=on)."
    if record.batches < LEAST and not record.broken:
        return Reading(EARLY, f"After {record.batches:,} batches it is too early to say.", (), unseen)
    found = _signs(record)
    found.sort(key=lambda finding: VERDICTS.index(finding.verdict))
    if found:
        return Reading(found[0].verdict, found[0].seen, tuple(found), unseen)
    return Reading("healthy", _healthy(record), (), unseen)


def _signs(record: Record) -> list[Finding]:
    """All the signs that are found. What a layer died of, or a loss that is thrown about, explains the rest."""
    if broken := signs.no_number(record):
        return [broken]
    grave = layer_signs.dead_layers(record) or signs.dead_by_loss(record) or signs.thrown(record)
    if grave:
        return [grave]
    others = (signs.plateau, layer_signs.sick_layers, signs.over_fitting, signs.slow)
    found = [finding for sign in others if (finding := sign(record))]
    codes = [finding.code for finding in found]
    return [finding for finding in found if finding.code != "plateau" or "too_slow" not in codes]


def _healthy(record: Record) -> str:
    first, last = float(record.losses[0]), record.tail
    so_far = "" if record.over else f"So far (batch {record.batches:,} of {record.total:,}): "
    words = f"the loss fell from {nats(first)} to {nats(last)}"
    if last >= first:
        words = f"the loss is {nats(last)}"
    words += _busiest(record)
    sentence = f"{so_far}{words}."
    return sentence[0].upper() + sentence[1:]


def _busiest(record: Record) -> str:
    """What the emptiest hidden layer is like."""
    found = layer_signs.near_zero_at_end(record)
    if not found:
        return ""
    name, share = found[0]
    return f", and no hidden layer has more than {share:.0%} of its values near zero ({name})"
