"""Tables of the recommendations group: blend weights and measured quality."""

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
            column("min_history", pa.int32(), "Fewest heard episodes in the bucket."),
            column("alpha", pa.float64(), "Share of ALS, 0 to 1."),
            column(
                "source",
                pa.string(),
                "default, or what it was calibrated on: clicks or plays, and how many.",
            ),
            column(
                "gain",
                pa.float64(),
                "nDCG that the best alpha gains over the default; null without evidence.",
            ),
            column(
                "gain_low",
                pa.float64(),
                "Lower end of the gain's paired 95 % bootstrap interval; alpha moves where it is above 0.",
            ),
            column("gain_high", pa.float64(), "Upper end of the gain's interval."),
            column("user_count", pa.int64(), "Listeners in the bucket."),
            column(
                "curve",
                pa.string(),
                "JSON list of {alpha, ndcg, low, high} that the choice rests on; null without evidence.",
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
    "als": float,
    "cosine": float,
    "sources": list,
    "causes": dict,
    "reason": str,
}
"""What every item of a list in final_recommendations has, for the app reads these; it may have
more.
"""

RECOMMENDATION_QUALITY = Table(
    "recommendation_quality",
    "one metric of one ranker on the listening of the day that followed the list's inputs",
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
                "ndcg@10, recall@10, mrr@10, novelty, diversity, coverage, show_gini; of what was shown, click_through.",
            ),
            column("value", pa.float64(), "Value, 0 to 1."),
            column("low", pa.float64(), "Lower end of the 95 % bootstrap interval."),
            column("high", pa.float64(), "Upper end of the 95 % bootstrap interval."),
            column("user_count", pa.int64(), "Listeners that the value rests on."),
        ]
    ),
)

BLEND_EXPERIMENT = Table(
    "blend_experiment",
    "one challenger of the served blend, by the interleaved lists that were shown on the day",
    ("challenger_alpha",),
    pa.schema(
        [
            DAY,
            column(
                "challenger_alpha",
                pa.float64(),
                "Share of ALS in the challenger (b); the served blend (a) is as calibrated.",
            ),
            column(
                "a_win_count", pa.int64(), "Listeners who answered more items of the served blend."
            ),
            column(
                "b_win_count", pa.int64(), "Listeners who answered more items of the challenger."
            ),
            column("tie_count", pa.int64(), "Listeners who answered as many of both, or none."),
            column(
                "a_credit_count",
                pa.int64(),
                "Items of the served blend that were clicked, played or liked.",
            ),
            column(
                "b_credit_count",
                pa.int64(),
                "Items of the challenger that were clicked, played or liked.",
            ),
            column(
                "preference",
                pa.float64(),
                "b_win_count over the wins of both, 0 to 1; null where nobody decided.",
            ),
            column("low", pa.float64(), "Lower end of its exact 95 % interval."),
            column("high", pa.float64(), "Upper end of its exact 95 % interval."),
            column("p_value", pa.float64(), "Two-sided sign test of no preference."),
        ]
    ),
)

ALS_TUNING = Table(
    "als_tuning",
    "one trial of ALS settings on what was newly played in the last days",
    ("trial",),
    pa.schema(
        [
            DAY,
            column(
                "trial",
                pa.int32(),
                "0 is popularity, 1 the settings in force, then the other trials in their order.",
            ),
            column("ranker", pa.string(), "als or popularity."),
            column(
                "als_rank",
                pa.int32(),
                "Most latent factors; null for popularity, as the other settings are.",
            ),
            column("als_regularization", pa.float64(), "Regularisation."),
            column("als_alpha", pa.float64(), "Confidence of a mean damped score above 1."),
            column("half_life_days", pa.float64(), "Age in days at which a listen counts half."),
            column("ndcg", pa.float64(), "Mean nDCG@10 over listeners, 0 to 1."),
            column("ndcg_low", pa.float64(), "Lower end of its 95 % bootstrap interval."),
            column("ndcg_high", pa.float64(), "Upper end of its 95 % bootstrap interval."),
            column("recall", pa.float64(), "Mean recall@10 over listeners, 0 to 1."),
            column(
                "user_count", pa.int64(), "Listeners who played something new in the days held out."
            ),
            column(
                "seconds",
                pa.float64(),
                "Seconds of fitting and ranking; the one column that a repetition changes.",
            ),
            column("is_current", pa.bool_(), "The settings in force."),
            column(
                "is_chosen",
                pa.bool_(),
                "The settings to adopt: another trial's only where it is better outside noise.",
            ),
        ]
    ),
)
