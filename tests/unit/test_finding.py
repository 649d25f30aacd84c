"""The search: what is found, in which order, and that answers are not."""

import time

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from fastai_tui.app.tui.finding import Index, folded, marked, snippet, words_of
from fastai_tui.lessons.glossary import Glossary, Term, glossary
from tests.lessons import good_chapter

TERMS = Glossary(
    [
        Term(name="kernel", also=("kernels", "filter"), text="A small matrix, slid over a [[picture]]."),
        Term(name="padding", text="Zeros around the picture, so that a kernel fits."),
        Term(name="Fréchet distance", text="A distance."),
    ]
)
INDEX = Index([good_chapter()], TERMS)


def found(query: str) -> list[tuple[str, str]]:
    return [(hit.entry.kind, hit.entry.title) for hit in INDEX.search(query)]


def test_names_come_before_text_and_exact_names_first() -> None:
    assert found("kernel")[0] == ("term", "kernel")
    assert found("kernel").index(("term", "kernel")) < found("kernel").index(("term", "padding"))
    assert found("one window")[0] == ("step", "One window")
    assert found("edges")[0] == ("chapter", "Edges")


def test_every_word_has_to_be_there_in_any_order() -> None:
    assert found("picture zeros") == [("term", "padding")]
    assert found("zeros nowhere") == []
    assert found("") == found("   ") == found("?!") == []


def test_case_accents_and_other_names_do_not_matter() -> None:
    assert found("FRECHET") == [("term", "Fréchet distance")]
    assert ("term", "kernel") in found("filter")


def test_marks_of_markdown_are_neither_found_nor_shown() -> None:
    assert found("[[picture]]") == found("picture")
    hit = next(hit for hit in INDEX.search("kernel") if hit.entry.kind == "term")
    assert "[[" not in hit.snippet


def test_questions_and_goals_are_found_but_no_answers() -> None:
    chapter = good_chapter()
    step = chapter.steps[0]
    question = msgspec.structs.replace(step.questions[0], ask="Is it quokka?", why="Because wombat.", answer=762)
    step = msgspec.structs.replace(step, questions=(question,), hints=("Try numbat.",))
    index = Index([msgspec.structs.replace(chapter, steps=(step,))], TERMS)
    assert [hit.entry.step for hit in index.search("quokka")] == [step.id]
    assert [hit.entry.step for hit in index.search(step.goals[0].say)] == [step.id]
    assert index.search("wombat") == index.search("numbat") == []


def test_a_snippet_begins_shortly_before_what_was_found() -> None:
    text = "one two three four five six seven"
    assert snippet(text, ["two"]) == text
    assert snippet(text, ["six"]) == "… three four five six seven"
    assert snippet(text, ["nothing"]) == text


def test_what_was_searched_for_is_marked() -> None:
    assert marked("A kernel, kernels", ["kernel"]) == [
        ("A ", False),
        ("kernel", True),
        (", ", False),
        ("kernel", True),
        ("s", False),
    ]


def test_what_folding_makes_longer_or_shorter_is_marked_in_its_place() -> None:
    assert marked("¼0:", ["0"]) == [("¼", False), ("0", True), (":", False)]
    assert marked("a½b", ["2b"]) == [("a", False), ("½b", True)]
    assert marked("cafés", ["es"]) == [("caf", False), ("és", True)]


@example("¼0:", "0")
@given(st.text(max_size=60), st.text(max_size=20))
def test_marking_loses_no_character_and_never_raises(text: str, query: str) -> None:
    assert "".join(piece for piece, _ in marked(text, words_of(query))) == text
    INDEX.search(query)
    snippet(text, words_of(query))
    folded(text)


def test_it_answers_at_once() -> None:
    """A course of twelve chapters is searched within a key press (30 ms on a busy machine)."""
    chapters = [msgspec.structs.replace(good_chapter(), slug=f"c{i}", number=i) for i in range(12)]
    index = Index(chapters, glossary())
    took = []
    for query in ("k", "ke", "kernel", "kernel window", "e"):
        start = time.process_time()
        index.search(query)
        took.append(time.process_time() - start)
    assert max(took) < 0.03
