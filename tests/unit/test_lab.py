"""The lab process: answers, sentences instead of answers, crashes, junk and silence."""

import sys
from pathlib import Path

import pytest

from fastai_tui.engine import client, errors, lab


@pytest.fixture
def toy_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lab process with a few requests of the test's own."""
    (tmp_path / "toys.py").write_text(
        """
import os, sys, time
from fastai_tui.engine import errors, lab

def add(a, b):
    print("a library says hello")
    os.write(1, b"so does its C code\\n")
    return {"sum": a + b}

def nothing(): return None
def refuse(kind, message): raise getattr(errors, kind)(message)
def crash(): raise ZeroDivisionError("dear me")
def die(): os._exit(9)
def hang(): time.sleep(600)
def odd(): return object()

lab.REQUESTS = {name: "toys:" + name for name in ("add", "nothing", "refuse", "crash", "die", "hang", "odd")}
sys.modules["toys"] = sys.modules["__main__"]
print("junk before the first answer", flush=True)
lab.main()
"""
    )
    monkeypatch.setattr(client, "COMMAND", [sys.executable, str(tmp_path / "toys.py")])


def test_an_answer_comes_whole_whatever_else_is_printed(toy_lab: None) -> None:
    assert client.ask("add", a=1, b=2.5) == {"sum": 3.5}
    assert client.ask("nothing") is None


@pytest.mark.parametrize("kind", ["BadInput", "DataMissing", "RunFailed", "DeviceTrouble", "DiskTrouble"])
def test_sentences_cross_over_with_their_class(toy_lab: None, kind: str) -> None:
    with pytest.raises(errors.FastaiTuiError) as caught:
        client.ask("refuse", kind=kind, message="Nothing “works” today.")
    assert type(caught.value).__name__ == kind
    assert str(caught.value) == "Nothing “works” today."


@pytest.mark.parametrize(
    ("request_name", "said"),
    [
        ("crash", "unexpected went wrong .*dear me.*errors.log"),
        ("odd", "unexpected went wrong .*object"),
        ("die", "without an answer: .*status 9"),
    ],
)
def test_a_crash_is_a_sentence(toy_lab: None, request_name: str, said: str) -> None:
    with pytest.raises(errors.RunFailed, match=said) as caught:
        client.ask(request_name)
    assert "\n" not in str(caught.value)


def test_what_hangs_is_ended_with_a_sentence(toy_lab: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE", 2.0)
    with pytest.raises(errors.RunFailed, match="2 seconds"):
        client.ask("hang")


def test_a_lab_that_cannot_start_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(client, "COMMAND", [str(tmp_path / "no-such-python")])
    with pytest.raises(errors.RunFailed, match="could not be started"):
        client.ask("device")


def test_every_request_has_its_function() -> None:
    import importlib

    for target in lab.REQUESTS.values():
        module, _, name = target.partition(":")
        assert callable(getattr(importlib.import_module(module), name))
