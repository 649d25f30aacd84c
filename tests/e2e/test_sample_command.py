"""`sample` as users meet it: the app's text, live in a terminal, one document, one sentence for bad input."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import pexpect
import pytest

from fastai_tui.app.tui.panes.text.writing import WritingPane
from fastai_tui.engine.lab_client import Lab
from fastai_tui.engine.manner import repeats
from tests.runs import new_run
from tests.tui.host import Host, scene
from tests.warm import command

COMMAND = [sys.executable, "-m", "fastai_tui.app.cli.main", "sample"]
PROMPT = "The class statement"


def outcome(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return command("sample", *arguments)


def document(*arguments: str) -> dict[str, Any]:
    done = outcome(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def shown(kept: dict[str, Any], keys: tuple[str, ...], length: int, **knobs: Any) -> WritingPane:
    """The pane in an app with a lab of its own, once it has written so much."""
    lab = Lab()
    try:
        pane = WritingPane(scene("writing", lab=lab, show={"prompt": PROMPT}, knobs=knobs, kept=kept))
        async with Host(pane).run_test(size=(60, 34)) as pilot:
            await pilot.press(*keys)
            for _ in range(3000):
                await pilot.pause(0.02)
                if len(pane.text.characters) == length and not pane._serving:
                    return pane
        raise AssertionError(f"{len(pane.text.characters)} characters: {pane.trouble}")
    finally:
        await lab.close()


def test_the_app_the_command_and_another_app_write_the_same_text() -> None:
    first = asyncio.run(shown({}, ("k", "f", "space", "u"), 200, temperature=0.8, top_k=20))
    arguments = list(first.command())
    assert arguments[:2] == ["sample", "pydocs"]
    told = document(*arguments[1:])
    again = asyncio.run(shown(dict(first.kept()), (), 200, temperature=0.8, top_k=20))
    assert told["text"] == first.text.text == again.text.text
    assert (told["seed"], told["temperature"], told["top_k"], told["greedy"]) == (43, 0.8, 20, False)
    assert told["surprise"] == pytest.approx(first.measured()["surprise"])


def test_the_likeliest_by_any_name_repeats_itself_and_drawn_text_does_not() -> None:
    greedy = [
        document("pydocs", "--prompt", PROMPT, *how) for how in (["--greedy"], ["--temperature=0"], ["--top-k=1"])
    ]
    assert len({found["text"] for found in greedy}) == 1
    free = document("pydocs", "--prompt", PROMPT)
    assert greedy[0]["repeats"] == repeats(greedy[0]["text"]) > 0.5 > 0.05 > free["repeats"]
    assert (free["run"], free["length"], len(free["text"])) == ("pydocs", 400, 400)
    assert greedy[0]["surprise"] < free["surprise"]


def test_in_a_pipe_it_is_the_prompt_and_the_text() -> None:
    done = outcome("pydocs", "--prompt", "Größe", "--length", "50", "--seed", "7")
    told = document("pydocs", "--prompt", "Größe", "--length", "50", "--seed", "7")
    assert done.stdout == f"Größe{told['text']}\n"
    assert done.returncode == 0
    assert "ö ß are not in the vocabulary" in done.stderr
    assert told["unknown"] == "öß"


def test_in_a_terminal_it_comes_piece_by_piece() -> None:
    told = document("pydocs", "--length", "40", "--prompt", "Note: ")["text"]
    child = pexpect.spawn(COMMAND[0], [*COMMAND[1:], "pydocs", "--prompt", "Note: "], encoding="utf-8", timeout=60)
    child.expect_exact(told.replace("\n", "\r\n"))
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_ctrl_c_ends_it_with_a_sentence() -> None:
    child = pexpect.spawn(COMMAND[0], [*COMMAND[1:], "pydocs", "--length", "1000000"], encoding="utf-8", timeout=60)
    child.expect(r"\w{3}")
    child.sendintr()
    child.expect_exact("Interrupted")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["pydocs", "--temperature=-1"], 2, "temperature"),
        (["pydocs", "--temperature=nan"], 2, "temperature"),
        (["pydocs", "--temperature=warm"], 2, "temperature"),
        (["pydocs", "--top-k=-3"], 2, "choose among"),
        (["pydocs", "--length=0"], 2, "out of bounds"),
        (["pydocs", "--seed=-1"], 2, "seed"),
        (["nosuchrun"], 2, "no runs"),
        ([], 2, "RUN"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], code: int, says: str) -> None:
    done = outcome(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_runs_that_cannot_write_say_why() -> None:
    other, new = new_run("mnist-3v7"), new_run("char-lm", data="pydocs")
    done = outcome(other.id)
    assert (done.returncode, done.stdout) == (2, "")
    assert "has not learned from text: take a run of char-lm, or pydocs." in done.stderr
    done = outcome(new.id)
    assert (done.returncode, done.stdout) == (3, "")
    assert "has no checkpoint yet" in done.stderr
