"""SQL conditions that every row of a table must satisfy, checked before other assets read it.

They cover what podrec computes. What publishers and players send is validated where it lands, and
becomes a dead letter.
"""

import dagster as dg

from podrec_assets.content.withdrawals import ACTIONS
from podrec_assets.content.withdrawals import SOURCES as SOURCES_OF_RECORDS
from podrec_assets.defs.checks.run_days import run_filter
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import (
    BLEND_EXPERIMENT,
    DEAD_LETTERS,
    EPISODES,
    EVENT_KINDS,
    FUSION_WEIGHTS,
    RECOMMENDATION_QUALITY,
    SOURCES,
    TABLES,
    TRANSCRIPTS,
    USER_EVENTS,
    USER_VS_EPISODE_DAILY,
    VECTORS,
    WITHDRAWALS,
)

RULES = {
    SOURCES.name: [
        "status IN ('active', 'failing', 'dead')",
        "failure_count >= 0",
        "(failure_count = 0) = (last_error IS NULL)",
        "added_at IS NOT NULL AND next_poll_at IS NOT NULL",
    ],
    WITHDRAWALS.name: [
        f"source IN {SOURCES_OF_RECORDS}",
        f"action IN {ACTIONS}",
        "reason IS NOT NULL",
    ],
    EPISODES.name: [
        "kafka_offset >= 0",
        "title IS NOT NULL",
        "show_id IS NOT NULL",
        "content_hash IS NOT NULL",
    ],
    TRANSCRIPTS.name: [
        "status IN ('ok', 'quarantined', 'failed', 'no_audio', 'no_model', 'over_budget')",
        "status <> 'ok' OR text IS NOT NULL",
        "status = 'ok' OR reason IS NOT NULL",
    ],
    VECTORS.name: [
        "chunk >= 0",
        "token_count > 0",
        "vector IS NOT NULL",
        "embedding_version IS NOT NULL",
        "start_s IS NULL OR end_s IS NULL OR start_s <= end_s",
    ],
    USER_EVENTS.name: [
        f"kind IN {tuple(EVENT_KINDS)}",
        "completed_share IS NULL OR completed_share BETWEEN 0 AND 1",
        "event_id IS NOT NULL AND user_id IS NOT NULL AND episode_id IS NOT NULL",
        "event_day = CAST(occurred_at AS DATE)",
    ],
    USER_VS_EPISODE_DAILY.name: [
        "score IS NOT NULL AND score > -1000000 AND score < 1000000",
        # A row written before a kind existed has no count of it.
        " AND ".join(f"coalesce({k.count_column}, 0) >= 0" for k in EVENT_KINDS.values()),
        "max_completed_share IS NULL OR max_completed_share BETWEEN 0 AND 1",
    ],
    FUSION_WEIGHTS.name: ["alpha BETWEEN 0 AND 1", "user_count >= 0"],
    RECOMMENDATION_QUALITY.name: ["value BETWEEN 0 AND 1", "low <= value AND value <= high"],
    BLEND_EXPERIMENT.name: [
        "challenger_alpha BETWEEN 0 AND 1",
        "a_win_count >= 0 AND b_win_count >= 0 AND tie_count >= 0",
        "(preference IS NULL) = (a_win_count + b_win_count = 0)",
        "preference IS NULL OR (low <= preference AND preference <= high)",
    ],
    DEAD_LETTERS.name: ["stage IS NOT NULL", "reason IS NOT NULL"],
}
"""By table. A rule that evaluates to null counts as broken, so it must allow null explicitly."""
SHOWN = 5


def build_rules_check(name: str, rules: list[str]) -> dg.AssetChecksDefinition:
    """A blocking check that every row of the run's days satisfies all rules of the table."""
    key = ("day", *TABLES[name].key)

    @dg.asset_check(
        asset=name,
        name="values_are_sound",
        blocking=True,
        description="Every row of the run's days satisfies:\n\n"
        + "\n".join(f"- `{rule}`" for rule in rules),
    )
    def values_are_sound(
        context: dg.AssetCheckExecutionContext, connections: dg.ResourceParam[Connections]
    ) -> dg.AssetCheckResult:
        where = run_filter(context, connections.lake, name)
        faults: dict[str, int] = {}
        examples: dict[str, list] = {}
        for rule in rules:
            is_broken = f"{where} AND NOT coalesce(({rule}), false)"
            broken = connections.lake.read(name, is_broken, key)
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


CHECKS = [build_rules_check(name, rules) for name, rules in RULES.items()]
