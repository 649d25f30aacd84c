"""The keys of the chapter screen, each with what it does: in a word for the key line, in more for the help."""

from textual.binding import Binding, BindingType

CHAPTER_KEYS: list[BindingType] = [
    Binding("enter", "enter", "what the line above says", show=False),
    Binding("h", "hint", "hint"),
    Binding("n", "step(1)", "next", tooltip="next step"),
    Binding("b", "step(-1)", "back", tooltip="step before"),
    Binding("pagedown", "page(1)", "read on", show=False),
    Binding("pageup", "page(-1)", "read back", show=False),
    Binding("tab", "knob(1)", "knob", tooltip="next knob"),
    Binding("shift+tab", "knob(-1)", "knob before", show=False),
    Binding("plus", "turn(1)", "turn", tooltip="turn the knob up"),
    Binding("minus", "turn(-1)", "turn", tooltip="turn the knob down"),
    Binding("equals_sign", "turn(1)", "turn the knob up", show=False),
    Binding("underscore", "turn(-1)", "turn the knob down", show=False),
    Binding("c", "look('code')", "code", tooltip="the code that runs here"),
    Binding("x", "look('command')", "command", tooltip="the same on the command line"),
    Binding("w", "widen", "widen", tooltip="text and pane, or the pane alone"),
    Binding("s", "look('words')", "in words", tooltip="the picture in words"),
    Binding("g", "term", "terms", tooltip="the terms of this page"),
    Binding("escape", "back", "contents", tooltip="back to the text, to the contents"),
]
# What the key line always has room for; `enter` is told by the line that asks
ESSENTIAL = ("hint", "step(1)", "turn(1)", "turn(-1)", "knob(1)")
