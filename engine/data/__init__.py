"""Data sets: the catalogue, fetching and importing (free of torch), and batches of tensors (`image`, `files`)."""
