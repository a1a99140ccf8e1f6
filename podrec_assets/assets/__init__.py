"""The graph's assets, a file for each group."""

import warnings

from dagster_shared.utils.warnings import BetaWarning

# Single-run backfills are what keeps a range in one JVM; the parameter is beta, and used on purpose.
warnings.filterwarnings("ignore", message=".*`backfill_policy`.*", category=BetaWarning)
