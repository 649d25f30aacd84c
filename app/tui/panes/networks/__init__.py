"""Panes that look inside networks: layers, what these have learnt, what passes through them, what they get wrong."""
