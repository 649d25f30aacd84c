"""Tests that are coroutines are run, each in a loop of its own; what every app does anew is done once, or not."""

import asyncio
import inspect
import os

import pytest
from textual import app, pilot

from fastai_tui.app.tui.panes.common import beginning
from fastai_tui.app.tui.panes.text import reading
from fastai_tui.app.tui.panes.text.networks import Network
from fastai_tui.app.tui.plotting import load
from tests.player import NOBODY
from tests.tui.rest import at_rest

app.wait_for_idle = pilot.wait_for_idle = at_rest  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def unhurried_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power fails between two of these tests."""
    monkeypatch.setattr(os, "fsync", lambda file: None)


@pytest.fixture(scope="session")
def plots() -> None:
    """What plots are made with is there: no pane waits for it."""
    load()


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sign that moves while a run begins stands still, so that pictures can be compared."""
    monkeypatch.setattr(beginning, "BEAT", 1e6)


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three networks can read a text: the embedded one and two runs."""
    there = (Network("pydocs", "lstm"), Network("0001-char-lm", "rnn"), Network("0002-char-lm", "gru"))
    monkeypatch.setattr(reading, "networks", lambda store: there)


@pytest.fixture(autouse=True)
def no_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that gets data finds nobody there."""
    monkeypatch.setenv("FASTAI_TUI_MIRROR", NOBODY)
    monkeypatch.setenv("FASTAI_TUI_MIRROR_ONLY", "1")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    asyncio.run(pyfuncitem.obj(**arguments))
    return True
