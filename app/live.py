"""A run, live in a terminal: frames that follow it, keys that steer it."""

import time
from dataclasses import dataclass, replace
from subprocess import Popen

from fastai_tui.app import terminal, views
from fastai_tui.app.keyboard import CTRL_C, Keyboard, send
from fastai_tui.app.painter import Painter
from fastai_tui.app.snapshots import Snapshot, Watcher
from fastai_tui.app.stopper import Stopper
from fastai_tui.app.text import Look
from fastai_tui.engine.errors import FastaiTuiError
from fastai_tui.engine.runs import client
from fastai_tui.engine.runs.run import Run

BEAT = 1 / 3  # seconds between two frames
HELP = (
    "q       detach: the run goes on, `fastai-tui watch` shows it again",
    "space   pause the run, or let it go on",
    "s       stop the run; it writes a checkpoint first",
    "?       this help, and back",
)


@dataclass(frozen=True)
class Stage:
    """What the keys have led to: `help` is shown, `asking` whether to stop, `said` is the answer to the last key."""

    help: bool = False
    asking: bool = False
    said: str = ""


class Live:
    """Shows one run until it has ended or the user detaches. With a `stopper`, Ctrl-C stops the run; without one it
    detaches, as `q` does."""

    def __init__(
        self, run: Run, look: Look, stopper: Stopper | None = None, process: "Popen[bytes] | None" = None
    ) -> None:
        self.run, self.look, self.stopper, self.process = run, look, stopper, process
        self.watcher, self.painter = Watcher(run), Painter(send)
        self.keyboard = Keyboard(self.painter)
        self.stage = Stage()

    def show(self) -> Snapshot | None:
        """Follow the run to its end, and return its last snapshot; None once the user has detached."""
        with self.keyboard.held():
            while True:
                shot = self.watcher.snapshot()
                if over(shot, self.process):
                    self.stage = Stage()  # the last frame says how it ended
                    self._paint(shot)
                    return shot
                self._paint(shot)
                if not all(self._obey(key, shot) for key in self._keys()):
                    return None
                if self.stopper is not None:
                    self.stopper.insist()

    def _paint(self, shot: Snapshot) -> None:
        columns, rows = terminal.size()
        question = "Stop the run? It writes a checkpoint first. (y/n)" if self.stage.asking else self.stage.said
        frame = views.Frame(self._hint(shot), question, HELP if self.stage.help else ())
        self.painter.paint(views.live(shot, columns, rows - 1, self.look, frame), columns, rows)

    def _hint(self, shot: Snapshot) -> str:
        if shot.ended:
            return f"fastai-tui show {shot.run}"
        detach = "q: detach, the run goes on" if self.stopper else "q or Ctrl-C: detach, the run goes on"
        stop = "Ctrl-C: stop" if self.stopper else "s: stop"
        if not self.keyboard.there:
            return stop if self.stopper else "Ctrl-C: detach, the run goes on"
        return f"{detach} · {stop} · space: {'go on' if shot.phase == 'paused' else 'pause'} · ?: help"

    def _keys(self) -> str:
        """The keys pressed until the next frame is due; a key brings it forward."""
        due = time.monotonic() + BEAT
        while (left := due - time.monotonic()) > 0:
            if pressed := self.keyboard.wait(left):
                return pressed
        return ""

    def _obey(self, key: str, shot: Snapshot) -> bool:
        """Do what a key asks; False to detach."""
        if key == CTRL_C:
            return self._interrupted()
        if self.stage.asking:
            self.stage = Stage(said=self._send("stop") if key in "yY" else "")
        elif key in "qQ":
            return False
        elif key == "?":
            self.stage = replace(self.stage, help=not self.stage.help, said="")
        elif key == " ":
            self.stage = Stage(said=self._send("resume" if shot.phase == "paused" else "pause"))
        elif key in "sS":
            self.stage = Stage(asking=True)
        return True

    def _interrupted(self) -> bool:
        if self.stopper is None or not self.stopper.press():
            return False
        self.stage = Stage(said="Stopping: the run writes a checkpoint. Ctrl-C again leaves without waiting for it.")
        return True

    def _send(self, do: str) -> str:
        """Ask it of the run; what stands in the way is said in the frame."""
        try:
            client.send(self.run, do)
        except FastaiTuiError as error:
            return str(error)
        return "Stopping: the run writes a checkpoint." if do == "stop" else ""


def over(shot: Snapshot, process: "Popen[bytes] | None") -> bool:
    """Is there nothing more to come? `process` is the run's, where it is our child: it may die before it begins."""
    return shot.ended or (shot.phase == "new" and process is not None and process.poll() is not None)
