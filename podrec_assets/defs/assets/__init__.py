"""The graph's assets, a file for each group."""
