"""Content group: which episodes may no longer be listed. Materializing the asset checks audio."""

from collections import Counter

import dagster as dg

from podrec_assets.defs.assets.decorators import table_asset
from podrec_assets.defs.automation import AUDIO_CHECK
from podrec_assets.defs.io_managers.delta import written
from podrec_assets.defs.partitions import run_days
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.audio_check import check_audio
from podrec_assets.pipelines.content.withdrawals_table import WithdrawalRecords
from podrec_assets.schemas import SOURCES, WITHDRAWALS


@table_asset(
    WITHDRAWALS,
    group_name="content",
    kinds={"deltalake"},
    automation_condition=AUDIO_CHECK,
    deps=[SOURCES.name],
)
def withdrawals(
    context: dg.AssetExecutionContext, connections: dg.ResourceParam[Connections]
) -> dg.MaterializeResult:
    """One row is one record about whether an episode or a show may be listed.

    `podrec withdraw` and the polls of feeds add records. Materializing today asks for the audio of
    recommended episodes, at most `audio_checks_per_day` of them. The last record of a person, and
    misses of the feed or the audio in a row, decide: see ADR 0019.

    - Write: adds records to today; records are never removed.
    - Late data: a past day gets no more records. If it was not written, it is written empty.
    - Fails when the lake cannot be written; never because audio cannot be fetched.
    """
    days, now = run_days(context), connections.now()
    checked: Counter[str] = Counter()
    if now.date() in days:
        checked = check_audio(connections, now)
    WithdrawalRecords(connections.lake).fill_days(days)
    _, metadata = written(context, connections.lake, WITHDRAWALS, days)
    current = WithdrawalRecords(connections.lake).state().current
    return dg.MaterializeResult(
        metadata=metadata
        | {
            "checked_audio_count": checked.total(),
            "gone_audio_count": checked["gone"],
            "withdrawn_by": dict(Counter(w.source for w in current)),
        }
    )
