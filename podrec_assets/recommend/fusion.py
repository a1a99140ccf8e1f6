"""Alpha, the share of ALS in the blend, by how much a listener has heard. Pure."""

BUCKETS = (("0", 0), ("1-4", 1), ("5-19", 5), ("20+", 20))
"""Name and fewest heard episodes of each history-length bucket."""


def default_weights(history: dict[str, int], alpha: float) -> list[dict]:
    """Rows of FUSION_WEIGHTS (without day) that give every bucket the same alpha.

    Args:
        history: heard episodes of each listener.
        alpha: share of ALS, 0 to 1.
    """
    sizes = {name: 0 for name, _ in BUCKETS}
    for count in history.values():
        sizes[bucket_of(count)] += 1
    return [
        {"bucket": name, "min_history": low, "alpha": alpha, "source": "default", "user_count": sizes[name]}
        for name, low in BUCKETS
    ]


def bucket_of(count: int) -> str:
    """The bucket of a listener who has heard so many episodes."""
    return next(name for name, low in reversed(BUCKETS) if count >= low)


def alpha_for(count: int, weights: list[dict]) -> float:
    """Alpha of a listener who has heard so many episodes."""
    return next(w["alpha"] for w in sorted(weights, key=lambda w: -w["min_history"]) if count >= w["min_history"])
