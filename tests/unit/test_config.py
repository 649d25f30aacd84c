"""The choices: kept whole and private, and never written over something that was not understood."""

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastai_tui.app import config
from fastai_tui.app.config import Config
from fastai_tui.engine.errors import BadInput, DiskTrouble


def put(text: str | bytes) -> Path:
    place = config.path()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return place


def test_without_a_file_everything_is_as_usual() -> None:
    assert config.read() == (Config(), "")
    assert not config.path().exists()


def test_what_is_chosen_is_kept_privately_and_comes_back() -> None:
    config.update(theme="safe", bell=True)
    config.update(bell_after=300, link="on", prose_width=48)
    found, trouble = config.read()
    assert found == Config(theme="safe", bell=True, bell_after=300, link="on", prose_width=48)
    assert trouble == ""
    assert stat.S_IMODE(config.path().stat().st_mode) == 0o600
    assert tomllib.loads(config.path().read_text())["version"] == 1
    assert [file.name for file in config.path().parent.iterdir()] == ["config.toml"]


def test_what_is_unknown_here_survives_a_change() -> None:
    put('later = "yes"\ntheme = "dark"\n[panes]\nwide = true\n')
    assert config.read() == (Config(theme="dark"), "")
    config.update(theme="light")
    assert tomllib.loads(config.path().read_text()) == {
        "version": 1,
        "theme": "light",
        "later": "yes",
        "panes": {"wide": True},
    }


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("theme = ", "is damaged"),
        (b"theme = '\xff'", "is damaged"),
        ("[" * 3000, "is damaged"),
        ("version = 2\n", "from a newer version"),
        ("version = '1'\n", "from a newer version"),
        ("theme = 3\n", "theme has to be a theme's name"),
        ("bell = 1\n", "bell has to be true or false"),
        ("bell_after = true\n", "bell_after has to be seconds"),
        ("bell_after = -1\n", "bell_after has to be seconds"),
        ("bell_after = 1000000\n", "bell_after has to be seconds"),
        ("link = 'sometimes'\n", "link has to be auto, on or off"),
        ("prose_width = 2.5\n", "prose_width has to be cells"),
    ],
)
def test_a_file_that_makes_no_sense_is_reported_and_left_alone(content: str | bytes, says: str) -> None:
    place = put(content)
    before = place.read_bytes()
    found, trouble = config.read()
    assert found == Config()
    assert says in trouble
    assert str(place) in trouble
    with pytest.raises(DiskTrouble, match=r"config\.toml"):
        config.update(theme="dark")
    assert place.read_bytes() == before


def test_one_bad_choice_does_not_cost_the_others() -> None:
    put("theme = 'safe'\nlink = 'sometimes'\nbell = true\n")
    found, trouble = config.read()
    assert found == Config(theme="safe", bell=True)
    assert "link" in trouble


def test_a_read_only_file_is_used_and_not_replaced() -> None:
    place = put("theme = 'safe'\n")
    place.chmod(0o400)
    found, trouble = config.read()
    assert found == Config(theme="safe")
    assert "read-only" in trouble
    with pytest.raises(DiskTrouble, match="read-only"):
        config.update(theme="dark")
    assert place.read_text() == "theme = 'safe'\n"


def test_a_folder_in_its_place_is_reported() -> None:
    config.path().mkdir(parents=True)
    found, trouble = config.read()
    assert found == Config()
    assert "is no file" in trouble


@pytest.mark.parametrize(
    "changes", [{"theme": 1}, {"bell": 2}, {"bell_after": -5}, {"link": "x"}, {"prose_width": 999}]
)
def test_a_choice_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BadInput, match=next(iter(changes))):
        config.update(**changes)
    assert not config.path().exists()


def test_a_file_behind_a_link_is_written_where_it_is(tmp_path: Path) -> None:
    place = put("")
    place.unlink()
    real = tmp_path / "dotfiles.toml"
    real.write_text("theme = 'dark'\n")
    place.symlink_to(real)
    config.update(theme="light")
    assert place.is_symlink()
    assert tomllib.loads(real.read_text())["theme"] == "light"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200), st.text(alphabet="theml bk_afr=\"'[]{}\n10.-#truefals", max_size=80)))
def test_no_content_makes_it_raise_or_lose_the_file(content: bytes | str) -> None:
    place = put(content)
    before = place.read_bytes()
    found, trouble = config.read()
    assert isinstance(found, Config)
    if trouble:
        assert found.link == "auto"
        assert place.read_bytes() == before
