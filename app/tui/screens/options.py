"""The options: theme, bell, link, width of the text; what was done so far as a file; where things are kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from fastai_tui.app import progress_files
from fastai_tui.app.config import LINKS, Config
from fastai_tui.app.text import duration
from fastai_tui.app.tui.screens.page import Page, Row, wrapped
from fastai_tui.app.tui.themes import ABOUT, NAMES
from fastai_tui.app.tui.widgets.field import Field
from fastai_tui.engine.errors import FastaiTuiError

if TYPE_CHECKING:
    from textual.widget import Widget

    from fastai_tui.app.tui.sheet import Style

LONG = (0, 10, 30, 60, 120, 300, 600, 1800, 3600)  # seconds that a run may have to take before its end rings
WIDTHS = (0, 38, 48, 60, 72)
LABEL = 16  # cells
TURNED = ("bell", "bell_after", "link", "prose_width")
FILED = {
    "export": ("export", "write what you have done so far to a file", "Export to which file? enter: write, esc: not"),
    "import": ("import", "take over what an export holds", "Import from which file? enter: read, esc: not"),
    "reset": ("reset", "begin anew", "Begin anew, and forget what you have done so far? y: yes, any other key: no"),
}


class OptionsScreen(Page):
    """Posts what is wanted to the app, and shows it as if it were so already."""

    KEYS = "Options"
    OPENS = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "turn(1)", "change"),
        Binding("left", "turn(-1)", "change back", show=False),
        Binding("o", "back", "back", show=False),
    ]

    class Changed(Message):
        """Choices to be kept: `changes` for `config.update`."""

        def __init__(self, **changes: Any) -> None:
            super().__init__()
            self.changes = changes

    class Previewed(Message):
        """The theme to wear for now, kept or not; "" is the one that suits the terminal."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class Replaced(Message):
        """Progress was imported or reset: what is known of it has to be read anew."""

    def __init__(self, config: Config, theme: str = "", trouble: str = "") -> None:
        super().__init__()
        self.config, self.worn, self.trouble = config, theme, trouble
        self.asking = ""
        self.field = Field()
        self.field.display = False

    def above(self) -> Sequence[Widget]:
        return [self.field]

    def heading(self) -> tuple[str, str]:
        return "Options", ""

    def on_mount(self) -> None:
        self.lines.renew(("theme", self.config.theme))
        if self.trouble:
            self.say(self.trouble, "warn")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not self.asking or action not in ("turn",)

    def rows(self, room: int) -> list[Row]:
        rows = [Row([("Theme", "title")])]
        rows += [row for name in ("", *NAMES) for row in self._of_theme(name, room)]
        rows += [Row(), Row([("Behaviour", "title")])]
        rows += [row for key in TURNED for row in _line(("turn", key), *self._words(key), room)]
        rows += [Row(), Row([("What you have done so far", "title")])]
        rows += [row for key, (label, words, _) in FILED.items() for row in _line(("file", key), label, words, room)]
        rows += [Row(), Row([("Where things are", "title")])]
        for label, words in self._facts():
            parts = wrapped(words, max(room - LABEL, 8))
            rows += [
                Row([(f"{label if not i else '':<{LABEL}}", "dim"), (part, "plain")]) for i, part in enumerate(parts)
            ]
        return rows

    def picked(self, pick: Hashable) -> None:
        match pick:
            case ("theme", str(name)):
                self._change(theme=name)
                self.say(f"The theme is {name or 'the one that suits the terminal'} from now on.", "good")
            case ("turn", str()):
                self.action_turn(1)
            case ("file", str(what)):
                self._ask(what)

    def moved(self, pick: Hashable) -> None:
        """A theme is worn while it is chosen."""
        self.say("")
        name = pick[1] if isinstance(pick, tuple) and pick[0] == "theme" else self.config.theme
        if name != self.worn:
            self.worn = name
            self.app.post_message(self.Previewed(name))

    def action_turn(self, way: int) -> None:
        """Take the next value of what is chosen, or the one before."""
        match self.lines.pick:
            case ("turn", "bell"):
                self._change(bell=not self.config.bell)
            case ("turn", "bell_after"):
                self._change(bell_after=_next(LONG, self.config.bell_after, way))
            case ("turn", "link"):
                self._change(link=_next(LINKS, self.config.link, way))
            case ("turn", "prose_width"):
                self._change(prose_width=_next(WIDTHS, self.config.prose_width, way))
            case ("theme", str()):
                self.lines.action_move(way)

    def action_back(self) -> None:
        if self.asking:
            return self._answered("Nothing was changed.", "dim")
        if self.worn != self.config.theme:
            self.app.post_message(self.Previewed(self.config.theme))
        super().action_back()

    def _change(self, **changes: Any) -> None:
        self.config = replace(self.config, **changes)
        self.lines.renew()
        self.app.post_message(self.Changed(**changes))

    # What was done so far

    def _ask(self, what: str) -> None:
        """Ask for a path, or whether it is meant."""
        self.asking = what
        self.say(FILED[what][2], "warn" if what == "reset" else "accent")
        if what != "reset":
            self.field.value = "" if what == "import" else str(Path.home() / "fastai-tui-progress.json")
            self.field.display = True
            self.field.focus()
        self.refresh_bindings()

    def on_key(self, event: Any) -> None:
        if self.asking == "reset":
            event.stop()
            event.prevent_default()
            if event.key in ("y", "Y"):
                self._do(progress_files.reset)
            else:
                self._answered("Nothing was changed.", "dim")

    def on_input_submitted(self, event: Field.Submitted) -> None:
        if not event.value.strip():
            return self._answered("Nothing was changed.", "dim")
        path = event.value.strip()
        exporting = self.asking == "export"
        self._do(lambda: _export(path) if exporting else _import(path))

    def _do(self, what: Callable[[], str]) -> None:
        try:
            sentence, mood = what(), "good"
        except FastaiTuiError as error:
            sentence, mood = str(error), "bad"
        if mood == "good" and self.asking != "export":
            self.app.post_message(self.Replaced())
        self._answered(sentence, mood)

    def _answered(self, sentence: str, mood: Any) -> None:
        self.asking = ""
        self.field.display = False
        self.lines.focus()
        self.say(sentence, mood)
        self.refresh_bindings()

    # Lines

    def _of_theme(self, name: str, room: int) -> list[Row]:
        kept = "●" if name == self.config.theme else "○"
        about = ABOUT.get(name, "what suits the terminal")
        return _line(("theme", name), f"{kept} {name or 'automatic'}", about, room)

    def _words(self, key: str) -> tuple[str, str]:
        """A choice and its value as people say it."""
        config = self.config
        if key == "bell":
            return "bell", "rings when a long run ends" if config.bell else "off"
        if key == "bell_after":
            least = duration(config.bell_after, tenths=False).removesuffix(" 0 s")
            return "long means", f"from {least} on" if config.bell_after else "any"
        if key == "link":
            about = {"auto": "automatic: few bytes when the link is slow", "on": "always few bytes", "off": "never"}
            return "thin link", about[config.link]
        return "text width", f"{config.prose_width} cells on a wide terminal" if config.prose_width else "half"

    def _facts(self) -> list[tuple[str, str]]:
        from fastai_tui.engine.home import home
        from fastai_tui.engine.versions import versions

        here = ", ".join(f"{name} {version}" for name, version in versions().items())
        return [("home", str(home())), ("in it", "progress.json, config.toml, runs, data"), ("versions", here)]


def _line(pick: Hashable | None, label: str, words: str, room: int) -> list[Row]:
    """A label and the words beside it, in as many lines as they need."""
    parts = wrapped(words, max(room - LABEL, 8))
    style: Style = "dim" if pick is None else "strong"
    labels = [label, *[""] * (len(parts) - 1)]
    return [Row([(f"{one:<{LABEL}}", style), (part, "plain")], pick) for one, part in zip(labels, parts, strict=True)]


def _next(values: Sequence[Any], now: Any, way: int) -> Any:
    """The value after (or before) the one of now, round and round; of one that is not listed, the first."""
    return values[(values.index(now) + way) % len(values)] if now in values else values[0]


def _export(path: str) -> str:
    return progress_files.export_to(_expanded(path))


def _import(path: str) -> str:
    file = _expanded(path)
    return progress_files.import_from(progress_files.content_of(file), progress_files.shown(file))


def _expanded(path: str) -> Path:
    from fastai_tui.engine.errors import BadInput

    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise BadInput(f"{progress_files.shown(Path(path))} is in the home of nobody; give a full path.") from None
