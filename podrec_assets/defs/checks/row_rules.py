"""What every row of a table must satisfy, as SQL conditions: one that does not would spread into
what reads the table.

Only what podrec itself computes is here. What publishers and players send is judged where it lands,
as dead letters.
"""

import dagster as dg

from podrec_assets.defs.checks.run_days import days_of_run
from podrec_assets.listening.event_message import KINDS
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import TABLES

RULES = {
    "sources": [
        "status IN ('active', 'failing', 'dead')",
        "failure_count >= 0",
        "(failure_count = 0) = (last_error IS NULL)",
        "added_at IS NOT NULL AND next_poll_at IS NOT NULL",
    ],
    "episodes": [
        "kafka_offset >= 0",
        "title IS NOT NULL",
        "show_id IS NOT NULL",
        "content_hash IS NOT NULL",
    ],
    "transcripts": [
        "status IN ('ok', 'quarantined', 'failed', 'no_audio', 'no_model', 'over_budget')",
        "status <> 'ok' OR text IS NOT NULL",
        "status = 'ok' OR reason IS NOT NULL",
    ],
    "vectors": [
        "chunk >= 0",
        "token_count > 0",
        "vector IS NOT NULL",
        "embedding_version IS NOT NULL",
        "start_s IS NULL OR end_s IS NULL OR start_s <= end_s",
    ],
    "user_events": [
        f"kind IN {KINDS}",
        "completed_share IS NULL OR completed_share BETWEEN 0 AND 1",
        "event_id IS NOT NULL AND user_id IS NOT NULL AND episode_id IS NOT NULL",
        "event_day = CAST(occurred_at AS DATE)",
    ],
    "user_vs_episode_daily": [
        "score IS NOT NULL AND score > -1000000 AND score < 1000000",
        "play_count >= 0 AND like_count >= 0 AND skip_count >= 0 AND click_count >= 0 AND impression_count >= 0",
        "max_completed_share IS NULL OR max_completed_share BETWEEN 0 AND 1",
    ],
    "fusion_weights": ["alpha BETWEEN 0 AND 1", "user_count >= 0"],
    "recommendation_quality": ["value BETWEEN 0 AND 1", "low <= value AND value <= high"],
    "blend_experiment": [
        "challenger_alpha BETWEEN 0 AND 1",
        "a_win_count >= 0 AND b_win_count >= 0 AND tie_count >= 0",
        "(preference IS NULL) = (a_win_count + b_win_count = 0)",
        "preference IS NULL OR (low <= preference AND preference <= high)",
    ],
    "dead_letters": ["stage IS NOT NULL", "reason IS NOT NULL"],
}
"""By table; a rule names null where null is allowed, for a rule that is null counts as broken."""
SHOWN = 5


def build_rules_check(name: str, rules: list[str]) -> dg.AssetChecksDefinition:
    """A blocking check that every row of the run's days satisfies all rules of the table."""
    key = ("day", *TABLES[name].key)

    @dg.asset_check(
        asset=name,
        name="values_are_sound",
        blocking=True,
        description="On the days of the run every row satisfies:\n\n"
        + "\n".join(f"- `{rule}`" for rule in rules),
    )
    def values_are_sound(
        context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
    ) -> dg.AssetCheckResult:
        first, last = days_of_run(context, connections.lake.state(name).latest_day)
        faults: dict[str, int] = {}
        examples: dict[str, list] = {}
        for rule in rules:
            where = f"day >= '{first}' AND day <= '{last}' AND NOT coalesce(({rule}), false)"
            broken = connections.lake.read(name, where, key)
            if len(broken):
                faults[rule] = len(broken)
                examples[rule] = [
                    " / ".join(map(str, row.values())) for row in broken.slice(0, SHOWN).to_pylist()
                ]
        return dg.AssetCheckResult(
            passed=not faults,
            metadata={
                "broken_row_count": sum(faults.values()),
                "broken_rules": faults,
                "examples": examples,
            },
        )

    return values_are_sound


RULES_CHECKS = [build_rules_check(name, rules) for name, rules in RULES.items()]
