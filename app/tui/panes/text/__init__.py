"""Panes of networks that read and write text, character by character."""
