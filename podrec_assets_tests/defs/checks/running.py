"""Runs single checks on a planted lake, as a run for a range of days would."""

from datetime import date

import dagster as dg

from podrec_assets.defs.partitions import range_tags
from podrec_assets.pipelines.connections import Connections


def run_check(
    connections: Connections, check: dg.AssetChecksDefinition, first: date, last: date | None = None
) -> tuple[bool, dict]:
    """(passed, metadata) of a check on the days first..last."""
    (key,) = check.check_keys
    result = dg.materialize(
        [dg.AssetSpec(key.asset_key), check],
        selection=dg.AssetSelection.all_asset_checks(),
        resources={"connections": connections},
        tags=range_tags(first, last or first),
        raise_on_error=False,
    )
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation.passed, {name: v.value for name, v in evaluation.metadata.items()}


def check_of(checks: list[dg.AssetChecksDefinition], asset: str) -> dg.AssetChecksDefinition:
    """The check of an asset among checks of the same kind."""
    return next(
        c for c in checks if {k.asset_key.to_user_string() for k in c.check_keys} == {asset}
    )
