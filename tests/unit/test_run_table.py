"""The list of runs: ended ones are read once, damaged ones are there too, and a resumed one comes to life again."""

import math

import pytest
from canned_runs import alive, make_run, snapshot

from fastai_tui.app.snapshots import Watcher
from fastai_tui.app.tui import run_table, steering
from fastai_tui.app.tui.panes.common import comparing
from fastai_tui.app.tui.run_table import RunTable
from fastai_tui.engine.runs.store import RunStore


def test_the_newest_run_comes_first_with_what_it_has_come_to() -> None:
    first, second = make_run(354, end="finished"), make_run(236, name="mine")
    with alive(second):
        table = RunTable(RunStore())
        lines = table.read()
    assert table.complete
    assert [line.run for line in lines] == [second.id, first.id]
    assert (lines[0].phase, lines[0].live, lines[0].name) == ("running", True, "mine")
    assert math.isclose(lines[0].share, 236 / 354)
    assert math.isclose(lines[1].accuracy or 0, 1 - 0.09 / 3)
    assert len(lines[1].sparks) == run_table.SPARKS
    assert lines[1].sparks[0] > lines[1].sparks[-1]


def test_ended_runs_are_read_once_until_they_change(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(200, end="stopped")
    table, reads = RunTable(RunStore()), list[str]()
    whole = Watcher.snapshot
    monkeypatch.setattr(Watcher, "snapshot", lambda self: (reads.append(self.run.id), whole(self))[1])
    assert [line.phase for line in table.read()] == ["stopped"]
    assert [line.phase for line in table.read()] == ["stopped"]
    assert reads == [run.id]
    with alive(run):
        assert [line.phase for line in table.read()] == ["running"]


def test_many_runs_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_table, "AT_A_TIME", 2)
    runs = [make_run(3, end="finished").id for _ in range(5)]
    table, counts = RunTable(RunStore()), list[int]()
    while not table.complete:
        counts.append(len(table.read()))
    assert counts == [2, 4, 5]
    assert [line.run for line in table.read()] == runs[::-1]


def test_a_damaged_folder_is_listed_with_the_reason_and_a_removed_one_is_gone() -> None:
    run = make_run(10, end="finished")
    broken = RunStore().place / "0002-mnist"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    table = RunTable(RunStore())
    line, other = table.read()
    assert line.run == "0002-mnist"
    assert "damaged" in line.trouble
    assert not other.trouble
    RunStore().remove(broken)
    assert [line.run for line in table.read()] == [run.id]


def test_what_can_be_asked_of_a_run() -> None:
    asked = ("pause", "resume", "stop", "continue")
    can = {
        phase: {do for do in asked if steering.can(do, phase, live)}
        for phase, live in [("running", True), ("paused", True), ("queued", True), ("new", False), ("finished", False),
                            ("stopped", False), ("lost", False)]
    }  # fmt: skip
    assert can == {
        "running": {"pause", "stop"},
        "paused": {"resume", "stop"},
        "queued": {"stop"},
        "new": set(),
        "finished": set(),
        "stopped": {"continue"},
        "lost": {"continue"},
    }


def test_runs_beside_each_other_are_told_apart_by_what_differs_only() -> None:
    one = snapshot(354, run="0001-mnist", settings=(("lr", "0.06"), ("bs", "64")), phase="finished", live=False)
    two = snapshot(236, run="0002-mnist", settings=(("lr", "0.02"), ("bs", "64")))
    assert comparing.differences([one, two]) == ["lr"]
    assert comparing.differences([one]) == []
    head, first, second = comparing.table([one, two], frozenset())
    assert head[:2] == ("run", "differs in")
    assert first[:3] == ("0001", "lr=0.06", "3/3")
    assert first[5] == "0.9700"
    assert second[:3] == ("0002", "lr=0.02", "2/3")
    assert second[7] == "running"
    assert comparing.table([one, two], {"accuracy"}, brief=True)[1][1:6:4] == ("0.06", "?")


def test_a_setting_that_only_one_of_them_has_is_a_difference() -> None:
    one = snapshot(1, settings=(("lr", "0.06"),))
    two = snapshot(1, settings=(("lr", "0.06"), ("norm", "batch")), seed=7)
    assert comparing.differences([one, two]) == ["seed", "norm"]
    assert comparing.apart(one, ["norm"]) == "norm=-"


def test_a_curve_that_explodes_is_cut_off_and_others_are_not() -> None:
    calm = ("", [1, 2, 3], [2.5, 1.0, 0.5])
    assert comparing.cut([calm]) == ([calm], None)
    assert comparing.cut([]) == ([], None)
    wild = ("", [1, 2, 3], [2.0, 40000.0, float("nan")])
    (kept, cut), limit = comparing.cut([calm, wild])
    assert (kept, limit) == (calm, (0.0, 5.0))
    assert cut[2][:2] == [2.0, 5.0]
