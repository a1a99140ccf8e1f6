"""Alpha, the weight of ALS in the blend, by how many episodes a listener has heard. Pure."""

BUCKETS = (("0", 0), ("1-4", 1), ("5-19", 5), ("20+", 20))
"""Name of each history-length bucket and the fewest heard episodes in it."""


def bucket_of(heard_count: int) -> str:
    """Returns the name of the bucket of a listener with this many heard episodes."""
    return next(name for name, low in reversed(BUCKETS) if heard_count >= low)


def alpha_for(heard_count: int, weights: list[dict]) -> float:
    """Returns alpha for this many heard episodes, from rows of FUSION_WEIGHTS in any order."""
    by_length = sorted(weights, key=lambda row: -row["min_history"])
    return next(row["alpha"] for row in by_length if heard_count >= row["min_history"])
