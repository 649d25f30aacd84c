"""The pane in which a network writes: the learner begins a text and lets it go on, in steps or by itself."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from fastai_tui.app import writing
from fastai_tui.app.tui.panes.common.inside import InsidePane
from fastai_tui.app.tui.panes.common.playing import one_of, whole
from fastai_tui.app.tui.panes.common.typed import as_line
from fastai_tui.app.tui.panes.common.typing import TypingPane
from fastai_tui.app.tui.panes.text import writing_drawing
from fastai_tui.app.tui.panes.text.writing_drawing import Shown
from fastai_tui.app.writing import EMBEDDED, Writing
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.manner import HOTTEST, MOST_SEED, Manner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastai_tui.app.tui.services import Scene
    from fastai_tui.app.tui.sheet import Sheet
    from fastai_tui.engine.settings import Value
    from fastai_tui.lessons.conditions import Measured
    from fastai_tui.lessons.progress import State

MODES = ("draw", "greedy")
BEAT, PACE = 0.1, 3  # seconds between two pieces of a text that writes itself, and the characters of each
PAGE, MOST = 200, 2000  # characters that f adds, and that a text has at the most


class WritingPane(TypingPane, InsidePane):
    """A text is what its network, prompt, length and manner make of it: whatever is changed, it is written anew, with
    the same random numbers. So the command line writes the same, and so does the pane when it is opened again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "write(1)", "write", tooltip="write one character"),
        Binding("a", "run", "run", tooltip="let it write by itself"),
        Binding("a", "pause", "pause"),
        Binding("e", "edit", "prompt", tooltip="type what the text begins with"),
        Binding("m", "mode", "draw/greedy", tooltip="draw the next character, or take the likeliest"),
        Binding("k", "seed(1)", "seed", tooltip="the next seed: another text"),
        Binding("K", "seed(-1)", "seed before", tooltip="the seed before, and its text again"),
        Binding("u", "back", "back", tooltip="take a character back"),
        Binding("f", f"write({PAGE})", f"{PAGE} more", tooltip=f"{PAGE} characters at once"),
        Binding("z", "anew", "anew", tooltip="begin anew after the prompt"),
    ]
    FIRST: ClassVar[tuple[str, ...]] = ("space", "a", "e", "m", "k", "u", "f", "z")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        prompt, length, seed = self.option("prompt", ""), scene.kept.get("written"), self.option("seed", 42)
        self.prompt = as_line(prompt)
        self.length = whole(length, MOST)
        self.seed = seed if isinstance(seed, int) and 0 <= seed <= MOST_SEED else 42
        self.mode = one_of(MODES, self.option("mode", "draw"))
        seeds = scene.kept.get("seeds")
        self.seeds = {n for n in seeds if isinstance(n, int)} if isinstance(seeds, list) else set()
        self.text = Writing(self.prompt)
        self.running, self._stale, self._serving, self._era = False, True, False, 0

    def on_mount(self) -> None:
        super().on_mount()
        self._serve()

    # What is asked for

    @property
    def manner(self) -> Manner:
        """How the knobs and keys have it."""
        return Manner(
            temperature=self._knob("temperature", 1.0, HOTTEST),
            top_k=int(self._knob("top_k", 0.0, 1e6)),
            greedy=self.mode == "greedy",
            seed=self.seed,
        )

    def _knob(self, name: str, default: float, high: float) -> float:
        try:
            value = float(self.knobs.get(name, default))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return default
        return min(max(value, 0.0), high) if math.isfinite(value) else default

    @property
    def source(self) -> str:
        """Who writes: the step's run once it has begun, or else the embedded model."""
        return self.begun_run if self.begun_run and self.option("source") != EMBEDDED else EMBEDDED

    @property
    def missing(self) -> int:
        """Characters that are still to be written."""
        return max(self.length - len(self.text.characters), 0)

    def rewrite(self) -> None:
        """Write the text from its beginning."""
        self._era += 1
        self.text, self._stale, self.trouble = Writing(self.prompt), True, ""
        self._serve()
        self.changed()

    def _serve(self) -> None:
        if not self._serving and self.is_attached and (self._stale or self.missing) and not self.trouble:
            self._serving = True
            self._ask()

    @work(exit_on_error=True, group="writing")
    async def _ask(self) -> None:
        """Ask the lab until there is nothing left to ask; answers to what was asked before a change are dropped."""
        try:
            while (self._stale or self.missing or self.running) and self.is_attached:
                if self.running and not self.missing:
                    self.length = min(self.length + PACE, MOST)
                    self._rest()
                self._take(self._era, await self._more())
                if self.running:
                    await asyncio.sleep(BEAT)
        except FastaiTuiError as error:
            self.running, self.length = False, len(self.text.characters)
            self.refused(str(error))
            self.refresh_bindings()
        finally:
            self._serving = False
        self._serve()

    async def _more(self) -> tuple[int, Any]:
        era, length = self._era, min(self.missing, PACE) if self.running else self.missing
        answer = await self.services.lab.ask(
            "write",
            topic="writing",
            source=self.source,
            prompt=self.prompt,
            written=self.text.numbers,
            length=length,
            manner=self.manner,
        )
        return era, answer

    def _take(self, now: int, told: tuple[int, Any]) -> None:
        """Add what has come, unless something was changed meanwhile, or the run has other weights by now."""
        era, answer = told
        if era != self._era:
            return
        piece = writing.piece(answer)
        if self.text.characters and (piece.source, piece.step) != (self.text.run, self.text.step):
            self.rewrite()
            return
        self.text, self._stale, self.trouble = self.text.grown(piece), False, ""
        self.length = max(self.length, len(self.text.characters))  # it was paused while this was on its way
        self.seeds |= {self.seed} if self.text.characters and not self.manner.takes_best else set()
        self.changed()

    def _rest(self) -> None:
        """A page that is full is not gone on with."""
        if self.length >= MOST:
            self.running = False
            self.refresh_bindings()

    # What it says of itself

    @property
    def shown(self) -> Shown:
        """Everything that is drawn."""
        return Shown(self.text, self.manner, self.line, self.hidden, self.trouble, waits=self._serving and self._stale)

    def measured(self) -> Measured:
        manner, choices = self.manner, self.text.next
        found: dict[str, float | str] = {
            "written": len(self.text.characters),
            "temperature": manner.temperature,
            "top_k": manner.top_k,
            "mode": self.mode,
            "seed": self.seed,
            "seeds": len(self.seeds),
            "typed": int(self.prompt != self.scene.step.show.get("prompt", "")),
            "repeats": self.text.repeats,
            "surprise": self.text.surprise,
            "source": EMBEDDED if self.source == EMBEDDED else "run",
        }
        return found | ({"likeliest": choices[0].p} if choices else {})

    def kept(self) -> State:
        seeds: list[int | float | str] = [*sorted(self.seeds)[:1000]]
        return {"prompt": self.prompt, "written": self.length, "mode": self.mode, "seed": self.seed, "seeds": seeds}

    def sentence(self) -> str:
        return writing_drawing.sentence(self.shown)

    def command(self) -> Sequence[str]:
        return writing.arguments(self.source, self.prompt, max(len(self.text.characters), 1), self.manner)

    def code(self) -> str:
        return self.scene.step.code or "engine.sampling:write"

    # What the screen tells it

    def turned(self, knob: str, value: Value) -> None:
        self.rewrite()

    def look(self) -> None:
        """The run has got on: ask what it would write next, and so whether its weights are others."""
        self._stale, self.trouble = True, ""
        self._serve()

    def forget_run(self) -> None:
        self.rewrite()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not super().check_action(action, parameters):
            return False
        if action in ("run", "pause"):
            return self.running == (action == "pause")
        return self.length > 0 if action in ("back", "anew") else True

    def before_typing(self) -> str:
        self.running = False
        return self.prompt

    def take(self, text: str) -> None:
        if text != self.prompt:
            self.prompt, self.length = text, 0
            self.rewrite()

    def action_write(self, count: int) -> None:
        if self.length >= MOST:
            self.say(f"{MOST:,} characters are enough: z begins anew.")
            return
        self.running, self.trouble = False, ""
        self.length = min(self.length + count, MOST)
        self._serve()
        self.refresh_bindings()

    def action_run(self) -> None:
        self.running, self.trouble = self.length < MOST, ""
        if self.running:
            self.length = min(self.length + PACE, MOST)
            self._serve()
        self.refresh_bindings()

    def action_pause(self) -> None:
        self.running, self.length = False, len(self.text.characters)
        self.refresh_bindings()
        self.changed()

    def action_back(self) -> None:
        self.length = max((len(self.text.characters) if self.running else self.length) - 1, 0)
        self.running, self._era, self._stale = False, self._era + 1, True
        while len(self.text.characters) > self.length:
            self.text = self.text.shorter()
        self._serve()
        self.refresh_bindings()
        self.changed()

    def action_anew(self) -> None:
        self.running, self.length = False, 0
        self.rewrite()
        self.refresh_bindings()

    def action_mode(self) -> None:
        self.mode = MODES[1 - MODES.index(self.mode)]
        self.rewrite()

    def action_seed(self, by: int) -> None:
        self.seed = (self.seed + by) % (MOST_SEED + 1)
        self.rewrite()

    # The picture

    def draw(self, sheet: Sheet) -> None:
        shown = self.shown
        self.pulse.beat(shown.waits)
        writing_drawing.draw(sheet, shown, self.pulse.sign(sheet.sight.unicode))
