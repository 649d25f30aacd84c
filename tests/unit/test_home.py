"""What is written is written whole, privately, or not at all with a sentence."""

import errno
import os
from pathlib import Path

import pytest

from fastai_tui.engine.errors import BadInput, DiskTrouble
from fastai_tui.engine.home import disk_errors, home, private_dir, write_at, write_whole


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_home_is_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FASTAI_TUI_HOME", str(tmp_path / "x"))
    assert home() == tmp_path / "x"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FASTAI_TUI_HOME", "~/y")
    assert home() == tmp_path / "y"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FASTAI_TUI_HOME", "z")
    assert home() == tmp_path / "z"


def test_without_the_variable_it_is_the_platform_s_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FASTAI_TUI_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert tmp_path in home().parents
    assert home().name == "fastai-tui"


def test_the_home_of_nobody_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAI_TUI_HOME", "~no-such-user-at-all/x")
    with pytest.raises(BadInput, match="full path"):
        home()


def test_folders_and_files_are_for_the_user_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        place = private_dir(tmp_path / "a" / "b")
        write_whole(place / "c", b"content")
    finally:
        os.umask(old)
    assert (mode(place), mode(place.parent), mode(place / "c")) == (0o700, 0o700, 0o600)
    assert private_dir(place) == place


def test_a_file_in_a_folder_s_place_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(DiskTrouble, match="Could not make the folder"):
        private_dir(tmp_path / "a")


@pytest.mark.parametrize("failing", ["fsync", "replace", "fdopen"])
def test_a_write_that_fails_midway_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    def fail(*given: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, failing, fail)
        with pytest.raises(DiskTrouble, match="full"):
            write_whole(path, b"new" * 1000)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    write_whole(path, b"newer")
    assert path.read_bytes() == b"newer"


def test_an_interrupted_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(file: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "file", b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "free some space"),
        (errno.EACCES, "FASTAI_TUI_HOME"),
        (errno.EROFS, "FASTAI_TUI_HOME"),
        (errno.EIO, "input/output error"),
    ],
)
def test_the_system_s_refusals_are_one_sentence(code: int, said: str) -> None:
    with pytest.raises(DiskTrouble, match=said) as caught, disk_errors("write the thing"):
        raise OSError(code, os.strerror(code))
    sentence = str(caught.value)
    assert sentence.startswith("Could not write the thing: ")
    assert sentence.count("\n") == 0
    assert sentence.endswith(".")


def test_a_system_that_takes_little_at_a_time_gets_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, content, place: pwrite(file, bytes(content)[:3], place))
    file = os.open(tmp_path / "x", os.O_RDWR | os.O_CREAT)
    write_at(file, b"0123456789", 2)
    os.close(file)
    assert (tmp_path / "x").read_bytes() == b"\0\x000123456789"
