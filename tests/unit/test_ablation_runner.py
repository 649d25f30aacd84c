"""What drives a study: it starts what is not done, so many at a time, and stops when told; and how it is shown."""

import os
import signal
import sys

import pytest
from canned_runs import alive, make_run

from fastai_tui.app import ablating, ablation, studying
from fastai_tui.app.cli.main import run as program
from fastai_tui.app.curves import Curve
from fastai_tui.app.text import Look
from fastai_tui.engine import events
from fastai_tui.engine.ablation.runner import Runner, alone
from fastai_tui.engine.ablation.study import Study, StudyStore
from fastai_tui.engine.errors import BadInput, RunFailed
from fastai_tui.engine.runs import client, log
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore
from fastai_tui.lessons.ablation import plan, values

STAGE: dict[str, "Pretended"] = {}


class Pretended:
    """A run's process that ends when it is told how."""

    def __init__(self, run: Run) -> None:
        self.run, self.code = run, None
        STAGE[run.spec.name] = self

    def poll(self) -> int | None:
        return self.code

    def end(self, reason: str, accuracy: float = 0.9) -> None:
        at = {"time": 1.0, "step": 1, "epoch": 0}
        epoch = events.Epoch(**at, train_loss=0.2, valid_loss=0.1, metrics={"accuracy": accuracy}, seconds=2.0)
        ended = events.RunEnded(**at, reason=reason, message=f"It has {reason}.", seconds=2.0)
        for event in (epoch, ended):
            log.append(self.run.path / "events.jsonl", events.encode(event))
        self.code = int(reason != "finished")


@pytest.fixture(autouse=True)
def pretended(monkeypatch: pytest.MonkeyPatch) -> None:
    STAGE.clear()
    monkeypatch.setattr(client, "launch", Pretended)


@pytest.fixture
def study() -> Study:
    made = plan("mnist", values("cnn,cnn3x3", {}), seeds=[1, 2], data="mnist-sample")
    return StudyStore().create("mnist", "s", made.factors, made.cells, made.members, [])


def test_one_after_the_other_and_what_is_done_is_never_repeated(study: Study) -> None:
    runner = Runner(study, RunStore())
    assert runner.step() == []
    assert [*STAGE] == ["s.01"]
    STAGE["s.01"].end("finished")
    assert [(each.number, each.phase) for each in runner.step()] == [(1, "finished")]
    assert [*STAGE] == ["s.01", "s.02"]
    STAGE["s.02"].end("diverged")
    runner.step()
    STAGE["s.03"].end("failed")  # is not tried again this time
    runner.step()
    STAGE["s.04"].end("finished")
    runner.step()
    assert runner.over
    assert [each.phase for each in runner.outcomes.values()] == ["finished", "diverged", "failed", "finished"]

    failed = STAGE["s.03"].run.id
    STAGE.clear()
    again = Runner(study, RunStore())
    again.step()
    assert [(name, one.run.id) for name, one in STAGE.items()] == [("s.03", failed)]
    STAGE["s.03"].end("finished")
    again.step()
    assert again.over
    assert len(RunStore().runs()) == 4


def test_several_at_a_time_do_not_queue_for_the_device(study: Study) -> None:
    runner = Runner(study, RunStore(), jobs=3)
    runner.step()
    assert [*STAGE] == ["s.01", "s.02", "s.03"]
    assert all(run.spec.at_once for run in RunStore().runs())
    assert not runner.over


def test_a_run_that_somebody_else_has_started_is_waited_for(study: Study) -> None:
    mine = RunStore().create(study.members[0].job, "s.01", [])
    with alive(mine):
        runner = Runner(study, RunStore())
        runner.step()
        assert not STAGE
        assert runner.outcomes[1].phase == "going"
        assert ablation.now_line(study, study.members[0], mine) == "now model=cnn, seed 1 (0001-mnist): starting"
    Pretended(mine).end("finished")
    assert [each.phase for each in runner.step()] == ["finished"]
    assert [*STAGE] == ["s.01", "s.02"]


def test_told_to_stop_it_asks_the_runs_to_and_starts_no_more(study: Study) -> None:
    runner = Runner(study, RunStore())
    runner.step()
    run = STAGE["s.01"].run
    with alive(run):
        runner.stop()
        assert b'"stop"' in (run.path / "commands.jsonl").read_bytes()
        assert not runner.over
    STAGE["s.01"].end("stopped")
    assert [each.phase for each in runner.step()] == ["interrupted"]
    assert runner.over
    assert [*STAGE] == ["s.01"]


def test_a_process_that_cannot_begin_is_told(study: Study) -> None:
    runner = Runner(study, RunStore())
    runner.step()
    STAGE["s.01"].code = 1
    assert "0001-mnist could not begin" in runner.step()[0].message


def test_two_processes_do_not_run_one_study(study: Study) -> None:
    with (
        alone(study, StudyStore()),
        pytest.raises(BadInput, match="run by another process"),
        alone(study, StudyStore()),
    ):
        pass


# How it is shown


def test_a_pipe_is_told_of_every_run_that_ends(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    runner = Runner(study, RunStore())
    show = ablating.Plain(runner, Look()).show
    show(runner.step())
    STAGE["s.01"].end("finished")
    show(runner.step())
    STAGE["s.02"].end("diverged")
    show(runner.step())
    assert capsys.readouterr().out.splitlines() == [
        "s: mnist, 2 combinations, 2 seeds, 4 runs",
        "1 of 4, model=cnn, seed 1 (0001-mnist): accuracy 0.9000, loss 0.1000, 2.0 s",
        "2 of 4, model=cnn3x3, seed 1 (0002-mnist): It has diverged.",
    ]
    ablating.Plain(Runner(study, RunStore()), Look())
    assert capsys.readouterr().out.splitlines()[1] == "2 done already, 2 to do."


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12)])
def test_a_terminal_shows_the_table_fill(study: Study, size: tuple[int, int]) -> None:
    runner = Runner(study, RunStore())
    runner.step()
    STAGE["s.01"].end("finished", accuracy=0.9123)
    runner.step()
    frame = ablating.Live(runner, Look(), lambda sent: None).frame(*size)
    assert len(frame) <= size[1]
    assert all(len(line) <= size[0] for line in frame)
    text = "\n".join(frame)
    assert "1 of 4" in text
    assert "0.9123" in text
    assert "now model=cnn3x3" in text


def test_a_cells_curve_is_the_mean_of_its_runs() -> None:
    curves = [Curve(steps=(1, 2, 4), smooth=(3.0, 2.0, 1.0)), Curve(steps=(1, 2), smooth=(5.0, 3.0))]
    assert ablation.mean_curve(curves, 2) == ([0.5, 1.0], [4.0, 2.5])


def test_the_curves_of_cells_that_have_finished_are_drawn(study: Study) -> None:
    runs = {n: make_run(354, end="finished") for n in (1, 2)}
    runner = Runner(study, RunStore())
    for member in study.members[:2]:
        runner.outcomes[member.number] = type(runner.outcomes[1])(
            number=member.number, cell=member.cell, seed=1, phase="finished"
        )
    lines = ablation.curves(study, runs, [*runner.outcomes.values()], 80, Look())
    assert "a cnn" in lines[0]
    assert "b cnn3x3" in lines[0]
    assert len(lines) == ablation.ROWS
    assert ablation.curves(study, {}, [], 80, Look()) == []


# The command


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        program(["ablate", *arguments])
    return int(left.value.code or 0)


def test_a_dry_run_says_what_would_be_trained(capsys: pytest.CaptureFixture[str]) -> None:
    grid = ("mnist", "--model", "cnn,cnn3x3", "--set", "norm=batch|none", "--seeds", "2", "--data", "mnist-sample")
    assert command(*grid, "--dry-run") == 0
    out = capsys.readouterr().out
    assert "2 × 2 combinations, 2 seeds, 8 runs" in out
    assert "model=cnn3x3, norm=none" in out
    assert command(*grid, "--dry-run", "--json") == 0
    answer = events.msgspec.json.decode(capsys.readouterr().out)
    assert [run["seed"] for run in answer["runs"]] == [42] * 4 + [43] * 4
    assert not RunStore().runs()
    assert not StudyStore().names()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Say which EXPERIMENT"),
        (("mnist", "--resume", "last"), "only --jobs, --json and --detach"),
        (("--stop", "last", "--jobs", "2"), "nothing else goes with it"),
        (("--stop", "last"), "no studies yet"),
        (("--remove", "x"), "no studies yet"),
        (("--resume", "last"), "no studies yet"),
        (("mnist", "--set", "norm=batch|odd"), "allowed: batch, none"),
    ],
)
def test_wrong_usage_is_a_sentence(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(*arguments) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert len(told.err.splitlines()) == 1
    assert not told.out


def test_a_failed_run_fails_the_study_and_ctrl_c_says_how_to_go_on(
    study: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(run: Run) -> Pretended:
        process = Pretended(run)
        process.end("failed")
        return process

    monkeypatch.setattr(client, "launch", fails)
    assert command("--resume", "s", "--json") == 1
    told = capsys.readouterr()
    assert [run["phase"] for run in events.msgspec.json.decode(told.out)["runs"]] == ["failed"] * 4
    assert (
        "4 of 4 runs are not done. 0001-mnist: It has failed. `fastai-tui ablate --resume s` tries again." in told.err
    )

    def interrupted(run: Run) -> Pretended:
        os.kill(os.getpid(), signal.SIGINT)
        process = Pretended(run)
        process.end("stopped")
        return process

    monkeypatch.setattr(client, "launch", interrupted)
    assert command("--resume", "s", "--json") == 130
    told = capsys.readouterr()
    assert "0 of 4 runs are done. `fastai-tui ablate --resume s` goes on." in told.err
    assert not told.out


def test_a_study_that_is_not_run_can_be_removed_and_its_runs_stay(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    Runner(study, RunStore()).step()
    with alone(study, StudyStore()):
        assert command("--remove", "s") == 2
        assert "`fastai-tui ablate --stop s` first" in capsys.readouterr().err
    assert command("--remove", "last") == 2
    assert command("--stop", "s") == 2
    assert "is not being run" in capsys.readouterr().err
    assert command("--remove", "s") == 0
    assert "its runs stay" in capsys.readouterr().out
    assert StudyStore().names() == []
    assert len(RunStore().runs()) == 1


def test_a_detached_study_is_a_process_of_its_own(study: Study, capfd: pytest.CaptureFixture[str]) -> None:
    begun: list[tuple[str, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studying, "launch", lambda name, store, jobs: begun.append((name, jobs)))
        assert command("--resume", "s", "--detach", "--jobs", "3") == 0
    assert begun == [("s", 3)]
    assert "goes on without this terminal" in capfd.readouterr().out


def test_a_process_that_cannot_run_a_study_says_why(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "import sys; sys.exit('fastai-tui: No room.')"
    monkeypatch.setattr(studying, "COMMAND", (sys.executable, "-c", said))
    with pytest.raises(RunFailed, match=r"^No room\.$"):
        studying.launch("s", StudyStore())
    with alone(study, StudyStore()), pytest.raises(BadInput, match="run already"):
        studying.launch("s", StudyStore())
