"""The pane of states and gates: its numbers are PyTorch's, on any text, of any recurrent network, at any size."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from fastai_tui.app.tui.panes.text import reading
from fastai_tui.app.tui.panes.text.networks import Network
from fastai_tui.app.tui.panes.text.states import StatesPane
from fastai_tui.app.tui.panes.text.states_drawing import fitting
from fastai_tui.engine.interpret.text_model import text_model
from fastai_tui.engine.recurrence import VIEWS
from fastai_tui.lessons.panes import PANES
from tests.tui.host import SilentLab, play, pressed, scene, settled
from tests.tui.reading import SIZES, ReadingLab, canned, network_instead

pytestmark = pytest.mark.usefixtures("still")

TEXT = "The cat. It sat."


def made(lab: Any = None, show: dict[str, Any] | None = None, **given: Any) -> StatesPane:
    return StatesPane(scene("states", lab=lab or ReadingLab(), show={"text": TEXT, **(show or {})}, **given))


def states_by_torch(text: str) -> torch.Tensor:
    """(characters, units): the embedded network's states, by torch's own LSTM."""
    model = text_model("pydocs")
    tokens = torch.tensor([model.vocabulary.encode(text)])
    with torch.no_grad():
        found, _ = model.network.get_submodule("rnn")(model.network.get_submodule("embedding")(tokens))
    return found[0]


def test_every_measure_that_is_declared_is_measured_and_no_other() -> None:
    pane = made()
    play(pane)
    assert set(pane.measured()) == set(PANES["states"].measures)


def test_the_value_under_the_cursor_is_torch_s_and_stands_there() -> None:
    wanted = states_by_torch(TEXT)
    order = wanted.std(0, correction=0).argsort(descending=True).tolist()
    pane = made()
    text = play(pane, "right", "right", "down")
    assert (pane.at, pane.unit) == (2, order[1])
    value = wanted[2, order[1]].item()
    assert pane.measured()["value"] == pytest.approx(value, abs=2e-5)
    assert f"unit {order[1] + 1}/224  state {value:.3f}".replace("-", "−") in text
    assert pane.measured()["mean"] == pytest.approx(wanted[2].abs().mean().item(), abs=1e-6)
    means = wanted.abs().mean(1)
    assert pane.measured()["rank"] == int((means >= means[2]).sum())
    assert pane.measured()["letter"] == "e"
    assert pane.measured()["visited"] == 3


def test_home_and_end_are_the_text_s() -> None:
    pane = made()
    play(pane, "end")
    assert pane.measured()["character"] == len(TEXT)
    play(made(), "end", "right", "home", "left")
    again = made()
    play(again, "right", "home", "left", "up")
    assert (again.at, again.unit) == (0, again.units[0])


def test_v_goes_round_all_views_and_back() -> None:
    pane = made()
    seen: list[str] = []

    async def drive(pilot: Any) -> None:
        for key in ("v",) * 6 + ("V",):
            await pressed(pilot, key)
            seen.append(str(pane.measured()["view"]))

    play(pane, drive=drive)
    assert seen == [*VIEWS["lstm"][1:], "state", "candidate"]
    assert pane.measured()["views"] == 6


def test_units_stand_in_the_order_of_their_numbers_or_of_their_changes() -> None:
    pane = made()
    play(pane, "m", "down")
    first = pane.units[0]
    assert (first, pane.measured()["order"]) == (0, "number")
    changing = made()
    play(changing)
    assert pane.unit == changing.unit + 1
    assert changing.units == states_by_torch(TEXT).std(0, correction=0).argsort(descending=True).tolist()


def test_a_text_of_the_learner_s_own_is_read_and_what_has_no_number_is_said() -> None:
    pane = made(show={"text": "ab"})
    text = play(pane, "e", "backspace", "backspace", *"né q?", "enter")
    assert pane.text == "né q?"
    assert pane.measured()["typed"] == 1
    assert "é is not in the vocabulary" in text
    assert "é is not in the vocabulary" in pane.sentence()
    value = states_by_torch("né q?")[pane.at, pane.unit].item()
    assert pane.measured()["value"] == pytest.approx(value, abs=2e-5)


def test_without_a_text_it_says_what_to_do() -> None:
    pane = made(show={"text": "a"})
    text = play(pane, "e", "backspace", "enter", "v", "down", "right", "m")
    assert "press e" in text
    assert "press e" in pane.sentence()
    play(pane := made(show={"text": "a"}), "e", "backspace", "enter", "e", "x", "enter")
    assert pane.measured()["units"] == 224


def test_what_is_to_be_predicted_is_not_shown() -> None:
    pane = made(hidden=frozenset({"value", "mean"}), show={"view": "forget"})
    for size in SIZES[:4]:
        text = play(pane, "right", size=size)
        value, mean = (float(pane.measured()[name]) for name in ("value", "mean"))  # type: ignore[arg-type]
        assert "forget ?" in text
        assert f"{value:.3f}" not in text
        assert f"{mean:.3f}" not in text
        pane = made(hidden=frozenset({"value", "mean"}), show={"view": "forget"})
    play(pane)
    assert pane.sentence().count("yours to predict") == 2


def test_a_rank_that_is_to_be_predicted_is_not_told_by_the_bars_either() -> None:
    pane = made(hidden=frozenset({"rank"}), show={"view": "forget"})
    text = play(pane)
    assert f"rank ? of {len(TEXT)}" in text
    assert "▁" not in text
    assert "largest" not in pane.sentence()


@pytest.mark.parametrize("name", ["stateful", "cell", "gru", "gru-by-hand", "lstm-by-hand", "rnn", "seq"])
def test_every_recurrent_network_can_be_looked_into(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network_instead(monkeypatch, name)
    pane = made()
    text = play(pane, "right", "v")
    kind = pane.measured()["kind"]
    assert kind == next((k for k in ("gru", "lstm") if k in name), "rnn")
    assert f"a-{name} after 24 batches" in text
    windows = 2 if name in ("rnn", "seq") else 1
    assert pane.measured()["windows"] == windows
    assert ("begins anew every 8 characters" in text) == (windows > 1)


@pytest.mark.parametrize("name", ["three", "loop", "concat"])
def test_a_network_without_a_cell_gets_its_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network_instead(monkeypatch, name)
    pane = made()
    text = play(pane, "v", "down", "m", "a", "right")
    assert "no cell to look into" in text.replace("\n", " ")
    assert "no cell to look into" in pane.sentence()


def test_brackets_choose_a_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network_instead(monkeypatch, "gru", layers=3)
    pane = made()
    text = play(pane, "]", "]", "]")
    assert (pane.measured()["layer"], pane.measured()["layers"]) == (3, 3)
    assert "layer 3/3" in text
    tokens = torch.tensor([model.vocabulary.encode(TEXT)])
    with torch.no_grad():
        wanted = model.network.get_submodule("rnn")(model.network.get_submodule("embedding")(tokens))[0][0]
    assert pane.measured()["value"] == pytest.approx(wanted[pane.at, pane.unit].item(), abs=2e-5)
    play(pane := made(show={"layer": 2}), "[")
    assert pane.measured()["layer"] == 1


def test_a_view_that_a_cell_has_not_is_one_that_it_has() -> None:
    assert fitting("update", "lstm") == "input"
    assert fitting("forget", "gru") == "reset"
    assert fitting("cell", "gru") == fitting("update", "rnn") == "state"
    pane = made(show={"view": "update"})
    play(pane)
    assert pane.measured()["view"] == "input"


def test_without_a_run_the_step_s_model_is_looked_into_untrained() -> None:
    pane = made(show={"model": "gru", "view": "update"})
    text = play(pane)
    assert "an untrained GRU" in text
    assert (pane.measured()["kind"], pane.measured()["view"]) == ("gru", "update")


def test_trouble_is_said_and_another_network_is_a_new_try() -> None:
    lab = ReadingLab("There is no checkpoint yet.")
    pane = made(lab)

    async def drive(pilot: Any) -> None:
        assert "There is no checkpoint yet." in pane.sheet.text
        assert pane.sentence() == "There is no checkpoint yet."
        lab.trouble = ""
        await pressed(pilot, "right")

    text = play(pane, drive=drive)
    assert "hidden state" in text


def followed(pane: StatesPane, run: str, step: int, ended: bool = False) -> None:
    shot: Any = SimpleNamespace(run=run, step=step, ended=ended, live=not ended)
    pane.follow(SimpleNamespace(id=run), shot, (run,))  # type: ignore[arg-type]


def test_the_step_s_run_is_read_once_it_has_begun_and_anew_when_it_got_on() -> None:
    lab = SilentLab({"states": canned})
    pane = made(lab)
    asked: list[str] = []

    async def drive(pilot: Any) -> None:
        for run, step, ended in (("r1", 0, False), ("r1", 9, False), ("r1", 20, True), ("r2", 3, True)):
            followed(pane, run, step, ended)
            await settled(pilot)
            asked.append(lab.asked[-1][1]["source"])

    play(pane, drive=drive)
    assert asked == ["pydocs", "r1", "r1", "r2"]
    assert [a["source"] for _, a in lab.asked] == ["pydocs", "r1", "r1", "r2"]


def test_k_goes_round_the_networks_that_have_a_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [Network("pydocs", "lstm"), Network("r-loop", "loop"), Network("r-gru", "gru")]
    monkeypatch.setattr(reading, "networks", lambda store: tuple(there))
    pane = made(SilentLab({"states": canned}))
    seen: list[str] = []

    async def drive(pilot: Any) -> None:
        for key in ("k", "k", "K"):
            await pressed(pilot, key)
            seen.append(pane.source)
            assert pane.found is not None
            assert pane.found.source == pane.source

    play(pane, drive=drive)
    assert seen == ["r-gru", "pydocs", "r-gru"]
    del there[1:]
    alone = made(SilentLab({"states": canned}))
    play(alone, "k")
    assert alone.source == "pydocs"
    assert alone.measured()["kind"] == "gru"


def test_opened_again_it_is_the_same() -> None:
    pane = made()
    play(pane, "end", "v", "v", "m", "down", "down", "a")
    again = made(kept=pane.kept())
    play(again)
    assert again.measured() == pane.measured()
    assert again.kept() == pane.kept()


@pytest.mark.parametrize(
    "kept",
    [
        {"text": 7, "at": "x", "visited": "all", "network": 3, "view": 2, "layer": "top", "order": 1, "unit": "a"},
        {"at": -5, "visited": ["a", -1], "layer": -3, "unit": 99999, "views": [1, "state"], "together": "x"},
        {"at": 10**9, "layer": 10**9, "unit": -7, "views": {"a": 1}},
    ],
)
def test_nonsense_that_was_kept_is_not_taken(kept: dict[str, Any]) -> None:
    pane = made(kept=kept)
    play(pane)
    shown = pane.measured()
    assert pane.text == TEXT
    assert 1 <= int(shown["character"]) <= len(TEXT)  # type: ignore[call-overload]
    assert 1 <= int(shown["unit"]) <= 224  # type: ignore[call-overload]
    assert shown["layer"] == 1


def test_a_missing_lab_is_a_sentence() -> None:
    pane = made(SilentLab())
    text = play(pane, "v", "right", "down", "m", "a", "]", "k")
    assert "There is no lab here." in text


def test_a_shows_all_views_or_one_and_says_so_where_there_is_no_room() -> None:
    small, large = made(), made()
    assert "forget gate" in play(made(), "m", size=(100, 54))
    assert "forget gate" not in play(large, "m", "a", size=(100, 54))
    assert large.kept()["together"] == 0
    sentences: list[str] = []

    async def drive(pilot: Any) -> None:
        await pressed(pilot, "a")
        sentences.extend(one.sentence for one in pilot.app.told if hasattr(one, "sentence"))

    play(small, drive=drive, size=(40, 18))
    assert sentences == ["No room for all at once: v shows each."]
    assert small.kept()["together"] == 1
