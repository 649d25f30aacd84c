"""A job: what somebody asked for, before any of it is built. Plain values, so that any process can hold it."""

import msgspec

from fastai_tui.engine.settings import Schema, Value


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment with every setting's value, ready to be built by `builder` (`package.module:function`).

    `data` is a catalogue name or a path, or empty for "the full set if it is there, else the embedded sample".
    """

    experiment: str
    builder: str
    settings: dict[str, Value]
    seed: int = 42
    epochs: int = 1
    device: str = "auto"
    data: str = ""


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be trained: its settings, and where the code is that builds its Learner.

    `builder` names a function `(Job) -> Learner`; it is text so that front ends know experiments without torch.
    `data` lists the catalogue names that serve it, the best first.
    """

    name: str
    about: str
    builder: str
    schema: Schema
    epochs: int
    data: tuple[str, ...]
