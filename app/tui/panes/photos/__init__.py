"""Panes of photos and pretrained networks: features, the recipe, and where a network looks."""
