"""Pure functions that compute and evaluate recommendations."""
