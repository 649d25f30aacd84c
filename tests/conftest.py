"""What every test shares: a home of its own, and the real data where this machine has it."""

import os
import signal
from pathlib import Path

import pytest

from fastai_tui.engine.threads import thread_environment

ROOT = Path(__file__).parent.parent
os.environ.update(thread_environment())  # before torch is loaded: the workers share their cores

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun in the background: children would ignore Ctrl-C as well
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
