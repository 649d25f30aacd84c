"""The bench: its arithmetic, how processes are measured, what is left out and why, and the shape of its report."""

import re
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from fastai_tui.app.bench import gpu, long_run, peer, photos, suite, training, watching
from fastai_tui.app.bench.machine import commit, machine
from fastai_tui.app.bench.place import Place, place
from fastai_tui.app.bench.processes import Finished, busy, finish, listen
from fastai_tui.app.bench.result import Measurement, Unavailable, in_turn, measured, ratios
from fastai_tui.app.bench.screens import screen
from fastai_tui.app.bench.words import words
from fastai_tui.engine.errors import BadInput, DataMissing, RunFailed
from fastai_tui.engine.job import Job
from fastai_tui.engine.runs.run import Run
from fastai_tui.engine.runs.store import RunStore

HERE = {"PATH": "/usr/bin:/bin"}


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def quiet(what: str) -> None:
    pass


def spot(home: Path, *, quick: bool = False) -> Place:
    home.mkdir(parents=True, exist_ok=True)
    return Place(home=home, reference=home, quick=quick, say=quiet)


def test_the_median_is_judged_and_the_scatter_told() -> None:
    found = measured("epoch", "", [1.3, 1.0, 1.05], limit=1.1, threads=2)
    assert (found.value, found.low, found.high, found.holds) == (1.05, 1.0, 1.3, True)
    assert found.details == {"threads": 2}
    assert measured("epoch", "", [1.11], limit=1.1).holds is False


def test_a_least_value_is_judged_the_other_way_round_and_no_promise_not_at_all() -> None:
    assert measured("peer", "", [31], limit=30, at_least=True).holds is True
    assert measured("peer", "", [29], limit=30, at_least=True).holds is False
    assert measured("bare", "", [0.01]).holds is None


def test_two_sides_take_turns_and_are_compared_pair_by_pair() -> None:
    order: list[str] = []
    pairs = in_turn(2, lambda: order.append("a") or 3.0, lambda: order.append("b") or 2.0)
    assert order == ["a", "b", "a", "b"]
    assert ratios(pairs) == [1.5, 1.5]


def test_a_process_is_measured_whole() -> None:
    program = "import time; x = b'1' * 60_000_000; time.sleep(.2); print(len(x))"
    from_a_small_one = "import sys; from fastai_tui.app.bench.processes import finish; "  # as the command itself is
    from_a_small_one += f"done = finish([sys.executable, '-c', {program!r}], {{}}); "
    from_a_small_one += "print(done.output.decode().strip(), done.seconds >= .2, done.peak)"
    told = subprocess.run(python(from_a_small_one), capture_output=True, check=True, text=True).stdout.split()
    assert told[:2] == ["60000000", "True"]
    assert 60e6 < int(told[2]) < 300e6


def test_a_process_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(RunFailed, match=r"ended with 3: no such luck"):
        finish(python("import sys; print('no such luck', file=sys.stderr); sys.exit(3)"), HERE)


def test_a_process_that_takes_too_long_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(RunFailed, match="took longer than"):
        finish(python("import time; time.sleep(60)"), HERE, within=0.3)
    assert time.monotonic() - began < 30


def test_a_terminal_of_80_by_24_can_be_given() -> None:
    program = "import os, sys; print(sys.stdout.isatty(), *os.get_terminal_size())"
    assert finish(python(program), HERE, terminal=True).output == b"True 80 24\r\n"


def test_what_is_sent_to_a_terminal_is_counted_until_the_time_is_up() -> None:
    pieces = listen(python("import time; print('x' * 98, flush=True); time.sleep(60)"), HERE, 1.0)
    assert sum(size for _, size in pieces) == 100  # the terminal makes \r\n of \n
    with pytest.raises(RunFailed, match="while it was being listened to"):
        listen(python("pass"), HERE, 5.0)


def test_bytes_are_told_by_the_second() -> None:
    assert watching.per_second([(0.1, 5), (0.9, 1), (2.5, 7), (3.01, 2)], 3.0) == [6, 0, 9]


def test_busy_processes_keep_busy_and_end_with_the_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def kept(command: list[str]) -> "subprocess.Popen[bytes]":
        started.append(start(command))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", kept)
    with busy(2):
        time.sleep(0.1)
        assert [process.poll() for process in started] == [None, None]
    assert [process.returncode for process in started] == [-9, -9]


def test_the_share_of_computing_leaves_out_what_is_before_and_after() -> None:
    assert gpu.computing("0\n0\n80\n0\n100\n0\n") == 60
    assert gpu.computing("0\n[N/A]\n") == 0


def test_measurements_that_cannot_be_made_leave_the_others_alone(tmp_path: Path) -> None:
    def absent(here: Place) -> list[Measurement]:
        raise Unavailable("there is no GPU")

    def broken(here: Place) -> list[Measurement]:
        raise RunFailed("It fell over.")

    made = suite.report(
        spot(tmp_path / "b"), {"gpu": absent, "epoch": broken, "help": lambda _: [measured("help", "", [2], limit=3)]}
    )
    assert [(one.name, one.failed, one.reason) for one in made.omitted] == [
        ("gpu", False, "there is no GPU"),
        ("epoch", True, "It fell over."),
    ]
    assert suite.failures(made) == ["epoch"]
    document = msgspec.json.decode(msgspec.json.encode(made))
    assert document["measurements"][0] | {"details": {}, "about": ""} == {
        "name": "help",
        "about": "",
        "value": 2,
        "low": 2,
        "high": 2,
        "unit": "×",
        "limit": 3,
        "at_least": False,
        "holds": True,
        "details": {},
    }
    assert set(document["machine"]) >= {"cpu", "cores", "memory", "gpu"}
    assert document["versions"]["python"].startswith("3.")


def test_the_table_fits_80_columns_and_names_what_is_missed(tmp_path: Path) -> None:
    made = suite.report(
        spot(tmp_path / "b", quick=True),
        {
            "long": lambda _: [
                measured("peer_epoch_with_statistics", "", [12.345, 34.567, 99.99], limit=20, at_least=True),
                measured("gpu_epoch_with_statistics", "", [1.41, 1.5], limit=1.4),
                measured("watch_bytes", "", [12_345.6], unit="B/s", limit=5000),
                measured("bare_kept_beside_2", "", [0.018], unit="share", at_least=True),
            ]
        },
    )
    shown = words(made).splitlines()
    assert max(map(len, shown)) <= 80
    assert [line.split()[-1] == "MISSED" for line in shown[1:5]] == [False, True, True, False]
    assert "rough" in shown[-1]


def test_measurements_are_chosen_by_name() -> None:
    assert list(suite.chosen([], with_peer=False)) == list(suite.ALWAYS)
    assert list(suite.chosen(["epoch", "help"], with_peer=False)) == ["help", "epoch"]
    assert "peer_epoch" in suite.chosen([], with_peer=True)
    with pytest.raises(BadInput, match="with --peer fastai"):
        suite.chosen(["peer_epoch"], with_peer=False)


def test_the_place_is_gone_afterwards_and_so_is_what_ran_there() -> None:
    job = Job(experiment="mnist", builder="nowhere:build", settings={})
    holding = "import sys; from fastai_tui.engine.runs.lock import Lock; from pathlib import Path; import time"
    with place(quick=True, peer_python="", say=quiet) as here:
        run = RunStore(here.home / "runs").create(job, "", [])
        program = (
            f"{holding}; Lock(Path({str(run.path / 'lock')!r})).acquire(); print('held', flush=True); time.sleep(60)"
        )
        process = subprocess.Popen(python(program), stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
    assert not here.home.exists()
    assert process.wait(10) == -9


def test_without_a_checkout_bench_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fastai_tui import app

    monkeypatch.setattr(app, "__path__", [str(tmp_path / "app")])
    with pytest.raises(DataMissing, match="clone the project"), place(quick=True, peer_python="", say=quiet):
        pass


def test_full_mnist_is_looked_for_and_missed_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAI_TUI_TEST_DATA", str(tmp_path))
    here = spot(tmp_path / "b")
    with pytest.raises(Unavailable, match="data get mnist"):
        here.mnist()
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "train-images-idx3-ubyte.gz").touch()
    assert here.mnist() == tmp_path / "mnist"


def test_the_sample_is_written_for_the_bare_loop(tmp_path: Path) -> None:
    from fastai_tui.engine.data import store

    found = store.images(str(spot(tmp_path / "b").sample()))
    assert (len(found.train_images), len(found.valid_labels)) == (4000, 1000)


EPOCHS = [{"type": "epoch", "seconds": s, "metrics": {"accuracy": a}} for s, a in ((2.0, 0.97), (1.5, 0.98))]


def _told(*events: dict) -> bytes:
    return b"".join(msgspec.json.encode(event) + b"\n" for event in ({"type": "batch", "loss": 1.0}, *events))


def test_a_runs_own_epoch_seconds_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def fake(command: list[str], environment: dict[str, str]) -> Finished:
        commands.append(command)
        assert environment["FASTAI_TUI_HOME"] == str(tmp_path / "b")
        return Finished(9.0, 0, _told(*EPOCHS, {"type": "run_ended", "reason": "finished"}))

    monkeypatch.setattr(training, "finish", fake)
    trained = training.ours(spot(tmp_path / "b"), tmp_path, 2, activations="on")
    assert (trained.seconds, trained.accuracy, trained.process) == (3.5, 0.98, 9.0)
    assert {"bs=512", "lr=0.06", "schedule=1cycle", "norm=batch", "activations=on"} <= set(commands[0])


def test_a_measured_run_that_does_not_finish_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    end = {"type": "run_ended", "reason": "diverged", "message": "The loss is no number."}
    monkeypatch.setattr(training, "finish", lambda *_: Finished(9.0, 0, _told(*EPOCHS, end)))
    with pytest.raises(RunFailed, match="no number"):
        training.ours(spot(tmp_path / "b"), tmp_path, 2)


def test_a_missing_fastai_is_told_with_what_to_install(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho \"ModuleNotFoundError: No module named 'fastai'\" >&2; exit 1\n")
    program.chmod(0o755)
    with pytest.raises(DataMissing, match=r"No module named 'fastai'.*pip install fastai"):
        peer.fastai_version(str(program))
    with pytest.raises(DataMissing, match="--peer-python"):
        peer.fastai_version(str(tmp_path / "nothing"))


def test_the_long_run_reads_like_a_real_one(tmp_path: Path) -> None:
    run = long_run.write(tmp_path, 2 * long_run.CHUNK)
    assert run.state().phase == "finished"
    assert len(run.steps()) == 20_000
    assert len(run.epochs()) == 200
    assert (run.epochs()[-1].step, run.epochs()[-1].epoch) == (20_000, 199)
    columns = run.activation_columns()
    assert columns is not None
    span, first, rows = columns.read()
    assert (first, span * len(rows) <= 20_000) == (0, True)
    assert len(rows) > 2_000


def test_a_run_that_goes_by_is_live_until_it_has_ended(tmp_path: Path) -> None:
    command = ["-m", "fastai_tui.app.bench.long_run", str(tmp_path), "1.5", "20000"]
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        run = Run(Path(process.stdout.readline().decode().strip()))
        assert (run.state().phase, run.state().live) == ("running", True)
    assert process.returncode == 0
    assert run.state().phase == "finished"
    assert (len(run.steps()), len(run.epochs())) == (20_000, 200)


def test_an_answer_is_told_from_what_comes_anyway_by_a_part_of_it() -> None:
    program = "import sys, tty; tty.setraw(0); print('ready', flush=True); sys.stdin.read(1); "
    program += "import time; print('news', flush=True); time.sleep(.3); print('answer', flush=True); time.sleep(60)"
    with screen(python(program), HERE) as shown:
        shown.until(b"ready")
        shown.listen(0.1)
        assert shown.answer(b"x", re.compile(b"answer")) >= 0.3


def test_the_machine_and_the_commit_are_named(tmp_path: Path) -> None:
    assert machine().cores >= 1
    assert machine().memory > 0
    assert commit(tmp_path) == ""


def test_decoding_reads_each_photo_once_on_all_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "COUNT", 40)
    busy_cores, reads = photos.decoding(spot(tmp_path / "home", quick=True))
    assert (reads.name, reads.value, reads.holds) == ("decoding_once", 1.0, True)
    assert busy_cores.name == "decoding_cores"
    assert 0.1 < busy_cores.value < 10
