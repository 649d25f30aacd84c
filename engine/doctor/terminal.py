"""The terminal: its size, its colours, a multiplexer in between, and the locale."""

import re
from collections.abc import Iterator
from functools import partial

from fastai_tui.engine.doctor.machine import Finding, Machine

SMALLEST = (40, 12)  # columns and lines that every screen still fits in
_finding = partial(Finding, group="terminal")
_DEPTHS = {"truecolor": "true colours", "256": "256 colours", "16": "16 colours", "none": "no colours"}


def findings(machine: Machine) -> Iterator[Finding]:
    """The terminal's findings."""
    yield _size(machine)
    yield _colours(machine)
    yield _multiplexer(machine)
    yield _locale(machine)


def _size(machine: Machine) -> Finding:
    screen, term = machine.screen, machine.environment.get("TERM", "")
    if not screen.tty:
        seen = "standard output is no terminal: plain lines are printed, without colours or bars"
        return _finding(name="terminal", status="note", seen=seen)
    seen = f"{screen.columns}×{screen.lines}, TERM is {term or 'not set'}"
    if term in ("", "dumb", "unknown"):
        return _finding(
            name="terminal", status="note", seen=seen, advice="Set TERM, as in `export TERM=xterm-256color`."
        )
    if (screen.columns, screen.lines) < SMALLEST or screen.lines < SMALLEST[1]:
        advice = f"Make the window at least {SMALLEST[0]}×{SMALLEST[1]}."
        return _finding(name="terminal", status="note", seen=seen, advice=advice)
    return _finding(name="terminal", status="ok", seen=seen)


def _colours(machine: Machine) -> Finding:
    environment = machine.environment
    if environment.get("NO_COLOR"):
        return _finding(name="colours", status="ok", seen="none, as NO_COLOR asks for")
    colorterm = environment.get("COLORTERM", "")
    seen = f"{_DEPTHS[machine.screen.depth]}; COLORTERM is {colorterm or 'not set'}"
    if machine.screen.depth == "truecolor" or not machine.screen.tty:
        return _finding(name="colours", status="ok", seen=seen)
    advice = (
        "If your terminal has true colours (most have), put `export COLORTERM=truecolor` into your shell's profile."
    )
    if "SSH_CONNECTION" in environment and not colorterm:
        advice += " SSH does not pass it on by itself."
    return _finding(name="colours", status="note", seen=seen, advice=advice)


def _multiplexer(machine: Machine) -> Finding:
    if "TMUX" in machine.environment:
        return _tmux(machine)
    if "STY" in machine.environment:
        return _screen(machine)
    seen = "neither tmux nor screen"
    if "SSH_CONNECTION" in machine.environment:
        seen += "; a dropped link closes what you look at, never a run: `fastai-tui watch last` shows it again"
    return _finding(name="multiplexer", status="ok", seen=seen)


def _tmux(machine: Machine) -> Finding:
    version = _version(machine, ["tmux", "-V"])
    features = machine.run(["tmux", "display-message", "-p", "#{client_termfeatures}"])
    passes = features is not None and "RGB" in features.text.split(",")
    seen = f"tmux {'.'.join(map(str, version)) or 'of unknown version'}"
    if passes:
        return _finding(name="multiplexer", status="ok", seen=f"{seen}, true colours pass through")
    if version >= (3, 2):
        line = 'set -as terminal-features ",*:RGB"'
    else:
        line = 'set -ga terminal-overrides ",*:Tc"'
    advice = f"If your terminal has true colours, put `{line}` into ~/.tmux.conf, then detach and attach again."
    return _finding(
        name="multiplexer", status="note", seen=f"{seen}, true colours are cut down to 256 on the way", advice=advice
    )


def _screen(machine: Machine) -> Finding:
    version = _version(machine, ["screen", "--version"])
    seen = f"GNU screen {'.'.join(map(str, version)) or 'of unknown version'}, true colours are not used in it"
    advice = "tmux passes true colours on; screen, at best from version 5 on, with `truecolor on` in ~/.screenrc."
    return _finding(name="multiplexer", status="note", seen=seen, advice=advice)


def _version(machine: Machine, command: list[str]) -> tuple[int, ...]:
    output = machine.run(command)
    found = re.search(r"(\d+)\.(\d+)", output.text if output else "")
    return (int(found[1]), int(found[2])) if found else ()


def _locale(machine: Machine) -> Finding:
    environment = machine.environment
    chosen = next(
        (f"{name}={environment[name]}" for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), ""
    )
    seen = f"{machine.screen.encoding.upper()}, {chosen or 'no locale set'}"
    if machine.screen.encoding.lower().replace("-", "").startswith("utf"):
        return _finding(name="locale", status="ok", seen=seen)
    advice = "Blocks and lines need UTF-8: `export LANG=C.UTF-8` (`locale -a` lists what there is)."
    return _finding(name="locale", status="note", seen=seen, advice=advice)
