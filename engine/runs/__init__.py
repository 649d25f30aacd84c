"""Runs: a folder each, with one writer (`process`) and any number of readers (`store`, `client`)."""
