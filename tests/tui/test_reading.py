"""Search, glossary, help, code, the command line and the sentence: what they show, copy and tell."""

import shlex
import subprocess

import pytest

from fastai_tui.app.tui.highlighting import coloured
from fastai_tui.app.tui.keynames import Group, groups, key_name, matters, together
from fastai_tui.app.tui.screens.code import CodeScreen
from fastai_tui.app.tui.screens.command import CommandScreen, broken
from fastai_tui.app.tui.screens.glossary import GlossaryScreen
from fastai_tui.app.tui.screens.help import HelpScreen, as_text
from fastai_tui.app.tui.screens.page import Page, wrapped
from fastai_tui.app.tui.screens.say import SayScreen
from fastai_tui.app.tui.screens.search import Index, SearchScreen
from fastai_tui.lessons import sources
from fastai_tui.lessons.glossary import glossary
from tests.tui.looks import look
from tests.tui.pages import CHAPTERS, COMMAND, GROUPS, SENTENCE, TERMS
from tests.tui.screens import ScreenHost


async def test_searching_finds_while_typing_and_enter_opens_a_term() -> None:
    app = ScreenHost(lambda: SearchScreen(Index(CHAPTERS, TERMS)))
    async with app.run_test() as pilot:
        assert "Type what you look for" in look(app).text
        await pilot.press(*"stride", "enter")
        await pilot.pause()
        assert [message.name for message in app.told if isinstance(message, Page.Term)] == ["stride"]
        assert not isinstance(app.screen, SearchScreen)


async def test_searching_opens_the_step_that_the_arrows_choose() -> None:
    app = ScreenHost(lambda: SearchScreen(Index(CHAPTERS, TERMS)))
    async with app.run_test() as pilot:
        await pilot.press(*"one window")
        await pilot.press("down", "enter")
        await pilot.pause()
        assert [(m.chapter, m.step) for m in app.told if isinstance(m, Page.Open)] == [("second", "one-window")]


async def test_what_was_chosen_is_opened_even_if_other_words_have_been_typed_meanwhile() -> None:
    app = ScreenHost(lambda: SearchScreen(Index(CHAPTERS, TERMS)))
    async with app.run_test() as pilot:
        await pilot.press(*"stride")
        search = app.screen
        assert isinstance(search, SearchScreen)
        search.lines.action_pick()  # its message waits while the words become others
        search.hits = []
        await pilot.pause()
        assert [message.name for message in app.told if isinstance(message, Page.Term)] == ["stride"]


async def test_searching_for_nothing_and_junk() -> None:
    app = ScreenHost(lambda: SearchScreen(Index(CHAPTERS, TERMS)))
    async with app.run_test() as pilot:
        await pilot.press("enter", *"zzz", "enter", "down", "up")
        assert "Nothing has zzz in it" in look(app).text
        for junk in ("\x1b[31m\x00\n\r", "é" * 3000, "[bold]x[/bold]", "\ud83d\ude00 \u202e"):
            app.screen.query_one("#field").value = junk  # type: ignore[attr-defined]
            await pilot.pause()
            assert "\x1b" not in look(app).text
        assert app.told == []
        await pilot.press("escape")
        assert not isinstance(app.screen, SearchScreen)


async def test_the_glossary_lists_opens_follows_and_goes_back() -> None:
    app = ScreenHost(lambda: GlossaryScreen(TERMS))
    async with app.run_test() as pilot:
        assert all(term.name in look(app).text for term in TERMS)
        await pilot.press("down", "enter")
        assert "slid over a picture" in look(app).text
        await pilot.press("enter")
        assert "cells the kernel moves" in look(app).text
        await pilot.press("down", "enter")
        assert "go through the network" in look(app).text
        await pilot.press("escape")
        assert "cells the kernel moves" in look(app).text
        await pilot.press("right")
        assert "go through the network" in look(app).text
        await pilot.press("escape")
        assert "44 terms" not in look(app).text
        assert "3 terms" in look(app).text
        assert isinstance(app.screen, GlossaryScreen)
        await pilot.press("escape")
        assert not isinstance(app.screen, GlossaryScreen)


async def test_the_glossary_opened_at_a_term_closes_at_once() -> None:
    app = ScreenHost(lambda: GlossaryScreen(TERMS, "FILTER"))
    async with app.run_test() as pilot:
        assert "slid over a picture" in look(app).text
        await pilot.press("escape")
        assert not isinstance(app.screen, GlossaryScreen)


async def test_every_shipped_term_can_be_read_at_the_smallest_size() -> None:
    terms = glossary()
    app = ScreenHost(lambda: GlossaryScreen(terms, terms.terms[0].name))
    async with app.run_test(size=(40, 12)) as pilot:
        for term in terms:
            assert term.name in look(app).text.split("\n")[1]
            await pilot.press("n")


async def test_help_lists_every_group_side_by_side_where_there_is_room() -> None:
    for size, beside in (((80, 24), True), ((40, 12), False)):
        app = ScreenHost(lambda: HelpScreen(GROUPS))
        async with app.run_test(size=size):
            first = look(app).text.split("\n")[1]
            assert ("This pane" in first and "This chapter" in first) is beside


def test_help_is_printable_for_the_documentation() -> None:
    text = as_text(GROUPS)
    assert all(group.title in text for group in GROUPS)
    assert "d D     next digit, the one before" in text
    assert max(len(line) for line in text.split("\n")) <= 76


def test_a_long_description_is_wrapped_beside_its_key() -> None:
    lines = as_text([Group("Here", (("x", "word " * 40),))]).split("\n")
    assert len(lines) > 3
    assert all(line.startswith("   word") for line in lines[2:-1])


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("up", "↑"),
        ("question_mark", "?"),
        ("slash", "/"),
        ("right_square_bracket", "]"),
        ("less_than_sign", "<"),
        ("full_stop", "."),
        ("escape", "esc"),
        ("enter", "enter"),
        ("space", "space"),
        ("pagedown", "PgDn"),
        ("f1", "F1"),
        ("f", "f"),
        ("D", "D"),
        ("ctrl+p", "ctrl+p"),
        ("shift+tab", "shift+tab"),
        ("shift+up", "shift+↑"),
        ("minus", "-"),
        ("equals_sign", "="),
        ("plus", "+"),
    ],
)
def test_keys_have_the_names_that_people_use(key: str, name: str) -> None:
    assert key_name(key) == name


def test_keys_that_do_the_same_are_listed_together() -> None:
    assert together(["up", "down", "left", "right"]) == "arrows"
    assert together(["up", "down"], unicode=False) == "up down"
    assert together([*"0123456789", "a"]) == "0–9 a"
    assert together(list("abcdef")) == "a b c d …"


async def test_groups_follow_the_bindings_that_are_active() -> None:
    app = ScreenHost(lambda: GlossaryScreen(TERMS))
    async with app.run_test() as pilot:
        listed = {title: dict(keys) for title, keys in ((g.title, g.keys) for g in groups(app.screen))}
        assert "next term" not in listed["Glossary"].values()
        assert listed["Everywhere"]["ctrl+p"]
        assert not any("focus" in words.lower() for keys in listed.values() for words in keys.values())
        await pilot.press("enter")
        listed = {group.title: dict(group.keys) for group in groups(app.screen)}
        assert listed["Glossary"]["→ n"] == "next term"
        assert ("→ n", "next term") in matters(app.screen)


async def test_the_code_is_that_of_the_file_and_is_copied() -> None:
    reference = "engine.learner:Learner.fit"
    app = ScreenHost(lambda: CodeScreen(reference))
    async with app.run_test(size=(120, 40)) as pilot:
        place = sources.located(reference)
        assert f"engine/learner.py, line {place.line}" in look(app).text
        assert f"{place.line}  def fit(self" in look(app).text
        await pilot.press("y")
        lines = app.copied[0].rstrip("\n").split("\n")
        assert [line.strip() for line in lines] == [line.strip() for line in place.text.split("\n")]
        assert lines[0].startswith("def fit")
        assert "clipboard" in look(app).text


@pytest.mark.parametrize("reference", ["", "engine.learner:Nothing", "junk\x1b[31m", "os:system"])
async def test_code_that_is_not_there_is_a_sentence(reference: str) -> None:
    app = ScreenHost(lambda: CodeScreen(reference))
    async with app.run_test() as pilot:
        await pilot.press("y")
        assert app.copied == []
        assert any(words in look(app).text for words in ("no code", "names no code"))


def test_colouring_loses_no_character() -> None:
    code = sources.source("lessons.glossary:parse")
    assert "\n".join("".join(words for words, _ in line) for line in coloured(code)) == code
    styles = {style for line in coloured(code) for _, style in line}
    assert {"accent", "strong", "plain", "dim"} <= styles


async def test_the_command_line_is_one_that_a_shell_reads_back() -> None:
    app = ScreenHost(lambda: CommandScreen(COMMAND))
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.press("enter")
        assert shlex.split(app.copied[0]) == ["fastai-tui", *COMMAND]
        assert "OSC 52" in " ".join(look(app).text.split())
        await pilot.press("escape")
        assert not isinstance(app.screen, CommandScreen)


@pytest.mark.parametrize("room", [12, 20, 37, 77, 200])
def test_a_broken_command_line_is_still_the_same_command(room: int) -> None:
    command = shlex.join(["fastai-tui", *COMMAND])
    lines = broken(command, room)
    assert all(len(line) <= room for line in lines)
    assert "".join("".join(line.removesuffix(" \\").split()) for line in lines) == "".join(command.split())
    if room >= 37:  # no word had to be cut: a shell reads it as it was
        script = "printf '%s\\n' " + "\n".join(lines)
        said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        assert said.stdout.split("\n")[:-1] == ["fastai-tui", *COMMAND]


async def test_without_a_command_it_says_so() -> None:
    app = ScreenHost(lambda: CommandScreen([]))
    async with app.run_test() as pilot:
        assert "There is no command" in look(app).text
        await pilot.press("y")
        assert app.copied == []


async def test_the_sentence_is_whole_and_the_cursor_stands_at_it() -> None:
    for size in ((80, 24), (40, 12)):
        app = ScreenHost(lambda: SayScreen(SENTENCE))
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            lines = look(app).text.split("\n")
            row = next(i for i, line in enumerate(lines) if line.strip().startswith("The window"))
            assert app.cursor_position == (1, row)
            assert SENTENCE in " ".join(" ".join(lines[row:]).split())
            await pilot.press("s")
            assert not isinstance(app.screen, SayScreen)


def test_wrapping_keeps_every_word_within_the_room() -> None:
    text = "a bb ccc " + "x" * 30 + " 日本語のテキスト end"
    for room in range(-1, 40):
        lines = wrapped(text, room)
        assert "".join("".join(lines).split()) == "".join(text.split())
