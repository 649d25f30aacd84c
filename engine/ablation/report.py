"""A study as sentences and as plain values for JSON."""

from collections.abc import Sequence
from typing import Any

import msgspec

from fastai_tui.engine.ablation.findings import VERDICTS, cautions, findings, judged_by
from fastai_tui.engine.ablation.outcome import Outcome
from fastai_tui.engine.ablation.study import Study
from fastai_tui.engine.ablation.table import table


def conclusions(study: Study, found: Sequence[Outcome]) -> list[str]:
    """The findings and what has to be said beside them, a sentence each; what is real comes first."""
    rows = table(found)
    compared = findings(study.factors, study.cells, rows)
    told = [each.sentence for each in sorted(compared, key=lambda each: VERDICTS.index(each.verdict))]
    return [*told, *cautions(study.factors, study.cells, rows, len(compared))]


def plan_document(study: Study) -> dict[str, Any]:
    """What would be trained."""
    runs = [
        {
            "number": member.number,
            "values": study.cells[member.cell],
            "seed": member.job.seed,
            "epochs": member.job.epochs,
            "data": member.job.data,
            "settings": member.job.settings,
        }
        for member in study.members
    ]
    return _head(study) | {"runs": runs}


def document(study: Study, found: Sequence[Outcome]) -> dict[str, Any]:
    """What has come of a study."""
    rows = table(found)
    return _head(study) | {
        "runs": [_plain(each) | {"values": study.cells[each.cell]} for each in found],
        "cells": [_plain(row) | {"values": study.cells[row.cell]} for row in rows],
        "judged_by": judged_by(rows),
        "findings": [_plain(each) for each in findings(study.factors, study.cells, rows)],
        "conclusions": conclusions(study, found),
    }


def _head(study: Study) -> dict[str, Any]:
    return {
        "study": study.name,
        "experiment": study.experiment,
        "factors": {factor.name: list(factor.values) for factor in study.factors},
        "seeds": list(study.seeds),
    }


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    answer: dict[str, Any] = msgspec.to_builtins(value)
    return answer
