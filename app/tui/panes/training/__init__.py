"""Panes of runs: what is planned for them, how they go, and what their optimisers do."""
