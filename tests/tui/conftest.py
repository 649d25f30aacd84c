"""Tests that are coroutines are run, each in a loop of its own; what every app does anew is done once, or not."""

import asyncio
import functools
import inspect
import os

import pytest

from fastai_tui.lessons import loader

parsed = functools.lru_cache(64)(loader.parse)  # the same bytes are the same chapter


@pytest.fixture(autouse=True)
def unhurried_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power fails between two of these tests, and chapters that were read already are at hand."""
    monkeypatch.setattr(os, "fsync", lambda file: None)
    monkeypatch.setattr(loader, "parse", parsed)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    asyncio.run(pyfuncitem.obj(**arguments))
    return True
