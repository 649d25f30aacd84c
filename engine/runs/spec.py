"""What a run was asked to do: `run.json`, written before anything starts."""

from typing import Annotated, Any

import msgspec

from fastai_tui.engine.errors import NOT_JSON, DiskTrouble
from fastai_tui.engine.job import Job

SCHEMA_VERSION = 1


class RunSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A run's identity and its job. `columns` (of the file `steps`) and `layers` (of `activations`) are filled in by
    the run's own process, once the network is built. `at_once` says not to queue for the device, `gpus` by how many
    processes, each with a GPU of its own, it is trained."""

    schema_version: Annotated[int, msgspec.Meta(ge=1)] = SCHEMA_VERSION
    id: str
    name: str = ""
    created: float
    job: Job
    command: list[str]
    versions: dict[str, str] = {}
    at_once: bool = False
    gpus: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 1
    groups: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    layers: list[str] = []
    device: str = ""
    total_batches: int = 0


def encode(spec: RunSpec) -> bytes:
    """The bytes of `run.json`."""
    return msgspec.json.format(msgspec.json.encode(spec), indent=1) + b"\n"


def decode(content: bytes, where: object) -> RunSpec:
    """The spec that `run.json` holds. Raises `DiskTrouble` for a file that is damaged or from a newer version."""
    try:
        version = msgspec.json.decode(content, type=dict[str, Any]).get("schema_version")
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise DiskTrouble(f"{where} was written by a newer fastai-tui; upgrade to open it.")
        return msgspec.json.decode(content, type=RunSpec)
    except NOT_JSON as error:
        raise DiskTrouble(
            f"{where} is damaged ({error}); the run cannot be opened, `fastai-tui rm` removes it."
        ) from None
