"""The pane of mistakes where pictures have colours and classes have names."""

from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

from fastai_tui.app.tui.panes.networks import mistakes_images
from fastai_tui.app.tui.panes.networks.mistakes import MistakesPane
from fastai_tui.engine.data.store import images
from fastai_tui.engine.interpret import mistakes
from tests.tui.colour_runs import CLASSES, DATA, SIZES, at_home, play, trained
from tests.tui.test_learned_panes import press

__all__ = ["at_home", "trained"]


def named(**others: Any) -> dict[str, Any]:
    """The lab's answer, with CIFAR-10's names."""
    return {"mistakes": mistakes.answer("1") | {"classes": CLASSES} | others}


def test_mistakes_are_shown_in_colour_with_the_classes_names() -> None:
    expected = mistakes.answer("1")
    first, second = expected["mistakes"][:2]
    pixels = images(DATA).valid_images[first["index"]]

    async def scenario(pane: MistakesPane, pilot: Pilot[None]) -> None:
        assert pane.known is not None
        assert pane.known.shown[0].channels == tuple(tuple(map(tuple, rows)) for rows in pixels.tolist())
        truth, prediction = CLASSES[first["truth"]], CLASSES[first["prediction"]]
        assert (pane.measured()["truth"], pane.measured()["prediction"]) == (truth, prediction)
        line = pane.sheet.text.splitlines()[1]
        assert line.startswith(f"1/100 {truth}→{prediction} {first['probability']:.1%}")
        up, down = (tuple(int(v) for v in pixels[:, row, 0]) for row in (0, 1))
        character, paint = pane.sheet.rows[2][0]
        assert (character, paint.front, paint.back) == ("▀", up, down) or (up == down and paint.back == up)
        await press(pilot, "right")
        assert pane.measured()["prediction"] == CLASSES[second["prediction"]]
        an = "an" if CLASSES[second["truth"]][0] == "a" else "a"
        assert f"is {an} {CLASSES[second['truth']]}, taken for " in pane.sentence()

    play(MistakesPane, "mistakes", "1", scenario, answers=named())


def test_the_matrix_tells_all_counts_and_what_is_mixed_up_most() -> None:
    confusion = np.array(mistakes.answer("1")["confusion"])
    np.fill_diagonal(wrong := confusion.copy(), 0)
    i, j = np.unravel_index(wrong.argmax(), wrong.shape)

    async def scenario(pane: MistakesPane, pilot: Pilot[None]) -> None:
        await press(pilot, "v", "v")
        rows = [line.split() for line in pane.sheet.text.splitlines()[3:13]]
        assert [row[0] for row in rows] == CLASSES
        assert [[int(n) for n in row[1:]] for row in rows] == confusion.tolist()
        measured = pane.measured()
        assert (measured["mixed"], measured["mixed_truth"]) == (wrong.max(), CLASSES[i])
        assert measured["mixed_prediction"] == CLASSES[j]
        assert f"{CLASSES[j]}: {wrong.max()} times." in " ".join(pane.sheet.text.split())

    play(MistakesPane, "mistakes", "1", scenario, (78, 18), answers=named())


def test_where_counts_have_no_room_they_are_shares_of_their_row() -> None:
    confusion = [[850 if i == j else 17 if j else 14 for j in range(10)] for i in range(10)]

    async def scenario(pane: MistakesPane, pilot: Pilot[None]) -> None:
        await press(pilot, "v", "v")
        assert "(in % of its row)" in pane.sheet.text
        row = pane.sheet.text.splitlines()[4].split()
        assert row[:4] == ["automobi…", "1", "85", "2"]

    play(MistakesPane, "mistakes", "1", scenario, answers=named(confusion=confusion))


@pytest.mark.parametrize("name", ["wrong", "mixed", "mixed_truth"])
def test_what_is_to_be_predicted_is_not_in_the_matrix(name: str) -> None:
    async def scenario(pane: MistakesPane, pilot: Pilot[None]) -> None:
        await press(pilot, "v", "v")
        body = " ".join(pane.sheet.text.splitlines()[3:])
        assert not any(character.isdigit() for character in body)
        assert "Most often" not in body

    play(MistakesPane, "mistakes", "1", scenario, hidden=frozenset({name}), answers=named())


def test_names_are_cut_to_their_room_the_longest_first() -> None:
    assert mistakes_images.cut(("cat", "automobile"), 9) == ["cat", "automo"]
    assert mistakes_images.cut(("airplane", "automobile"), 6) == ["air", "aut"]
    assert [mistakes_images.named(word) for word in ("cat", "airplane", "8")] == ["a cat", "an airplane", "a 8"]


@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
def test_mistakes_fit_every_size(depth: str) -> None:
    async def scenario(pane: MistakesPane, pilot: Pilot[None]) -> None:
        for _ in range(3):
            lines = pane.sheet.text.split("\n")
            assert len(lines) == pane.size.height
            assert all(len(line) <= pane.size.width for line in lines)
            await press(pilot, "right", "v")

    for size in SIZES if depth == "truecolor" else [(40, 18), (38, 6)]:
        play(MistakesPane, "mistakes", "1", scenario, size, named(), depth)
