"""Panes of images: how they are read, varied, pooled and seen several times."""
