"""Looking inside networks: summaries, activation statistics."""
