"""Which of several processes this is: what torchrun, PyTorch's elastic launcher, says in the environment. Free of
torch."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from fastai_tui.engine.errors import BadInput

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK")


@dataclass(frozen=True)
class Rank:
    """One of `count` processes that train together: its number among all (0 leads), and among those of its machine."""

    number: int
    count: int
    local: int


def mine(environment: Mapping[str, str] = os.environ) -> Rank | None:
    """This process's, or None if it is alone. Raises `BadInput` for an environment that makes no sense."""
    given = [environment.get(name, "") for name in NAMES]
    if not given[1] or given[1] == "1":
        return None
    try:
        number, count, local = map(int, given)
    except ValueError:
        said = ", ".join(f"{name}={value!r}" for name, value in zip(NAMES, given, strict=True))
        raise BadInput(f"The environment says {said}, which are no numbers: start it with torchrun.") from None
    if not 0 <= local <= number < count:
        raise BadInput(f"The environment says that this is process {number} of {count}: start it with torchrun.")
    return Rank(number, count, local)


def check_share(bs: object, count: int) -> None:
    """Raises `BadInput` for batches of `bs` that so many processes can not share evenly."""
    if isinstance(bs, int) and bs % count:
        near = max(round(bs / count), 1) * count
        raise BadInput(f"bs={bs} can not be shared evenly by {count} processes; give a multiple of {count}: bs={near}.")
