"""Progress in memory and on disk."""

from pathlib import Path

from fastai_tui.app.tui.keeper import Keeper
from fastai_tui.lessons import progress
from fastai_tui.lessons.progress import Progress


def test_changes_are_known_at_once_and_written(home: Path) -> None:
    keeper = Keeper()
    for n in range(50):
        keeper.update(lambda kept, n=n: kept.put("a", "one", hints=n))
    assert keeper.progress.of("a", "one").hints == 49
    keeper.flush()
    assert progress.kept().of("a", "one").hints == 49
    keeper.update(lambda kept: kept.at("a", "two"))  # it writes on after a flush
    keeper.flush()
    assert progress.kept().place == progress.Place("a", "two")


def test_a_damaged_file_is_kept_and_said_once(home: Path) -> None:
    path = progress.path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{ cut")
    said: list[str] = []
    keeper = Keeper(said.append)
    assert "damaged" in keeper.trouble
    assert keeper.progress == Progress()
    keeper.update(lambda kept: kept.put("a", "one", hints=1))
    keeper.flush()
    assert path.read_text() == "{ cut"
    assert said == []
    assert keeper.progress.of("a", "one").hints == 1


def test_a_disk_that_fails_later_is_reported(home: Path) -> None:
    said: list[str] = []
    keeper = Keeper(said.append)
    keeper.update(lambda kept: kept.put("a", "one", hints=1))
    keeper.flush()
    progress.path().write_text("")
    keeper.update(lambda kept: kept.put("a", "one", hints=2))
    keeper.flush()
    assert len(said) == 1
    assert "empty" in said[0]
    assert keeper.trouble == said[0]
    assert progress.path().read_text() == ""


def test_what_another_app_did_meanwhile_is_not_undone(home: Path) -> None:
    mine, other = Keeper(), Keeper()
    other.update(lambda kept: kept.put("a", "one", hints=3))
    other.flush()
    mine.update(lambda kept: kept.put("a", "two", hints=1))
    mine.flush()
    kept = progress.kept()
    assert (kept.of("a", "one").hints, kept.of("a", "two").hints) == (3, 1)
