"""The typer program: one module per group of commands; `main` puts them together."""
