"""A job: what somebody asked for, before any of it is built. Plain values, so that any process can hold it."""

import msgspec

from fastai_tui.engine.settings import Schema, Value


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment with every setting's value, ready to be built by `builder` (`package.module:function`).

    `data` is a catalogue name or a path, or empty for "the full set if it is there, else the embedded sample".
    `choices` says what those of the settings that are choices can be, so that a reading proposes what can be had.
    """

    experiment: str
    builder: str
    settings: dict[str, Value]
    seed: int = 42
    epochs: int = 1
    device: str = "auto"
    data: str = ""
    choices: dict[str, tuple[str, ...]] = {}


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be trained: its settings, and where the code is that builds its Learner.

    `builder` names a function `(Job) -> Learner`; it is text so that front ends know experiments without torch.
    `data` lists the catalogue names that serve it, the best first; `groups` says how many layer groups each model has.
    `presets` has other defaults (`epochs` among them) for a value of the setting `preset`, `quick`, or for one model
    with it, `quick/lstm`.
    """

    name: str
    about: str
    builder: str
    schema: Schema
    epochs: int
    data: tuple[str, ...]
    groups: dict[str, int] = {}
    presets: dict[str, dict[str, Value]] = {}
