"""What every test shares: a home of its own, and the real data where this machine has it."""

import functools
import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from fastai_tui.engine.threads import thread_environment
from fastai_tui.lessons import loader

ROOT = Path(__file__).parent.parent
os.environ.update(thread_environment())  # before torch is loaded: the workers share their cores
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
loader.parse = functools.lru_cache(64)(loader.parse)  # the same bytes are the same chapter

for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if (
        signal.getsignal(number) is signal.SIG_IGN
    ):  # begun in the background, or by nohup: children would ignore it, too
        signal.signal(number, usual)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Each of several workers begins with other files: what one has compiled, which takes as long as loading it, the
    others find."""
    report = yield
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    if worker and report.result and all(isinstance(one, pytest.Module) for one in report.result):
        first = worker * len(report.result) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        report.result = [*report.result[first:], *report.result[:first]]
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order is the same for all."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: item.path)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home for this test alone."""
    place = tmp_path / "home"
    monkeypatch.setenv("FASTAI_TUI_HOME", str(place))
    return place


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data sets (CONTRIBUTING.md says what is in it); the test is skipped where it is missing."""
    place = Path(os.environ.get("FASTAI_TUI_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not place.is_dir():
        pytest.skip(f"no real data at {place}: set FASTAI_TUI_TEST_DATA")
    return place
