"""The glossary: complete for the chapters there are, and in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastai_tui.lessons import prose
from fastai_tui.lessons.check import check_glossary
from fastai_tui.lessons.glossary import glossary, parse, shipped

# The terms that the lessons on convolutions and on the first CNN use.
FIRST_CHAPTERS = """channel, feature, kernel, stride, padding, activation, batch, logits, cross-entropy, 1cycle,
convolution, parameter, bias, epoch, loss, accuracy, softmax, ReLU, flatten, shape, filter, weights, momentum, gradient,
pixel, feature map, learning rate, batch norm, feature engineering, edge detector, tied weights, tensor, sparse matrix,
fully connected, validation set, training set, binary cross-entropy, activation function, receptive field, CNN, conv2d,
confusion matrix, hyperparameter, schedule, seed"""
# … and those of the two on training that behaves and on learning rates.
TRAINING = """near-zero share, colourful dimension, histogram, dead unit, divergence, plateau, over-fitting, warm-up,
annealing, generalisation, internal covariate shift, running average, evaluation mode, initialisation, rate finder,
gradient descent, hash, SGDR, restarts, ensemble, snapshot, checkpoint, layer group, freezing, unfreeze, optimiser,
Adam, weight decay, callback, early stop, regularisation, deviation, logarithm"""


@pytest.mark.parametrize("term", f"{FIRST_CHAPTERS}, {TRAINING}".replace(",\n", ", ").split(", "))
def test_the_terms_of_the_chapters_are_there(term: str) -> None:
    found = glossary().find(term)
    assert found is not None
    assert len(found.text.split()) >= 8


def test_terms_are_found_by_any_name_in_any_case() -> None:
    terms = glossary()
    assert terms.find("Filters") is terms.find("kernel")
    assert terms.find("  receptive\nfields ") is terms.find("receptive field")
    assert terms.find("wombat") is None


def test_the_glossary_has_no_problems() -> None:
    terms, found = shipped()
    assert found == []
    assert check_glossary(terms) == []
    assert len(terms) >= 30


def test_no_term_links_to_itself() -> None:
    terms = glossary()
    for term in terms:
        links = {
            s.link.removeprefix("glossary:") for b in prose.blocks(term.text) for s in prose.spans(b.text) if s.link
        }
        assert term not in {terms.find(link) for link in links}


GOOD = '[[term]]\nname = "a"\ntext = "one"\n\n[[term]]\nname = "b"\nalso = ["bs"]\ntext = "see [[a]]"\n'


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ("[[a]]", "[[c]]", 8, "no "),
        ('name = "b"', 'name = "A"', 5, "leads to another"),
        ('also = ["bs"]', 'also = ["a"]', 5, "leads to another"),
        ('name = "a"', 'name = "z"', 5, "out of order"),
        ("see [[a]]", "see [here](nowhere)", 8, "leads nowhere"),
        ('"one"', f'"{"word " * 200}"', 1, "80×24"),
    ],
)
def test_mistakes_in_a_glossary_are_reported(old: str, new: str, line: int, word: str) -> None:
    terms, found = parse(GOOD.replace(old, new).encode(), "g.toml")
    assert found == []
    reported = [problem for problem in check_glossary(terms) if word in str(problem)]
    assert reported
    assert all(problem.remedy and problem.file == "g.toml" for problem in reported)
    assert any(abs(problem.line - line) <= 2 for problem in reported)


@pytest.mark.parametrize("more", ["[[term]]", "[[term]]\nname = 3\ntext = ''", "[other]", "[[term]]\nnome = 'c'"])
def test_a_mistake_in_one_term_keeps_the_good_ones(more: str) -> None:
    terms, found = parse(f"{GOOD}\n{more}\n".encode(), "g")
    assert found
    assert all(problem.remedy and problem.line >= 10 for problem in found)
    assert [term.name for term in terms] == ["a", "b"]


@pytest.mark.parametrize("text", ["[term]", "[[", "term = [1]", "term = 1", "\xff"])
def test_what_is_no_glossary_is_a_problem(text: str) -> None:
    terms, found = parse(text.encode("latin-1"), "g")
    assert [(problem.line, bool(problem.remedy)) for problem in found] == [(1, True)]
    assert len(terms) == 0


@given(st.binary())
def test_no_bytes_make_it_raise(content: bytes) -> None:
    terms, found = parse(content, "g")
    assert all(problem.remedy for problem in found)
    assert len(terms) == 0
