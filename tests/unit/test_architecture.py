"""What DESIGN promises about who imports what, and that everything needed is packaged."""

import subprocess
import sys
import tomllib
from pathlib import Path

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PARTS = ("app", "lessons", "engine", "assets")


def modules_after(program: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after `program`, whatever it prints and however it exits."""
    wrapped = f"import sys\ntry:\n    exec({program!r})\nexcept SystemExit: pass\n"
    wrapped += "sys.stderr.write('MODULES ' + ' '.join({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", wrapped], capture_output=True, text=True, check=True)
    return set(done.stderr.rpartition("MODULES ")[2].split())


def a_finished_run() -> None:
    import numpy as np

    from fastai_tui.engine import events
    from fastai_tui.engine.job import Job
    from fastai_tui.engine.runs import log
    from fastai_tui.engine.runs.steps import StepWriter, row_type
    from fastai_tui.engine.runs.store import RunStore

    run = RunStore().create(Job(experiment="mnist", builder="x:y", settings={"lr": 0.1}), "", ["test"])
    StepWriter(run.path / "steps", 1).write(1, np.zeros(3, row_type(1)))
    end = events.RunEnded(time=2.0, step=3, epoch=0, reason="finished", message="Finished.", seconds=1.0)
    log.append(run.path / "events.jsonl", events.encode(end))


def test_what_draws_never_imports_torch(home: Path) -> None:
    a_finished_run()
    commands = [
        "--help",
        "lessons",
        "runs",
        "show last",
        "show last --json",
        "watch last",
        "data list",
        "check",
        "ablate mnist --model cnn,cnn3x3 --dry-run",
    ]
    program = f"""
import sys
from fastai_tui.app.cli.main import run
for command in {commands}:
    try: run(command.split())
    except SystemExit as left: assert not left.code, command
    assert not {{"torch", "torchvision", "torchtext"}} & set(sys.modules), command
"""
    assert "fastai_tui" in modules_after(program)


def test_the_engine_and_the_lessons_load_nothing_that_draws() -> None:
    names = [
        ".".join(("fastai_tui", *path.relative_to(ROOT).with_suffix("").parts))
        for part in ("engine", "lessons", "assets")
        for path in (ROOT / part).rglob("*.py")
    ]
    program = "import importlib\nfor name in {!r}: importlib.import_module(name)".format(
        [n.removesuffix(".__init__") for n in names if not n.endswith("build_mnist_sample")]
    )
    assert not {"textual", "rich", "plotext", "typer"} & modules_after(program)


def test_every_folder_with_code_is_packaged_and_every_packaged_folder_exists() -> None:
    listed = set(PROJECT["tool"]["setuptools"]["packages"])
    there = {
        ".".join(("fastai_tui", *path.parent.relative_to(ROOT).parts))
        for part in PARTS
        for path in (ROOT / part).rglob("*.py")
    }
    assert listed == there


def test_every_file_that_is_read_at_run_time_is_packaged() -> None:
    data = PROJECT["tool"]["setuptools"]["package-data"]
    shipped = [
        f"{package.removeprefix('fastai_tui.').replace('.', '/')}/{one}" for package in data for one in data[package]
    ]
    for part in PARTS:
        for path in (ROOT / part).rglob("*"):
            if path.is_dir() or path.suffix in (".py", ".pyc") or path.name in ("README.md", "PROVENANCE.md"):
                continue
            if (ROOT / "assets" / "pictures") in path.parents:  # the README's
                continue
            assert any(path.match(pattern) for pattern in shipped), path


def test_no_function_is_a_screenful_and_no_file_a_book() -> None:
    for part in ("app", "lessons", "engine"):
        for path in (ROOT / part).rglob("*.py"):
            assert len(path.read_text().splitlines()) <= 350, path
