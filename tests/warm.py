"""Processes that have torch already: forked from one that has imported it and has done nothing else.

Starting an interpreter and importing torch takes four seconds of a core, and tests of kills and resumes or of what a
command says do it again and again. These are processes like any other, with a session, a lock, an exit code and a death
of their own; interpreters of their own are tested where a terminal, the app or the command starts the run, and in
those tests of `test_run_process.py` that do not ask for `warm`.
"""

import functools
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fastai_tui.app import studying
from fastai_tui.engine.ablation.study import StudyStore
from fastai_tui.engine.runs import client

ROOT = Path(__file__).parent.parent
APP = (sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.warm import app; app()")
READY = ("fastai_tui.app.cli.main", "fastai_tui.engine.runs.process", "fastai_tui.engine.training")
CONTEXT = multiprocessing.get_context("forkserver")
PATIENCE = 120.0  # seconds: a bound on hanging, not a measure


def begin(*more: str) -> None:
    """Start the process that others are forked from, unless it lives, with these modules more."""
    CONTEXT.set_forkserver_preload([*READY, *more])
    forkserver.ensure_running()


def fork(what: Callable[[], object], env: Mapping[str, str], out: Path, err: Path) -> BaseProcess:
    """Do that in a process of its own, with this environment, its standard output and error in these files."""
    begin()
    process = CONTEXT.Process(target=_begin, args=(what, dict(env), out, err), daemon=True)
    process.start()
    return process


def _begin(what: Callable[[], object], env: dict[str, str], *files: Path) -> None:
    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    for number, name, file in zip((1, 2), ("stdout", "stderr"), files, strict=True):
        with file.open("ab") as opened:
            os.dup2(opened.fileno(), number)
        stream = open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 (it is needed to the end)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.exit(what())  # type: ignore[arg-type]


class Forked:
    """What `subprocess.Popen` is to `client.launch`."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str], **_: Any) -> None:
        folder = Path(command[-1])
        self.process = fork(functools.partial(_train, folder), env, folder / "output.log", folder / "output.log")
        self.pid = self.process.pid

    def poll(self) -> int | None:
        """The exit status, minus the signal's number, or None while it lives."""
        return self.process.exitcode


FORKING = SimpleNamespace(Popen=Forked, DEVNULL=subprocess.DEVNULL)  # in the place of the module that `client` uses


class ForkedStudy:
    """What `subprocess.Popen` is to `studying.launch`."""

    def __init__(self, command: Sequence[str], **_: Any) -> None:
        said = StudyStore().folder(command[command.index("--resume") + 1]) / studying.OUTPUT
        self.process = ablate(*command[command.index("ablate") + 1 :], out=said, err=said)

    def poll(self) -> int | None:
        """The exit status, minus the signal's number, or None while it lives."""
        return self.process.exitcode


STUDYING = SimpleNamespace(Popen=ForkedStudy, DEVNULL=subprocess.DEVNULL)  # in the place of the one that it uses


def ablate(*arguments: str, out: Path, err: Path) -> BaseProcess:
    """`fastai-tui ablate`, forked, and its runs too."""
    return fork(functools.partial(_ablate, arguments), os.environ, out, err)


def _ablate(arguments: tuple[str, ...]) -> None:
    from fastai_tui.app.cli.main import run

    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined] # its runs are processes
    client.subprocess = FORKING  # type: ignore[attr-defined]
    run(["ablate", *arguments])


def _train(folder: Path) -> int:
    from fastai_tui.engine.runs.process import main

    return main(folder)


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """`client.launch` and `client.resume` fork the run's process."""
    monkeypatch.setattr(client, "subprocess", FORKING)


def app(*more: str) -> None:
    """The program as it is started from a shell, except that its runs and studies are forked from a process that has
    these modules more."""
    from fastai_tui.app.entry import run

    client.subprocess = FORKING  # type: ignore[attr-defined]
    studying.subprocess = STUDYING  # type: ignore[attr-defined]
    begin(*more)  # while the standard error is still the terminal
    run()


def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """`fastai-tui` with these arguments, in a process of its own that is its own lab: its exit code, what it said."""
    with tempfile.TemporaryDirectory() as place:
        out, err = Path(place) / "out", Path(place) / "err"
        process = fork(functools.partial(_command, arguments), os.environ, out, err)
        process.join(PATIENCE)
        assert process.exitcode is not None, f"{arguments} hangs: {err.read_text()}"
        return subprocess.CompletedProcess(arguments, process.exitcode, out.read_text(), err.read_text())


def _command(arguments: Sequence[str]) -> None:
    from fastai_tui.app.cli.main import run
    from fastai_tui.engine import client, lab, lab_client

    def told(line: bytes) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.CompletedProcess(client.COMMAND, 0, lab.reply(line), b"")

    async def ask(self: object, request: str, /, *, topic: str = "", **given: Any) -> Any:
        return client.answer(client.decoded(lab.reply(client.encoded(request, given))))

    client._lab, lab_client.Lab.ask = told, ask  # type: ignore[method-assign]
    run(arguments)
