"""`make pictures`: plays the app and keeps what its terminal shows, for the README. Everything shown is the app's own.

assets/pictures/first-minute.cast is a recording in asciinema's format (version 2), first-minute.svg the same as a film
that browsers play, the others stand still.
"""

import json
import os
import tempfile
import time
from pathlib import Path

from fastai_tui.lessons import loader, progress
from tests.conftest import ROOT
from tests.player import Player
from tests.tools.svg import Film, rows_of

PLACE = ROOT / "assets" / "pictures"
SIZE, STILL = (80, 24), (100, 30)
# Keys and the seconds that one may look at what they do
FIRST_MINUTE = """
enter:4 enter:3 right:.3 right:.3 right:.3 down:.3 down:.3 down:.3 down:.8 d:1.5 d:1.5 D:.4 D:1
n:4 enter:2.5 7:.4 6:.3 2:.8 enter:3.5 escape:.6 down:.25 down:.25 down:.25 down:.5 right:.25 right:.25
right:.25 right:.25 right:.25 right:1.5 down:.5 down:.5 down:.5 right:.15 right:.15 right:.15 right:.15
right:.15 right:.15 right:.15 right:.15 right:.15 right:.15 right:2 n:3 space:.4 space:.4 space:.4 a:3.5 f:2
home:.6 down:.3 down:.3 down:.3 right:.3 right:1.5 n:3 right:1 right:1 v:1.5 right:1.5 right:1.5 escape:.5 escape:3
"""
# Chapter, step, keys (`7*down` is seven times), and what is on the screen then
STILLS = {
    "window": ("convolution", "window", "7*down 9*right", "at (8,10)"),
    "map": ("convolution", "map", "f home 6*down 8*right", "sum -762"),
    "kernels": ("convolution", "edges", "3*right", "right_edge"),
    "receptive-field": ("convolution", "sees", "2*] home down right", "layer 3"),
    "training": ("first-cnn", "training", "space", "accuracy 0.9"),
    "learned": ("first-cnn", "maps", "right", "kernel 2"),
    "colours": ("stability", "colours", "space", "finished"),
    "finder": ("learning-rate", "finder", "space", "done"),
    "gates": ("char-lm", "gates", "8*right", "forget gate"),
}


def record() -> None:
    """The first minute of a learner who knows the keys."""
    film, start = Film(), 0.0
    with Player(size=SIZE) as player:
        player.wait_for("Contents")
        player.settle()
        for step in FIRST_MINUTE.split():
            key, _, seconds = step.rpartition(":")
            end = time.monotonic() + float(seconds)
            player.press(key)
            start = time.monotonic()
            while time.monotonic() < end:
                time.sleep(min(0.12, float(seconds)))
                with player._news:
                    film.add(time.monotonic() - start, rows_of(player.terminal))
                start = time.monotonic()
        recording = list(player.recording)
    (PLACE / "first-minute.svg").write_text(film.svg("The first minute in fastai-tui"))
    head = {"version": 2, "width": SIZE[0], "height": SIZE[1], "title": "fastai-tui: the first minute"}
    head["env"] = {"TERM": "xterm-256color"}
    lines = [
        json.dumps(head),
        *(json.dumps([round(at, 3), "o", data.decode("utf-8", "replace")]) for at, data in recording),
    ]
    (PLACE / "first-minute.cast").write_text("\n".join(lines) + "\n")


def still(name: str, chapter: str, step: str, keys: str, sight: str) -> None:
    """One screen, once it shows what it is about."""
    chapters = {one.slug: one for one in loader.chapters()}
    asked = chapters[chapter].step(step)
    assert asked is not None
    answers = {question.id: 0.97 if question.answer is None else question.answer for question in asked.questions}
    progress.update(lambda kept: kept.put(chapter, step, answers=answers))
    with Player("--chapter", chapter, "--step", step, size=STILL) as player:
        player.settle(0.6)
        for key in keys.split():
            times, _, one = key.rpartition("*")
            for _ in range(int(times or 1)):
                player.press(one)
                player.settle(0.15)
        player.wait_for(sight, within=120)
        player.settle(1.0)
        film = Film()
        film.add(1.0, rows_of(player.terminal))
    (PLACE / f"{name}.svg").write_text(film.svg(f"fastai-tui: {name}"))


def main() -> None:
    PLACE.mkdir(exist_ok=True)
    os.environ["FASTAI_TUI_HOME"] = tempfile.mkdtemp(prefix="fastai-tui-film-")
    record()
    os.environ["FASTAI_TUI_HOME"] = tempfile.mkdtemp(prefix="fastai-tui-stills-")
    for name, (chapter, step, keys, sight) in STILLS.items():
        still(name, chapter, step, keys, sight)
    for path in sorted(PLACE.iterdir()):
        print(f"{path.relative_to(Path.cwd())}  {path.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
