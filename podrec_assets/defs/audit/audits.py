"""All audits in order, and how one is run."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from textwrap import shorten
from typing import NamedTuple

import dagster as dg

from podrec_assets.defs.audit import ledgers, served, tables
from podrec_assets.defs.audit.findings import Fault, Finding
from podrec_assets.errors import DamagedTableError, PodrecError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.redaction import redacted_text

MAX_FAULTS = 20
"""Faults of one audit that are reported."""
MAX_ERROR_CHARACTERS = 200
RUN_AGAIN = "fix that and run `podrec doctor --deep` again"


class Audit(NamedTuple):
    """One thing to verify.

    Attributes:
        what: its name.
        holds: what is true if there are no faults.
        find_faults: yields the faults.
    """

    what: str
    holds: str
    find_faults: Callable[[Connections], Iterator[Fault]]


def audits(instance: dg.DagsterInstance) -> list[Audit]:
    """All audits, in order. The instance knows what Dagster shows."""
    landings = partial(ledgers.landing_faults, instance=instance)
    daily_scores = partial(ledgers.daily_score_faults, instance=instance)
    materialized_days = partial(tables.materialized_day_faults, instance=instance)
    return [
        Audit(
            "topics",
            "each continues where its table's ledger ends, and has the records that landed",
            ledgers.topic_faults,
        ),
        Audit("landings", "none has failed since records arrived", landings),
        Audit(
            "offsets of user_events",
            "each landed one is a row, a dead letter or recorded as lost",
            ledgers.event_offset_faults,
        ),
        Audit(
            "offsets of episodes",
            "each row's record is landed and belongs to its day",
            ledgers.episode_offset_faults,
        ),
        Audit(
            "daily scores",
            "each day counts the distinct events that it was computed from",
            daily_scores,
        ),
        Audit("files of the lake", "each exists and is complete", tables.file_faults),
        Audit("columns", "no table has one that podrec dropped or retyped", tables.column_faults),
        Audit("keys", "none is repeated or null", tables.key_faults),
        Audit("embedding version", "all vectors have one", tables.embedding_version_faults),
        Audit(
            "days shown by Dagster",
            "each materialized one is in its table or collection",
            materialized_days,
        ),
        Audit(
            "publication",
            "it names complete versions that belong together",
            served.publication_faults,
        ),
        Audit(
            "documents",
            "each kept version has as many as were written",
            served.document_faults,
        ),
        Audit(
            "inputs of kept lists",
            "each Delta version that a manifest names can be read",
            served.manifest_faults,
        ),
    ]


def examine(connections: Connections, audit: Audit) -> list[Finding]:
    """Runs one audit: a finding for each fault, or one good finding if there is none.

    Reads whole tables and writes nothing.
    """
    faults: list[Fault] = []
    try:
        faults.extend(islice(audit.find_faults(connections), MAX_FAULTS + 1))
    except DamagedTableError as err:
        faults.append(Fault(err.detail, err.remedy))
    except PodrecError as err:
        faults.append(Fault(f"cannot be verified: {str(err).rstrip('.')}", RUN_AGAIN))
    except Exception as err:  # damaged files have no error type, and the other faults still count
        words = shorten(redacted_text(str(err)) or type(err).__name__, MAX_ERROR_CHARACTERS).rstrip(
            "."
        )
        faults.append(Fault(f"cannot be verified: {words}", RUN_AGAIN))
    if len(faults) > MAX_FAULTS:
        faults[MAX_FAULTS:] = [Fault(f"more than {MAX_FAULTS} faults", RUN_AGAIN)]
    return [Finding(audit.what, False, f.detail, f.remedy) for f in faults] or [
        Finding(audit.what, True, audit.holds, "")
    ]
