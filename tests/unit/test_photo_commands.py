"""Commands around photos: weights that are wanted, precomputed activations on the disk, how far precomputing is."""

from pathlib import Path

import pytest
from safetensors.torch import save_file
from torch import zeros
from typer.testing import CliRunner

from fastai_tui.app import sentences
from fastai_tui.app.cli.data import commands
from fastai_tui.app.cli.pretrained import given, wanted
from fastai_tui.app.snapshots import Snapshot
from fastai_tui.engine import events
from fastai_tui.engine.data import activation_cache as cache
from fastai_tui.engine.errors import BadInput
from fastai_tui.engine.home import private_dir
from fastai_tui.engine.runs.run import follow
from fastai_tui.engine.settings import Setting


def test_weights_are_wanted_of_networks_that_are_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert wanted("dogscats", {"model": "resnet34"}) == "resnet34"
    assert wanted("dogscats", {}) == ""  # the embedded one
    assert wanted("dogscats", {"model": "resnet34", "weights": "mine.pth"}) == ""
    assert wanted("dogscats", {"model": "nonsense"}) == ""  # which ordering it says
    assert wanted("mnist", {"model": "cnn"}) == ""
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "resnet34-b627a593.pth").write_bytes(b"")
    assert wanted("dogscats", {"model": "resnet34"}) == ""


def test_a_file_of_weights_is_a_setting_like_others() -> None:
    assert given("dogscats", ["size=128"], "mine.pth", as_json=True) == {"size": "128", "weights": "mine.pth"}
    with pytest.raises(BadInput, match="twice"):
        given("dogscats", ["weights=mine.pth"], "other.pth", as_json=True)


def test_activations_on_the_disk_are_listed_and_removed() -> None:
    run = CliRunner()
    assert cache.NAME not in run.invoke(commands, ["list"]).output
    private_dir(cache.folder())
    save_file({"train": zeros(250, 1000)}, cache.place("a"))
    assert f"{cache.NAME}: 1.0 MB of precomputed activations" in run.invoke(commands, ["list"]).output
    assert "1.0 MB are free again" in run.invoke(commands, ["rm", cache.NAME]).output
    assert cache.files() == []


def test_how_far_it_is_is_told_once_and_as_it_is_now() -> None:
    story: list[events.AnyEvent] = []
    for done in (10, 20, 30):
        follow(story, events.Preparing(time=1.0, what="activations", done=done, total=2800))
    assert [event.done for event in story if isinstance(event, events.Preparing)] == [30]
    again = events.decode(events.encode(story[0]))
    assert again == story[0]
    shot = Snapshot("0001", "dogscats", phase="running", live=True, prepared=("activations", 1300, 2800))
    assert sentences.notice(shot) == "Preparing: activations, 1,300 of 2,800."


def test_a_text_is_a_setting_of_its_own_kind() -> None:
    setting = Setting(name="begin", kind="text", default="", about="", unit="a run's name")
    assert setting.parse("last") == "last"
    assert setting.allowed == "a run's name"
    for wrong in (3, "a\nb", "a" * 5000, None):
        with pytest.raises(BadInput, match="a run's name"):
            setting.parse(wrong)
