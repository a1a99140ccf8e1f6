"""A simulated world of listeners with known tastes, so that the value of a list can be computed."""
