"""What a device may be called: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`. Free of torch, for front ends."""

import re

from fastai_tui.engine.errors import BadInput

_FORM = re.compile(r"(auto|cpu|mps)|(cuda)(?::([0-9]{1,4}))?")


def parse_device(wanted: str) -> tuple[str, int | None]:
    """The kind of device and its number, if one is given: `cuda:1` is ("cuda", 1). Raises `BadInput`."""
    found = _FORM.fullmatch(wanted)
    if not found:
        shown = "".join(c if c.isprintable() else "?" for c in wanted[:40])
        raise BadInput(f"There is no device called {shown!r}; give auto, cpu, cuda, cuda:N (as in cuda:1) or mps.")
    kind, cuda, number = found.groups()
    return kind or cuda, int(number) if number else None
