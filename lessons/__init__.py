"""The course: chapters as markdown data, and the experiments they name."""
