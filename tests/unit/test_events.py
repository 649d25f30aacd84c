"""Events: what is written is what CONTRACT.md promises, and what is read back is what was written."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.engine import events
from fastai_tui.engine.runs.log import decoded

AT = {"time": 1_700_000_000.5, "step": 7, "epoch": 1}
EXAMPLES: list[tuple[events.AnyEvent, str, dict[str, type]]] = [
    (
        events.RunStarted(
            time=1.5,
            run="0001-mnist",
            experiment="mnist",
            settings={"lr": [0.1, 0.2], "bs": 64},
            seed=42,
            epochs=3,
            device="cpu",
            data=events.DataFacts(name="mnist", source="full", train=60_000, valid=10_000),
            parameters=6722,
            batches_per_epoch=117,
            versions={"torch": "2.6"},
        ),
        "run_started",
        {
            "run": str,
            "experiment": str,
            "settings": dict,
            "seed": int,
            "device": str,
            "data": dict,
            "parameters": int,
            "batches_per_epoch": int,
            "versions": dict,
        },
    ),
    (
        events.Batch(**AT, loss=1.5, smooth_loss=1.25, lr=[0.1], momentum=0.9, samples_per_second=10.5),
        "batch",
        {"loss": float, "smooth_loss": float, "lr": list, "momentum": float, "samples_per_second": float},
    ),
    (
        events.Activations(
            **AT, layers=[events.LayerStats(name="0", mean=0.5, std=1.0, near_zero=0.25, hist=[1] * 40)]
        ),
        "activations",
        {"layers": list},
    ),
    (
        events.Epoch(**AT, train_loss=1.0, valid_loss=0.5, metrics={"accuracy": 0.75}, seconds=2.5),
        "epoch",
        {"train_loss": float, "valid_loss": float, "metrics": dict, "seconds": float},
    ),
    (
        events.Sample(**AT, prompt="a", text="b", temperature=0.5),
        "sample",
        {"prompt": str, "text": str, "temperature": float},
    ),
    (events.Checkpoint(**AT, path="checkpoints/x.pt", best=True), "checkpoint", {"path": str, "best": bool}),
    (events.Changed(**AT, settings={"lr": 0.5}, by="command"), "changed", {"settings": dict, "by": str}),
    (events.Resumed(**AT, versions={"torch": "2.6"}), "resumed", {"versions": dict}),
    (events.Warned(**AT, code="plateau", message="…"), "warning", {"code": str, "message": str}),
    (
        events.RunEnded(**AT, reason="finished", message="Finished.", seconds=9.5),
        "run_ended",
        {"reason": str, "message": str, "seconds": float},
    ),
    (
        events.Preparing(time=1.5, what="activations", done=640, total=2800),
        "preparing",
        {"what": str, "done": int, "total": int},
    ),
]


@pytest.mark.parametrize(("event", "name", "fields"), EXAMPLES, ids=[name for _, name, _ in EXAMPLES])
def test_an_event_is_what_the_contract_says(event: events.AnyEvent, name: str, fields: dict[str, type]) -> None:
    line = events.encode(event)
    assert b"\n" not in line
    told = json.loads(line)
    assert told["type"] == name
    assert isinstance(told["time"], float)
    if isinstance(event, events.TrainingEvent):
        assert (told["step"], told["epoch"]) == (7, 1)
    assert {key: type(told[key]) for key in fields} == fields
    assert events.decode(line) == event


def test_there_is_an_example_of_every_event() -> None:
    assert {type(event) for event, _, _ in EXAMPLES} == set(events.AnyEvent.__args__)


def test_layers_and_data_have_the_contract_s_fields() -> None:
    layers = json.loads(events.encode(EXAMPLES[2][0]))["layers"]
    assert set(layers[0]) == {"name", "mean", "std", "near_zero", "hist"}
    assert json.loads(events.encode(EXAMPLES[0][0]))["data"] == {
        "name": "mnist",
        "source": "full",
        "train": 60_000,
        "valid": 10_000,
    }


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_null_and_can_be_read_back(number: float) -> None:
    told = events.Epoch(**AT, train_loss=number, valid_loss=number, metrics={}, seconds=1.0)
    line = events.encode(told)
    assert json.loads(line)["valid_loss"] is None
    again = events.decode(line)
    assert isinstance(again, events.Epoch)
    assert again.valid_loss is None


def test_events_cannot_be_changed() -> None:
    event: Any = EXAMPLES[1][0]
    with pytest.raises(AttributeError):
        event.loss = 0.0


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:typebatchnul0123456789', max_size=60).map(str.encode))
def test_lines_that_are_no_events_are_passed_over(line: bytes) -> None:
    kept = list(decoded([line, b'{"type":"warning","time":1,"step":0,"epoch":0,"code":"x","message":""}']))
    assert all(isinstance(event, events.Event) for event in kept)
    assert isinstance(kept[-1], events.Warned)
