"""Progress: kept at once and whole; a file that can not be trusted is kept as it is, and said so."""

import errno
import json
import os
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastai_tui.engine.errors import BadInput, DiskTrouble
from fastai_tui.lessons import progress
from fastai_tui.lessons.progress import Progress, StepProgress
from tests.lessons import good_chapter

GOOD = {
    "version": 1,
    "place": {"chapter": "edges", "step": "training"},
    "chapters": {"edges": {"one-window": {"done": True, "answers": {"sign": "large", "sum": 762}, "hints": 2}}},
}


def kept(content: bytes) -> Path:
    path = progress.path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_nothing_done_yet_is_no_trouble() -> None:
    assert progress.read() == (Progress(), "")


def test_every_change_is_on_disk_at_once_and_private() -> None:
    step = good_chapter().steps[0]
    progress.update(lambda so_far: so_far.answered("edges", step, "sign", "large").at("edges", "one-window"))
    path = progress.path()
    assert json.loads(path.read_text()) == {
        "version": 1,
        "place": {"chapter": "edges", "step": "one-window"},
        "chapters": {"edges": {"one-window": {"answers": {"sign": "large"}}}},
    }
    assert path.stat().st_mode & 0o777 == 0o600
    progress.update(lambda so_far: so_far.put("edges", "one-window", hints=1, state={"cursor": [5, 7], "speed": 2}))
    found, trouble = progress.read()
    assert trouble == ""
    assert found.of("edges", "one-window") == StepProgress(
        answers={"sign": "large"}, hints=1, state={"cursor": [5, 7], "speed": 2}
    )


def test_a_step_is_done_once_all_is_answered_and_reached_and_stays_so() -> None:
    chapter = good_chapter()
    step = chapter.steps[0]
    done = Progress().answered("edges", step, "sign", "near zero").answered("edges", step, "sum", 700.0)
    assert done.done(chapter) == 0
    done = done.reached("edges", step, "there").reached("edges", step, "there")
    assert done.done(chapter) == 1
    assert done.of("edges", "one-window").goals == ("there",)
    longer = msgspec.structs.replace(step, goals=(*step.goals, msgspec.structs.replace(step.goals[0], id="more")))
    assert done.answered("edges", longer, "sign", "large").of("edges", "one-window").done


def test_a_prediction_is_made_once() -> None:
    step = good_chapter().steps[0]
    done = Progress().answered("edges", step, "sign", "near zero").answered("edges", step, "sign", "large")
    assert done.of("edges", "one-window").answers == {"sign": "near zero"}


def test_two_apps_do_not_undo_each_other() -> None:
    def answer(name: str) -> None:
        for number in range(15):
            progress.update(lambda so_far, n=number: so_far.put(name, f"step-{n}", done=True))

    threads = [threading.Thread(target=answer, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found, _ = progress.read()
    assert {chapter: len(steps) for chapter, steps in found.chapters.items()} == {"one": 15, "two": 15}


BROKEN = {
    "empty": b"",
    "blank": b" \n",
    "cut": json.dumps(GOOD).encode()[:70],
    "newer": json.dumps({"version": 2, "lessons": []}).encode(),
    "older than the first": json.dumps({**GOOD, "version": 0}).encode(),
    "another thing": b'{"name": "package"}',
    "no object": b"[1, 2]",
    "unknown field": json.dumps({**GOOD, "stars": 3}).encode(),
    "wrong type": json.dumps({**GOOD, "chapters": {"edges": {"one": {"done": "yes"}}}}).encode(),
    "no JSON": b"\x00\xff\xfe",
    "nested": b"[" * 100_000,
    "huge": b" " * (progress.LARGEST_FILE + 1) + b"{}",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_that_can_not_be_read_is_kept_and_reported_in_one_sentence(kind: str) -> None:
    path = kept(BROKEN[kind])
    found, trouble = progress.read()
    assert found == Progress()
    assert str(path) in trouble
    assert "it is kept" in trouble
    assert "progress import FILE" in trouble
    assert trouble.endswith(".")
    assert trouble.isprintable()
    with pytest.raises(DiskTrouble, match="it is kept"):
        progress.update(lambda so_far: so_far.at("edges", "one-window"))
    assert path.read_bytes() == BROKEN[kind]


def test_a_newer_file_is_called_newer() -> None:
    kept(BROKEN["newer"])
    assert "from a newer version of fastai-tui" in progress.read()[1]


def test_a_read_only_file_is_read_and_not_replaced() -> None:
    path = kept(json.dumps(GOOD).encode())
    path.chmod(0o400)
    found, trouble = progress.read()
    assert found.of("edges", "one-window").done
    assert "read-only" in trouble
    for attempt in (lambda: progress.update(lambda so_far: so_far.at("a", "b")), lambda: progress.replace(Progress()),
                    progress.reset):  # fmt: skip
        with pytest.raises(DiskTrouble, match="read-only"):
            attempt()
    assert json.loads(path.read_text()) == GOOD


def test_a_home_that_can_not_be_made_is_one_sentence(home: Path) -> None:
    home.parent.mkdir(exist_ok=True)
    home.write_text("not a folder")
    with pytest.raises(DiskTrouble, match="Could not make the folder"):
        progress.update(lambda so_far: so_far.at("a", "b"))
    assert progress.read()[0] == Progress()


def test_a_full_disk_leaves_what_was_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = kept(json.dumps(GOOD).encode())
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskTrouble, match="full"):
        progress.update(lambda so_far: so_far.at("a", "b"))
    assert json.loads(path.read_text()) == GOOD
    assert sorted(file.name for file in path.parent.iterdir()) == ["progress.json", "progress.lock"]


def test_a_folder_in_the_file_s_place_is_kept() -> None:
    progress.path().mkdir(parents=True)
    assert "is no file" in progress.read()[1]
    with pytest.raises(DiskTrouble):
        progress.update(lambda so_far: so_far.at("a", "b"))
    assert progress.path().is_dir()


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    target = tmp_path / "dotfiles.json"
    target.write_text(json.dumps(GOOD))
    progress.path().parent.mkdir(parents=True)
    progress.path().symlink_to(target)
    progress.update(lambda so_far: so_far.at("edges", "geometry"))
    assert progress.path().is_symlink()
    assert json.loads(target.read_text())["place"]["step"] == "geometry"


def test_replacing_and_resetting_keep_a_backup() -> None:
    kept(json.dumps(GOOD).encode())
    first = progress.replace(Progress())
    assert first is not None
    assert json.loads(first.read_text()) == GOOD
    second = progress.reset()
    assert second is not None
    assert second != first
    assert progress.read() == (Progress(), "")
    assert progress.reset() is None


def test_a_broken_file_can_be_replaced_and_is_backed_up() -> None:
    kept(BROKEN["cut"])
    backup = progress.replace(progress.decode(json.dumps(GOOD).encode(), "the export"))
    assert backup is not None
    assert backup.read_bytes() == BROKEN["cut"]
    assert progress.read()[0].of("edges", "one-window").done


@pytest.mark.parametrize("answer", [float("nan"), float("inf"), "\ud800"])
def test_what_could_not_be_read_back_is_not_written(answer: str | float) -> None:
    path = kept(json.dumps(GOOD).encode())
    step = good_chapter().steps[1]
    with pytest.raises(BadInput):
        progress.update(lambda so_far: so_far.answered("edges", step, "how-good", answer))
    assert json.loads(path.read_text()) == GOOD


steps = st.builds(
    StepProgress,
    done=st.booleans(),
    answers=st.dictionaries(st.text(), st.text() | st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    hints=st.integers(0, 9),
    goals=st.lists(st.text(), max_size=3).map(tuple),
)


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), steps, max_size=3), max_size=3))
def test_what_is_written_is_read_back(chapters: dict[str, dict[str, StepProgress]]) -> None:
    so_far = Progress(chapters=chapters)
    assert progress.decode(progress.encode(so_far), "it") == so_far


@given(st.binary() | st.text().map(str.encode) | st.integers(0, 200).map(lambda n: json.dumps(GOOD).encode()[:n]))
def test_any_content_is_progress_or_bad_input(content: bytes) -> None:
    sentence = "it is"
    try:
        progress.decode(content, "it")
    except BadInput as error:
        sentence = str(error)
    assert sentence.startswith("it is")
    assert sentence.isprintable()
