"""What differs between the networks' code: against difflib's own listing, and against Python's view of the code."""

import ast
import difflib
import itertools

import pytest

from fastai_tui.engine.errors import BadInput
from fastai_tui.lessons import refactoring
from fastai_tui.lessons.experiments import EXPERIMENTS
from fastai_tui.lessons.refactoring import NETWORKS, Refactoring, compared

PAIRS = [*itertools.pairwise(NETWORKS), ("seq", "stateful"), ("stateful", "gru"), ("gru", "lstm"), ("lstm", "lstm")]


def test_every_network_that_can_be_trained_has_its_code() -> None:
    from fastai_tui.lessons.experiments.char_lm import NETWORKS as classes

    assert set(NETWORKS) == set(EXPERIMENTS["char-lm"].schema["model"].choices)
    for name, references in NETWORKS.items():
        module, _, own = references[-1].partition(":")
        assert classes[name].__name__ == own
        assert classes[name].__module__ == f"fastai_tui.{module}"
        bases = {base.__name__ for base in classes[name].__mro__[1:-1] if base.__module__.startswith("fastai_tui")}
        assert bases <= {reference.partition(":")[2] for reference in references}


@pytest.mark.parametrize("name", NETWORKS)
def test_without_docstrings_it_is_the_same_program(name: str) -> None:
    code = refactoring.code_of(name)
    whole = "\n\n".join(refactoring.sources.source(reference) for reference in NETWORKS[name])
    bare = ast.parse(whole)
    for node in ast.walk(bare):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    assert ast.dump(ast.parse(code)) == ast.dump(bare)
    assert '"""' not in code
    assert refactoring.about(name).endswith(".")


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_the_difference_is_difflibs(before: str, after: str) -> None:
    found = refactoring.refactoring(before, after)
    differ = list(difflib.unified_diff(found.before, found.after, n=10_000, lineterm=""))[3:]
    assert found.added == sum(line[0] == "+" for line in differ)
    assert found.removed == sum(line[0] == "-" for line in differ)
    assert [_written(found, i) for i in range(len(found.unified.pairs))] == (
        differ or [f" {line}" for line in found.before]
    )


def _written(found: Refactoring, row: int) -> str:
    pair = found.unified.pairs[row]
    if pair.same:
        return f" {found.before[pair.before or 0]}"
    return f"-{found.before[pair.before]}" if pair.before is not None else f"+{found.after[pair.after or 0]}"


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_side_by_side_each_text_is_whole_and_in_order(before: str, after: str) -> None:
    found = refactoring.refactoring(before, after)
    assert [p.before for p in found.pairs if p.before is not None] == list(range(len(found.before)))
    assert [p.after for p in found.pairs if p.after is not None] == list(range(len(found.after)))
    assert all(p.same == (p.before is not None and p.after is not None and
                          found.before[p.before] == found.after[p.after]) for p in found.pairs)  # fmt: skip


def test_of_a_change_first_goes_what_goes() -> None:
    found = compared("a\nb\nc\nd", "a\nx\ny\nd\ne")
    assert (found.added, found.removed) == (3, 2)
    assert [tuple(pair) for pair in found.unified.pairs] == [
        (0, 0, True),
        (1, None, False),
        (2, None, False),
        (None, 1, False),
        (None, 2, False),
        (3, 3, True),
        (None, 4, False),
    ]


def test_a_name_that_is_no_network_is_a_sentence() -> None:
    with pytest.raises(BadInput, match="three, loop"):
        refactoring.code_of("lenet")
