"""What every test shares: a home of its own, and the real data where this machine has it."""

import os
import signal
from pathlib import Path

import pytest

from fastai_tui.engine.threads import thread_environment

ROOT = Path(__file__).parent.parent
USUAL = 300  # seconds that pyproject.toml gives a test
os.environ.update(thread_environment())  # before torch is loaded: the workers share their cores

for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if (
        signal.getsignal(number) is signal.SIG_IGN
    ):  # begun in the background, or by nohup: children would ignore it, too
        signal.signal(number, usual)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each of several workers takes a piece of the list. The tests that are given longest begin these pieces, so that
    none of them is left for the end, when all other workers have nothing more to do."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
    long = [item for item in items if _limit(item) > USUAL]
    others = [item for item in items if _limit(item) <= USUAL]
    size = -(-len(others) // workers)
    items[:] = [
        item for i in range(workers) for item in (*long[::-1][i::workers], *others[i * size : (i + 1) * size])
    ]  # fmt: skip


def _limit(item: pytest.Item) -> float:
    """Seconds that a test is given."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0


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
