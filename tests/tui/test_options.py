"""The options: what is told to the app, and what becomes of progress."""

from pathlib import Path

import pytest

from fastai_tui.app.config import Config
from fastai_tui.app.tui.screens.options import OptionsScreen
from fastai_tui.app.tui.themes import NAMES
from fastai_tui.lessons import progress
from tests.tui.looks import look
from tests.tui.screens import ScreenHost


def changes(app: ScreenHost) -> list[dict[str, object]]:
    return [message.changes for message in app.told if isinstance(message, OptionsScreen.Changed)]


def previews(app: ScreenHost) -> list[str]:
    return [message.name for message in app.told if isinstance(message, OptionsScreen.Previewed)]


def host(config: Config | None = None, trouble: str = "") -> ScreenHost:
    config = config or Config()
    return ScreenHost(lambda: OptionsScreen(config, config.theme, trouble))


async def test_a_theme_is_worn_while_it_is_chosen_and_kept_with_enter() -> None:
    app = host()
    async with app.run_test() as pilot:
        await pilot.press("down", "down", "enter")
        assert previews(app) == ["dark", "light"]
        assert changes(app) == [{"theme": "light"}]
        assert "● light" in look(app).text


async def test_a_theme_that_was_only_looked_at_is_taken_off_again() -> None:
    app = host(Config(theme="safe"))
    async with app.run_test() as pilot:
        await pilot.press("up", "escape")
        assert previews(app) == ["ansi", "safe"]
        assert changes(app) == []


async def test_every_choice_can_be_turned_by_keys() -> None:
    app = host()
    async with app.run_test() as pilot:
        await pilot.press(*["down"] * len(NAMES))
        await pilot.press("down", "enter", "down", "right", "down", "right", "right", "down", "left")
        assert changes(app) == [
            {"bell": True},
            {"bell_after": 120},
            {"link": "on"},
            {"link": "off"},
            {"prose_width": 72},
        ]
        text = look(app).text
        assert "rings when a long run ends" in text
        assert "2 min" in text
        assert "never" in text
        assert "72 cells" in text


async def choose(pilot: object, what: str) -> None:
    count = {"export": 5, "import": 6, "reset": 7}[what] + len(NAMES)
    await pilot.press(*["down"] * count, "enter")  # type: ignore[attr-defined]


async def test_progress_goes_out_to_a_file_and_comes_back_from_it(tmp_path: Path) -> None:
    progress.update(lambda kept: kept.put("edges", "one-window", done=True))
    file = tmp_path / "out.json"
    app = host()
    async with app.run_test(size=(160, 40)) as pilot:
        await choose(pilot, "export")
        app.screen.query_one("#field").value = str(file)  # type: ignore[attr-defined]
        await pilot.press("enter")
        assert "Exported 1 finished step in 1 chapter" in look(app).text
        assert progress.decode(file.read_bytes(), "it").of("edges", "one-window").done

        progress.reset()
        await pilot.press("down", "enter")
        app.screen.query_one("#field").value = str(file)  # type: ignore[attr-defined]
        await pilot.press("enter")
        assert "Imported 1 finished step" in look(app).text
        assert progress.kept().of("edges", "one-window").done
        assert [type(message) for message in app.told if isinstance(message, OptionsScreen.Replaced)] != []


@pytest.mark.parametrize(
    ("what", "typed", "says"),
    [
        ("export", "/nowhere/at/all.json", "There is no folder"),
        ("export", "/", "exists already"),
        ("export", "~nobody-at-all/x", "home of nobody"),
        ("import", "/nowhere.json", "is no file"),
        ("import", "/dev/null", "is no file"),
        ("import", "", "Nothing was changed"),
    ],
)
async def test_a_path_that_can_not_be_is_a_sentence(what: str, typed: str, says: str) -> None:
    app = host()
    async with app.run_test(size=(160, 40)) as pilot:
        await choose(pilot, what)
        app.screen.query_one("#field").value = typed  # type: ignore[attr-defined]
        await pilot.press("enter")
        assert says in look(app).text
        assert not any(isinstance(message, OptionsScreen.Replaced) for message in app.told)
        await pilot.press("up")
        assert app.focused is not None
        assert app.focused.id == "rows"


async def test_a_reset_asks_first() -> None:
    progress.update(lambda kept: kept.put("edges", "one-window", done=True))
    app = host()
    async with app.run_test(size=(160, 40)) as pilot:
        await choose(pilot, "reset")
        assert "Begin anew, and forget" in look(app).text
        for key in ("n", "q", "enter", "down", "o", "escape"):
            await pilot.press(key)
            assert isinstance(app.screen, OptionsScreen), key
            assert "Nothing was changed" in look(app).text, key
            assert progress.kept().of("edges", "one-window").done, key
            await pilot.press("enter")
            assert "Begin anew, and forget" in look(app).text, key
        await pilot.press("n")
        await pilot.press("enter", "y")
        assert "you begin anew" in look(app).text
        assert not progress.kept().of("edges", "one-window").done
        assert list(progress.path().parent.glob("progress-*.json"))


async def test_escape_leaves_the_question_and_then_the_screen() -> None:
    app = host()
    async with app.run_test() as pilot:
        await choose(pilot, "export")
        await pilot.press("escape")
        assert isinstance(app.screen, OptionsScreen)
        await pilot.press("escape")
        assert not isinstance(app.screen, OptionsScreen)


async def test_it_says_what_stands_in_the_way_and_where_things_are(home: Path) -> None:
    app = host(trouble="config.toml is read-only: what you choose now is not kept.")
    async with app.run_test(size=(160, 50)):
        text = look(app).text
        assert "config.toml is read-only" in text
        assert str(home) in text
        assert "torch" in text
