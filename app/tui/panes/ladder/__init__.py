"""Panes of one network after another: its code rewritten, its rungs compared, its parts left out."""
