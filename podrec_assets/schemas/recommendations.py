"""Recommendations group: tables of blend weights, quality and experiments; fields of an item."""

import pyarrow as pa

from podrec_assets.schemas.table import DAY, Table, column

FUSION_WEIGHTS = Table(
    "fusion_weights",
    "one history-length bucket's share of ALS in the blend",
    ("bucket",),
    pa.schema(
        [
            DAY,
            column("bucket", pa.string(), "History length: 0, 1-4, 5-19 or 20+ episodes."),
            column("min_history", pa.int32(), "Fewest heard episodes of a listener in the bucket."),
            column("alpha", pa.float64(), "Share of ALS, 0 to 1."),
            column(
                "source",
                pa.string(),
                "default, or the evidence: clicks or plays, and how many.",
            ),
            column(
                "gain",
                pa.float64(),
                "nDCG gained by the best alpha over the alpha it started from; "
                "null without evidence.",
            ),
            column(
                "gain_low",
                pa.float64(),
                "Lower end of the gain's paired 95 % bootstrap interval; alpha moves if above 0.",
            ),
            column("gain_high", pa.float64(), "Upper end of the gain's interval."),
            column("user_count", pa.int64(), "Listeners in the bucket."),
            column(
                "curve",
                pa.string(),
                "JSON list of {alpha, ndcg, low, high}, one per alpha; null without evidence.",
            ),
        ]
    ),
)

LIST_ITEM: dict[str, type] = {
    "rank": int,
    "episode_id": str,
    "show_id": str,
    "show_title": str,
    "title": str,
    "score": float,
    "sources": list,
    "causes": dict,
    "reason": str,
}
"""Fields of every item in final_recommendations that the app reads, besides the arms' scores; items
may have more.
"""

RECOMMENDATION_QUALITY = Table(
    "recommendation_quality",
    "one metric of one ranker, on the listening of the day after the list's inputs",
    ("ranker", "metric"),
    pa.schema(
        [
            DAY,
            column(
                "ranker", pa.string(), "blend (the published lists), als, popularity or random."
            ),
            column(
                "metric",
                pa.string(),
                "ndcg@10, recall@10, mrr@10, novelty, diversity, coverage, show_gini or "
                "click_through.",
            ),
            column("value", pa.float64(), "Value, 0 to 1."),
            column("low", pa.float64(), "Lower end of the 95 % bootstrap interval."),
            column("high", pa.float64(), "Upper end of the 95 % bootstrap interval."),
            column("user_count", pa.int64(), "Listeners behind the value."),
        ]
    ),
)

BLEND_EXPERIMENT = Table(
    "blend_experiment",
    "one challenger of the served blend, judged by the interleaved lists of the day",
    ("challenger_alpha",),
    pa.schema(
        [
            DAY,
            column(
                "challenger_alpha",
                pa.float64(),
                "Share of ALS in the challenger (b); the served blend (a) has the calibrated one.",
            ),
            column(
                "a_win_count",
                pa.int64(),
                "Listeners who responded to more items of the served blend.",
            ),
            column(
                "b_win_count",
                pa.int64(),
                "Listeners who responded to more items of the challenger.",
            ),
            column("tie_count", pa.int64(), "Listeners who responded to as many items of both."),
            column(
                "a_credit_count",
                pa.int64(),
                "Items of the served blend that were clicked, played, liked or shared.",
            ),
            column(
                "b_credit_count",
                pa.int64(),
                "Items of the challenger that were clicked, played, liked or shared.",
            ),
            column(
                "preference",
                pa.float64(),
                "b_win_count / (a_win_count + b_win_count); null without wins.",
            ),
            column("low", pa.float64(), "Lower end of its exact 95 % interval."),
            column("high", pa.float64(), "Upper end of its exact 95 % interval."),
            column("p_value", pa.float64(), "Two-sided sign test of no preference."),
        ]
    ),
)

ALS_TUNING = Table(
    "als_tuning",
    "one trial of ALS settings, measured on episodes first played in the last days",
    ("trial",),
    pa.schema(
        [
            DAY,
            column(
                "trial",
                pa.int32(),
                "0 is popularity, 1 the current settings, then the other trials in order.",
            ),
            column("ranker", pa.string(), "als or popularity."),
            column(
                "als_rank",
                pa.int32(),
                "Maximum number of latent factors; null for popularity, like the other settings.",
            ),
            column("als_regularization", pa.float64(), "Regularisation."),
            column("als_alpha", pa.float64(), "Confidence added by a mean damped score."),
            column("half_life_days", pa.float64(), "Age in days at which a score counts half."),
            column("ndcg", pa.float64(), "Mean nDCG@10 over listeners, 0 to 1."),
            column("ndcg_low", pa.float64(), "Lower end of its 95 % bootstrap interval."),
            column("ndcg_high", pa.float64(), "Upper end of its 95 % bootstrap interval."),
            column("recall", pa.float64(), "Mean recall@10 over listeners, 0 to 1."),
            column(
                "user_count", pa.int64(), "Listeners who played something new in the held-out days."
            ),
            column(
                "seconds",
                pa.float64(),
                "Seconds of fitting and ranking; the only column that differs between equal runs.",
            ),
            column("is_current", pa.bool_(), "The current settings."),
            column(
                "is_chosen",
                pa.bool_(),
                "The settings to adopt: the current ones, unless others are better beyond noise.",
            ),
        ]
    ),
)
