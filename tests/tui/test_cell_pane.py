"""The pane in which a unit is worked out: every number is PyTorch's, for every kind of cell, stage by stage."""

import random
from typing import Any

import msgspec
import pytest
import torch
from torch import nn

from fastai_tui.app.tui.panes.text.cell import CellPane
from fastai_tui.app.tui.panes.text.cell_shown import STAGES
from fastai_tui.engine.interpret import recurrent
from fastai_tui.engine.interpret.text_model import text_model
from fastai_tui.engine.recurrence import Part, Term, Weighted, Work
from fastai_tui.lessons.panes import PANES
from tests.tui.host import SilentLab, play, pressed, scene, settled
from tests.tui.lab_answers import wave
from tests.tui.looks import same_as_golden
from tests.tui.reading import ReadingLab, any_keys_in_any_order, drawn_at_every_size, network_instead

pytestmark = pytest.mark.usefixtures("still")

TEXT = "The cat. It sat."
KINDS = ("rnn", "gru", "lstm")


def made(lab: Any = None, show: dict[str, Any] | None = None, **given: Any) -> CellPane:
    return CellPane(scene("cell", lab=lab or ReadingLab(), show={"text": TEXT, **(show or {})}, **given))


def by_torch(kind: str, character: int, unit: int) -> dict[str, float]:
    """What torch's cell makes of its own weights, from the documentation's equations, and its own layer's states."""
    rnn = recurrent._fresh(f"fresh-{kind}").network.get_submodule("rnn")
    embedding = recurrent._fresh(f"fresh-{kind}").network.get_submodule("embedding")
    assert isinstance(rnn, nn.RNNBase)
    x = embedding(torch.tensor(text_model("pydocs").vocabulary.encode(TEXT)))
    h = c = torch.zeros(rnn.hidden_size)
    if character:
        _, state = rnn(x[None, :character])
        h, c = (state[0][0, 0], state[1][0, 0]) if isinstance(state, tuple) else (state[0, 0], c)
    after = rnn(x[None, : character + 1])[0][0, -1]
    a = (rnn.weight_ih_l0 @ x[character] + rnn.bias_ih_l0).view(-1, rnn.hidden_size)[:, unit].tolist()
    b = (rnn.weight_hh_l0 @ h + rnn.bias_hh_l0).view(-1, rnn.hidden_size)[:, unit].tolist()
    sums = torch.tensor(a) + torch.tensor(b)
    found = {"before": h[unit].item(), "value": after[unit].item()}
    if kind == "rnn":
        return found | {"input": a[0], "hidden": b[0], "sum": sums[0].item()}
    if kind == "gru":
        reset, update = torch.sigmoid(sums[:2]).tolist()
        return found | {
            "reset": reset,
            "update": update,
            "candidate": (a[2] + torch.tensor(reset) * b[2]).tanh().item(),
        }
    gates = [torch.tanh(s).item() if i == 2 else torch.sigmoid(s).item() for i, s in enumerate(sums)]
    found |= dict(zip(("input_gate", "forget", "candidate", "output"), gates, strict=True))
    return found | {"cell_before": c[unit].item(), "cell": gates[1] * c[unit].item() + gates[0] * gates[2]}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moves", [(), ("right",) * 5 + ("down",) * 3])
def test_all_that_it_measures_is_torch_s(kind: str, moves: tuple[str, ...]) -> None:
    pane = made(show={"model": kind})
    play(pane, *moves)
    measured = pane.measured()
    with torch.no_grad():
        wanted = by_torch(kind, moves.count("right"), moves.count("down"))
    for name, value in wanted.items():
        assert measured[name] == pytest.approx(value, abs=2e-6), name
    assert set(measured) <= set(PANES["cell"].measures)


def test_every_measure_that_is_declared_is_measured_somewhere() -> None:
    found: set[str] = set()
    for kind in KINDS:
        pane = made(show={"model": kind})
        play(pane)
        found |= set(pane.measured())
    assert found == set(PANES["cell"].measures)


def spelt(value: object) -> str:
    return f"{value:.3f}".replace("-0.000", "0.000").replace("-", "−")


@pytest.mark.parametrize("kind", KINDS)
def test_space_works_out_one_stage_after_the_other_and_no_more(kind: str) -> None:
    pane = made(show={"model": kind})
    results = {"rnn": ("input", "hidden", "sum", "value"), "gru": ("reset", "update", "candidate", "value"),
               "lstm": ("input_gate", "forget", "candidate", "output", "cell", "value")}[kind]  # fmt: skip

    async def drive(pilot: Any) -> None:
        await pressed(pilot, "right", "right", "down")
        assert "space works out" in pane.sheet.text
        for stage, name in enumerate(results, 1):
            value = spelt(pane.measured()[name])
            assert value not in pane.sheet.text.split("\n")[3 + (kind != "rnn") + stage - 1]
            await pressed(pilot, "space")
            assert pane.measured()["stage"] == stage
            line = pane.sheet.text.split("\n")[3 + (kind != "rnn") + stage - 1]
            assert line.startswith("›")
            assert line.endswith(value)
            assert f"= {value}" in pane.sheet.text or kind == "rnn"
        assert pane.measured()["done"] == 1
        assert pane.measured()["stages"] == len(results)

    play(pane, drive=drive, size=(60, 18))


def test_after_the_last_stage_comes_the_next_character_and_at_the_end_a_sentence() -> None:
    pane = made(show={"model": "rnn", "text": "ab"})
    play(pane, *["space"] * 5)
    assert (pane.at, pane.stage) == (1, 1)
    host = made(show={"model": "rnn", "text": "ab"})
    play(host, "f", "right", "space")
    assert (host.at, host.stage, host.measured()["done"]) == (1, 4, 2)


def test_back_all_and_anew() -> None:
    pane = made(show={"model": "gru"})
    stages: list[int] = []

    async def drive(pilot: Any) -> None:
        for key in ("f", "u", "u", "z", "u", "space"):
            await pressed(pilot, key)
            stages.append(pane.stage)

    play(pane, drive=drive)
    assert stages == [4, 3, 2, 0, 0, 1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["value", "sum", "candidate", "input", "cell"])
def test_what_is_to_be_predicted_is_shown_nowhere(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = network_instead(monkeypatch, {"rnn": "stateful"}.get(kind, kind))
    with torch.no_grad():
        for weights in model.network.parameters():
            weights.mul_(3)  # else tanh(x) is x, to three decimals
    pane = made(hidden=frozenset({name}))
    seen: list[str] = []

    async def drive(pilot: Any) -> None:
        await pressed(pilot, "right", "right", "down")
        for _ in STAGES[kind]:
            await pressed(pilot, "space")
            for size in ((60, 34), (40, 18), (38, 6)):
                await pilot.resize_terminal(*size)
                await settled(pilot)
                secret = pane.measured().get(name)
                if secret is not None:
                    seen.append(spelt(secret))
                    assert spelt(secret) not in pane.sheet.text + pane.sentence()
                    assert spelt(pane.measured()["value"]) not in pane.sheet.text + pane.sentence()

    play(pane, drive=drive)
    assert seen or (name, kind) in {("candidate", "rnn"), ("cell", "rnn"), ("cell", "gru")}


def test_the_next_character_does_not_tell_what_is_to_be_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    network_instead(monkeypatch, "stateful")
    pane = made(hidden=frozenset({"value"}))
    values: list[float] = []

    async def drive(pilot: Any) -> None:
        for _ in range(3):
            await pressed(pilot, "f", "right")
            await settled(pilot)
            values.append(float(pane.measured()["before"]))
            assert spelt(values[-1]) not in pane.sheet.text + pane.sentence()
            assert pane.sheet.text.splitlines()[2].count("?") == len(values) + 1

    play(pane, drive=drive)
    assert len(set(values)) == 3


def test_the_products_add_up_on_the_screen() -> None:
    pane = made(show={"model": "rnn"})
    lines = play(pane, "right", "space", size=(78, 34)).split("\n")
    head = next(i for i, line in enumerate(lines) if line.startswith("W x: 42 products"))
    numbers = []
    for line in lines[head + 1 :]:
        if line.startswith("sum"):
            assert sum(numbers) == pytest.approx(float(line.split()[1].replace("−", "-")), abs=0.015)
            break
        numbers.append(float(line[:21].split()[-1].replace("−", "-")))
    else:
        raise AssertionError("there is no sum")
    assert len(numbers) > 10


@pytest.mark.parametrize("name", ["rnn", "seq", "cell", "gru-by-hand", "lstm-by-hand"])
def test_every_recurrent_network_can_be_worked_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network_instead(monkeypatch, name)
    pane = made()
    text = play(pane, *["right"] * 8, "f")
    windows = name in ("rnn", "seq")
    assert ("begins anew" in text) == windows
    assert (pane.measured()["before"] == 0) == windows
    assert "a-" + name in text


@pytest.mark.parametrize("name", ["three", "loop", "concat"])
def test_a_network_without_a_cell_gets_its_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network_instead(monkeypatch, name)
    pane = made()
    text = play(pane, "space", "f", "down", "u", "z", "right")
    assert "no cell to look into" in text.replace("\n", " ")
    assert "no cell to look into" in pane.sentence()


def test_a_layer_reads_the_one_below(monkeypatch: pytest.MonkeyPatch) -> None:
    network_instead(monkeypatch, "lstm", layers=2)
    pane = made()
    text = play(pane, "]", "right", "space")
    assert "layer 2" in text
    assert "16 products" in text
    assert pane.measured()["layers"] == 2


def test_unknown_characters_and_no_text_get_a_word() -> None:
    pane = made(show={"text": "a"})
    text = play(pane, "e", "☃", "enter", "f", size=(60, 34))
    assert "☃ is not in the vocabulary" in text
    empty = made(show={"text": "a"})
    assert "press e" in play(empty, "e", "backspace", "enter", "space", "f", "down")


def test_opened_again_it_is_the_same() -> None:
    pane = made(show={"unit": 7, "model": "gru"})
    play(pane, "right", "f", "down", "u")
    assert pane.unit == 8
    again = made(show={"unit": 7, "model": "gru"}, kept=pane.kept())
    play(again)
    assert again.measured() == pane.measured()
    assert again.kept() == pane.kept()


@pytest.mark.parametrize(
    "kept",
    [
        {"text": [], "at": None, "unit": "x", "layer": "y", "stage": "z", "done": 3, "network": 9},
        {"at": 10**9, "unit": 10**9, "layer": 10**9, "stage": 10**9, "done": ["a"]},
        {"at": -1, "unit": -1, "layer": -1, "stage": -1},
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept)
    play(pane)
    assert pane.shown is not None
    assert 1 <= pane.unit <= 224
    assert 0 <= pane.stage <= 6


def test_a_missing_lab_is_a_sentence_and_a_key_asks_again() -> None:
    assert "There is no lab here." in play(made(SilentLab()), "space", "f", "down", "k", "z")
    lab = ReadingLab("There is no checkpoint yet.")
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        assert "There is no checkpoint yet." in pane.sheet.text
        lab.trouble = ""
        await pressed(pilot, "right")

    assert "LSTM, unit 1/224" in play(pane, drive=drive)


@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_drawn_at_every_size(depth: str, kind: str) -> None:
    pane = made(show={"text": "é☃ 猫\tx" * 30, "model": kind})
    drawn_at_every_size(pane, "right", "space", depth=depth)


@pytest.mark.parametrize("seed", range(2))
def test_any_keys_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    any_keys_in_any_order(made, made(show={"model": chance.choice(KINDS)}), chance)


def canned(source: str, text: str, layer: int, unit: int, character: int) -> Any:
    """What the lab would say of a GRU, by formula."""

    def weighted(place: int) -> Weighted:
        terms = [Term(i, wave(place, i), wave(i, place, 3)) for i in range(20)]
        told = sum(t.weight * t.number for t in terms)
        return Weighted(told + 0.25, 0.125, terms, 0.125, 42)

    parts = [
        Part(name, weighted(i), weighted(i + 5), wave(i, 1), abs(wave(i, 2)))
        for i, name in enumerate(("reset", "update", "candidate"))
    ]
    found = Work(
        source=source, step=0, kind="gru", layer=1, layers=2, units=20, unit=unit, character=character, begins=[0],
        unknown="é" if "é" in text else "", before=wave(unit, 4), value=wave(unit, 5), cell_before=0.0, cell=0.0,
        parts=parts, course=[wave(unit, i) for i in range(len(text))],
    )  # fmt: skip
    return msgspec.json.decode(msgspec.json.encode(found))


@pytest.mark.parametrize("size", [(40, 18), (78, 18), (60, 34), (100, 54), (38, 6)])
@pytest.mark.parametrize("stages", [2, 4])
def test_it_looks_as_it_did(size: tuple[int, int], stages: int) -> None:
    pane = made(SilentLab({"cell": canned}), show={"text": "The quick é, a fox."})
    text = play(pane, "right", "right", *["space"] * stages, size=size, depth="none")
    same_as_golden(f"panes/cell-{stages}-{size[0]}x{size[1]}", text)
