"""Alpha, the share of ALS in the blend, by how much a listener has heard. Pure."""

BUCKETS = (("0", 0), ("1-4", 1), ("5-19", 5), ("20+", 20))
"""Name and fewest heard episodes of each history-length bucket."""


def bucket_of(count: int) -> str:
    """The bucket of a listener who has heard so many episodes."""
    return next(name for name, low in reversed(BUCKETS) if count >= low)


def alpha_for(count: int, weights: list[dict]) -> float:
    """Alpha of a listener who has heard so many episodes."""
    return next(
        w["alpha"]
        for w in sorted(weights, key=lambda w: -w["min_history"])
        if count >= w["min_history"]
    )
