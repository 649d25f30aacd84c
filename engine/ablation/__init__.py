"""Ablation studies: a grid of ordinary runs over settings and seeds, and what may be concluded from it. No torch."""
