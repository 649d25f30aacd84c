"""Writing: the state carried, chance and no chance, the same seed, what is never written, and going on in pieces."""

import math
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fastai_tui.engine import writing
from fastai_tui.engine.data.vocabulary import SPECIALS, Vocabulary
from fastai_tui.engine.errors import BadInput, RunFailed
from fastai_tui.engine.interpret.text_model import text_model
from fastai_tui.engine.manner import Manner, Piece, repeats
from fastai_tui.engine.models.char_state import Stateful
from fastai_tui.engine.sampling import Dice, Reader, distribution, drawn, write
from fastai_tui.lessons.experiments.char_lm import NETWORKS

VOCABULARY = Vocabulary((*SPECIALS, *"abcdefgh ."))
WINDOWS = {"three": 3, "loop": 8, "concat": 8, "rnn": 8, "seq": 8}
GREEDY = (Manner(greedy=True), Manner(temperature=0), Manner(top_k=1), Manner(top_k=1, temperature=3, seed=7))
PROMPT = "a bad cab"


def network(name: str, seed: int = 3) -> torch.nn.Module:
    torch.manual_seed(seed)
    made = NETWORKS[name](len(VOCABULARY), 16, 6)
    with torch.no_grad():  # as far from even as a trained network's
        made.to_output.weight.mul_(8)
    return made


def text(name: str, manner: Manner, prompt: str = PROMPT, length: int = 40) -> str:
    found = write(network(name), VOCABULARY, prompt, length, manner, WINDOWS.get(name, 0))
    return "".join(character for character, _ in found)


@pytest.fixture(autouse=True)
def nothing_held() -> Iterator[None]:
    writing._held.clear()
    yield
    writing._held.clear()


@pytest.mark.parametrize("name", NETWORKS)
def test_without_chance_it_is_always_the_likeliest_whatever_it_is_called(name: str) -> None:
    found = [text(name, manner) for manner in GREEDY]
    assert set(found) == {found[0]}
    read = VOCABULARY.encode(PROMPT)
    for character in found[0]:
        best = int(outputs(name, read)[2:].argmax()) + 2
        assert VOCABULARY.decode([best]) == character
        read.append(best)


def outputs(name: str, read: list[int]) -> torch.Tensor:
    """What a network says after all it has read, in one go."""
    window = WINDOWS.get(name, 0)
    given = ([2] * window + read)[-window:] if window else read
    with torch.no_grad():
        return network(name).eval()(torch.tensor([given]))[-1]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_character_at_a_time_is_the_whole_text_in_one_go(name: str) -> None:
    read = VOCABULARY.encode(PROMPT)
    for character, probabilities in write(network(name), VOCABULARY, PROMPT, 20, Manner(), WINDOWS.get(name, 0)):
        expected = outputs(name, read).double()
        expected[:2] = -math.inf
        assert torch.allclose(probabilities, expected.softmax(0), atol=1e-6)
        read += VOCABULARY.encode(character)


@pytest.mark.parametrize("name", ["gru", "lstm-by-hand", "rnn"])
def test_the_same_seed_writes_the_same_text_and_another_another(name: str) -> None:
    assert text(name, Manner(seed=5)) == text(name, Manner(seed=5)) != text(name, Manner(seed=6))


def test_training_s_random_numbers_and_state_are_left_alone() -> None:
    made = network("lstm")
    assert isinstance(made, Stateful)
    made.train()
    made(torch.randint(3, 13, (4, 9)))
    memory = [part.clone() for part in made.memory]  # type: ignore[union-attr]
    before = torch.get_rng_state()
    assert len(list(write(made, VOCABULARY, PROMPT, 30, Manner()))) == 30
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(memory, made.memory, strict=True))  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(
    logits=st.lists(st.floats(-30, 30, width=32), min_size=4, max_size=40),
    temperature=st.floats(0.01, 50),
    top_k=st.integers(0, 45),
)
def test_the_distribution_is_the_softmax_of_the_best_at_that_temperature(
    logits: list[float], temperature: float, top_k: int
) -> None:
    found = distribution(torch.tensor(logits), Manner(temperature=temperature, top_k=top_k)).numpy()
    scores = np.array(logits, np.float32).astype(np.float64)
    scores[:2] = -np.inf
    best = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[: top_k or None]
    if top_k == 1:
        temperature = 1.0
    shares = np.exp((scores - scores.max()) / temperature)
    shares = np.where(np.isin(np.arange(len(scores)), best), shares, 0)
    assert np.allclose(found, shares / shares.sum(), atol=1e-12)
    assert found[:2].tolist() == [0, 0]


def test_what_stands_for_no_character_is_never_written() -> None:
    logits = torch.full((13,), -5.0)
    logits[:2] = 50.0  # <unk> and <pad> are all that the network wants
    for manner in (Manner(), Manner(temperature=90), *GREEDY):
        assert distribution(logits, manner)[:2].sum() == 0


@pytest.mark.parametrize("number", [0.0, 0.3, 0.999999, 1 - 2**-53])
def test_only_what_has_a_probability_is_drawn(number: float) -> None:
    probabilities = torch.tensor([0.0, 0.3, 0.0, 0.4, 0.3 - 1e-16, 0.0], dtype=torch.float64)
    expected = 1 if number < 0.3 else 3 if number < 0.7 else 4
    assert drawn(probabilities, number) == expected


def test_characters_are_drawn_as_often_as_they_should_be() -> None:
    probabilities = torch.tensor([0.5, 0.2, 0.0, 0.3], dtype=torch.float64)
    dice = Dice(11)
    counts = np.bincount([drawn(probabilities, dice[i]) for i in range(4000)], minlength=4)
    deviations = np.sqrt(4000 * probabilities.numpy() * (1 - probabilities.numpy()))
    assert (np.abs(counts - 4000 * probabilities.numpy()) <= 4 * deviations).all()


def test_the_dice_say_the_same_in_any_order() -> None:
    forwards, backwards = Dice(9), Dice(9)
    assert [backwards[i] for i in reversed(range(50))][::-1] == [forwards[i] for i in range(50)]


def test_an_empty_prompt_begins_as_a_line_does() -> None:
    assert text("gru", Manner(), "") == text("gru", Manner(), "\n")


def test_a_prompt_is_read_in_small_letters_and_what_is_unknown_as_such() -> None:
    assert text("gru", Manner(), "BAD") == text("gru", Manner(), "bad")
    assert text("gru", Manner(), "b€d") == text("gru", Manner(), "b☃d")


def test_a_network_that_gives_no_numbers_is_refused() -> None:
    with pytest.raises(RunFailed, match="diverged"):
        distribution(torch.tensor([0.0, 1.0, math.nan, 2.0]), Manner())


@pytest.mark.parametrize(
    ("manner", "says"),
    [
        (Manner(temperature=-0.1), "temperature"),
        (Manner(temperature=math.nan), "temperature"),
        (Manner(temperature=101), "temperature"),
        (Manner(top_k=-1), "choose among"),
        (Manner(seed=-1), "seed"),
        (Manner(seed=2**32), "seed"),
    ],
)
def test_a_manner_out_of_bounds_is_refused(manner: Manner, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        manner.checked()


def test_repeats_counts_what_was_there_before() -> None:
    assert repeats("abcdefghij" * 10) == pytest.approx(1 - 10 / 81)
    assert repeats("the quick brown fox jumps over the lazy dog") == repeats("short") == repeats("") == 0


def asked(written: list[int], length: int, manner: Manner, prompt: str = "The class", top: int = 10) -> Piece:
    """What the lab tells, as it travels."""
    answer = writing.answer("pydocs", prompt, written, length, msgspec.to_builtins(manner), top)
    return msgspec.json.decode(msgspec.json.encode(answer), type=Piece)


def whole(manner: Manner, length: int = 60, prompt: str = "The class") -> str:
    model = text_model("pydocs")
    found = write(model.network, model.vocabulary, prompt, length, manner, model.window)
    return "".join(character for character, _ in found)


@pytest.mark.parametrize("manner", [Manner(), Manner(temperature=0.7, top_k=5, seed=3), Manner(greedy=True)])
def test_in_pieces_it_is_the_same_text(manner: Manner) -> None:
    numbers: list[int] = []
    told = ""
    for length in (1, 0, 2, 7, 20, 30):
        while length >= 0:
            piece = asked(numbers, length, manner)
            numbers += [character.number for character in piece.characters]
            told += "".join(character.text for character in piece.characters)
            length = length - len(piece.characters) or -1
    assert told == whole(manner)
    assert (piece.source, piece.step, piece.unknown) == ("pydocs", 0, "")


def test_taken_back_and_gone_on_with_it_is_the_same_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "KEPT", 16)
    numbers = [character.number for character in asked([], 20, Manner()).characters]
    first = asked(numbers, 10, Manner())
    for back in (19, 12, 3, 0):  # what is forgotten is read again
        again = asked(numbers[:back], 5, Manner())
        assert [c.number for c in again.characters] == (numbers + [c.number for c in first.characters])[back : back + 5]
    asked([], 3, Manner(), prompt="another text")
    writing._held.clear()  # another lab
    assert asked(numbers, 10, Manner()) == first


def test_what_is_told_of_a_character_are_the_network_s_own_probabilities() -> None:
    manner = Manner(temperature=0.5, top_k=3)
    before = asked([], 0, manner)
    assert before.characters == []
    (one,) = asked([], 1, manner).characters
    assert one.top == before.next
    shares = {choice.text: choice for choice in one.top}
    assert one.nats == pytest.approx(-math.log(shares[one.text].p))
    assert sum(choice.q for choice in one.top) == pytest.approx(1)
    assert [choice.q > 0 for choice in one.top] == [True] * 3 + [False] * 7
    three = np.array([choice.p for choice in one.top[:3]]) ** 2
    assert [choice.q for choice in one.top[:3]] == pytest.approx(list(three / three.sum()), rel=1e-6)


def test_greedy_text_goes_round_in_circles_and_drawn_text_does_not() -> None:
    for prompt in ("The class statement", "Note: ", ""):
        assert repeats(whole(Manner(greedy=True), 600, prompt)) > 0.5
        assert repeats(whole(Manner(), 600, prompt)) < 0.05


def test_unknown_characters_of_the_prompt_are_told() -> None:
    assert asked([], 1, Manner(), prompt="Ünd ☃, ☃").unknown == "Ü☃"


@pytest.mark.parametrize("length", [-1, 10**7])
def test_a_length_out_of_bounds_is_refused(length: int) -> None:
    with pytest.raises(BadInput, match="out of bounds"):
        writing.answer("pydocs", "", [], length, msgspec.to_builtins(Manner()))


def test_a_text_of_another_vocabulary_is_refused() -> None:
    with pytest.raises(BadInput, match="another vocabulary"):
        writing.answer("pydocs", "", [4, 999], 1, msgspec.to_builtins(Manner()))


def test_a_reader_goes_on_from_where_it_is_put() -> None:
    reader = Reader(network("lstm"))
    reader.begin([5, 6, 7])
    there = reader.place
    first = reader.read(8)
    reader.read(9)
    reader.place = there
    assert torch.equal(reader.read(8), first)
