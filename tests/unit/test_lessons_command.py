"""`lessons`, `check` and `progress`, called as a user calls them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from fastai_tui.app.cli import lessons
from fastai_tui.engine.errors import BadInput, DiskTrouble, FastaiTuiError
from fastai_tui.lessons import loader, progress
from fastai_tui.lessons.experiments import EXPERIMENTS
from fastai_tui.lessons.progress import Progress
from tests.lessons import GOLDEN, GOOD, changed, good_chapter

app = typer.Typer()
lessons.register(app)


def call(*arguments: str | Path, given: bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=given)


def refused(kind: type[FastaiTuiError], *arguments: str | Path, given: bytes | None = None) -> str:
    """The sentence with which a command refuses."""
    error = call(*arguments, given=given).exception
    assert isinstance(error, kind), error
    assert str(error).isprintable()
    return str(error)


@pytest.fixture
def one_chapter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "chapters", lambda: [good_chapter()])


@pytest.fixture
def no_chapter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "chapters", list)


@pytest.mark.usefixtures("no_chapter")
def test_lessons_without_chapters_says_what_can_be_trained() -> None:
    result = call("lessons")
    assert result.exit_code == 0
    assert "chapters come with the app" in result.stdout
    assert len(result.stdout.splitlines()) == 1
    for name in EXPERIMENTS:
        assert name in result.stdout


@pytest.mark.usefixtures("one_chapter")
def test_lessons_shows_chapters_steps_and_progress() -> None:
    step = good_chapter().steps[1]
    progress.update(
        lambda so_far: (
            so_far.answered("edges", step, "how-good", 0.97).reached("edges", step, "good").at("edges", "geometry")
        )
    )
    lines = call("lessons").stdout.splitlines()
    assert lines[0] == "1. Edges (edges): 1 of 3 done"
    assert lines[2:] == [
        "   [ ] One window (one-window)",
        "   [x] A network of your own (training)",
        "   [ ] Where the window falls (geometry)  <- you are here",
    ]


@pytest.mark.usefixtures("one_chapter")
def test_lessons_as_json_is_one_document() -> None:
    progress.update(lambda so_far: so_far.put("edges", "one-window", answers={"sum": 700.0}, hints=1))
    document = json.loads(call("lessons", "--json").stdout)
    assert [chapter["slug"] for chapter in document["chapters"]] == ["edges"]
    step = document["chapters"][0]["steps"][0]
    assert (step["id"], step["title"], step["done"]) == ("one-window", "One window", False)
    assert (step["answers"], step["hints"], step["goals"]) == ({"sum": 700.0}, 1, [])
    assert [experiment["name"] for experiment in document["experiments"]] == list(EXPERIMENTS)
    assert document["trouble"] == ""


def test_lessons_says_that_progress_can_not_be_read() -> None:
    progress.path().parent.mkdir(parents=True)
    progress.path().write_text("{")
    result = call("lessons")
    assert result.exit_code == 0
    assert "it is kept" in result.stderr
    assert "it is kept" in json.loads(call("lessons", "--json").stdout)["trouble"]
    assert progress.path().read_text() == "{"


def test_check_passes_what_is_shipped() -> None:
    result = call("check")
    assert result.exit_code == 0
    assert result.stdout.endswith(": no problems\n")


def test_check_passes_a_good_chapter_and_a_folder_of_them() -> None:
    assert call("check", GOLDEN).stdout == "1 chapter, 3 steps: no problems\n"
    assert call("check", GOLDEN.parent).stdout == "1 chapter, 3 steps: no problems\n"


def test_check_prints_a_line_for_each_problem_and_fails(tmp_path: Path) -> None:
    path = tmp_path / "01-edges.md"
    path.write_text(changed('kernel = "top_edge"', 'kernel = "tip_edge"').replace("[[stride]]", "[[strode]]"))
    (tmp_path / "02-cut.md").write_text(GOOD[:400])
    result = call("check", tmp_path)
    assert str(result.exception).startswith("The lessons have ")
    assert isinstance(result.exception, FastaiTuiError)
    assert result.exception.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{path}:13: There is no kernel")
    assert lines[1] == f'{path}:115: the glossary has no "strode"; did you mean stride?'
    assert all(line.startswith(f"{tmp_path / '02-cut.md'}:") and "; " in line for line in lines[2:])
    assert len(lines) > 2


@pytest.mark.parametrize("path", ["nowhere", "/dev/null", "x" * 5000])
def test_check_of_what_is_no_file_is_wrong_usage(path: str) -> None:
    refused(BadInput, "check", path)


def test_check_of_a_folder_without_chapters_is_wrong_usage(tmp_path: Path) -> None:
    assert "holds no chapter" in refused(BadInput, "check", tmp_path)


def test_progress_goes_out_and_comes_back(tmp_path: Path) -> None:
    progress.update(lambda so_far: so_far.put("edges", "one-window", done=True, answers={"sum": 762.0}))
    before = progress.read()
    file = tmp_path / "export.json"
    result = call("progress", "export", file)
    assert result.stdout == ""
    assert "1 finished step in 1 chapter" in result.stderr
    assert call("progress", "export").stdout == call("progress", "export", "-").stdout == file.read_text()
    assert "What was here is in" in call("progress", "reset", "--yes").stdout
    assert progress.read() == (Progress(), "")
    assert call("progress", "import", file).stdout == "Imported 1 finished step in 1 chapter.\n"
    assert progress.read() == before
    assert "is in" in call("progress", "import", "-", given=file.read_bytes()).stdout
    assert progress.read() == before


def test_an_export_replaces_no_file(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    assert "exists already" in refused(BadInput, "progress", "export", file)
    assert "no folder" in refused(BadInput, "progress", "export", tmp_path / "a" / "b.json")
    assert file.read_text() == "mine"


def test_progress_that_can_not_be_read_is_not_exported_as_nothing() -> None:
    progress.path().parent.mkdir(parents=True)
    progress.path().write_text("")
    assert "it is kept" in refused(DiskTrouble, "progress", "export")


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"version": 99}', b'{"version": 1, "chapters": 3}'])
def test_an_import_is_checked_before_anything_changes(tmp_path: Path, content: bytes) -> None:
    progress.update(lambda so_far: so_far.at("edges", "one-window"))
    before = progress.path().read_bytes()
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    assert str(file) in refused(BadInput, "progress", "import", file)
    assert "Standard input" in refused(BadInput, "progress", "import", "-", given=content)
    assert progress.path().read_bytes() == before


def test_an_import_of_no_file_is_wrong_usage(tmp_path: Path) -> None:
    refused(BadInput, "progress", "import", tmp_path)
    refused(BadInput, "progress", "import", tmp_path / "nowhere")


def test_a_reset_wants_to_be_meant() -> None:
    progress.update(lambda so_far: so_far.at("edges", "one-window"))
    assert "--yes" in refused(BadInput, "progress", "reset")
    assert progress.read()[0].place is not None
    call("progress", "reset", "--yes")
    assert "nothing to reset" in call("progress", "reset", "--yes").stdout


def test_the_command_loads_no_torch() -> None:
    program = (
        "import sys, typer; from fastai_tui.app.cli import lessons; app = typer.Typer(); lessons.register(app)\n"
        "try: app(['check'])\nexcept SystemExit as end: assert not end.code\n"
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
