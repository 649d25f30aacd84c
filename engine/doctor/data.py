"""The data sets: which are here?"""

from collections.abc import Iterator

from fastai_tui.engine.doctor.machine import Finding, Machine
from fastai_tui.engine.errors import FastaiTuiError


def findings(machine: Machine) -> Iterator[Finding]:
    """One finding for each data set in the catalogue."""
    from fastai_tui.engine.data.catalogue import DATA_SETS
    from fastai_tui.engine.data.store import how_to_get, present

    for entry in DATA_SETS.values():
        try:
            here = present(entry)
        except FastaiTuiError as error:
            yield Finding(group="data", name=entry.name, status="problem", seen=str(error))
            continue
        if here:
            seen = "comes with the program" if entry.embedded else "here"
            yield Finding(group="data", name=entry.name, status="ok", seen=seen)
        else:
            size = f" ({max(entry.download // 10**6, 1)} MB)" if entry.download else ""
            way = how_to_get(entry)
            advice = f"{way[:1].upper()}{way[1:]}{size}."
            yield Finding(group="data", name=entry.name, status="note", seen="not here", advice=advice)
