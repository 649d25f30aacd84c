"""What is shipped inside the package: samples of data, weights, and where each comes from (PROVENANCE.md)."""
