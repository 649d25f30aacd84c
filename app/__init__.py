"""Front ends: the command line (`cli`), and what it shares with the screens. Nothing here imports torch."""
