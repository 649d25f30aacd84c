"""The project's own measurements: whole processes side by side, reported as ratios. Free of torch, as app/ is."""
