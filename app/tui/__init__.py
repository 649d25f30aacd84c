"""The Textual app: screens, widgets, and the panes of the lessons."""
