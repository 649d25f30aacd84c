"""Panes of one convolution, computed before the eyes: pixels, windows, maps, kernels, its geometry and its matrix."""
