"""The training engine: what describes a run (free of torch) and what computes it."""
