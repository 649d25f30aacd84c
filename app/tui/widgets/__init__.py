"""The parts of the chapter screen around its pane."""
