"""All audits in order, and how one is run."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from textwrap import shorten
from typing import NamedTuple

import dagster as dg

from podrec_assets.defs.audit import ledgers, served, tables
from podrec_assets.defs.audit.findings import Fault, Finding
from podrec_assets.pipelines.connections import Connections

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
    daily_counts = partial(ledgers.daily_counts_are_those_of_events, instance=instance)
    days_shown = partial(tables.days_are_there, instance=instance)
    return [
        Audit(
            "topics",
            "each continues where its table's ledger ends, and has the records that landed",
            ledgers.topics_go_on,
        ),
        Audit(
            "offsets of user_events",
            "each landed one is a row, a dead letter or recorded as lost",
            ledgers.offsets_add_up,
        ),
        Audit(
            "offsets of episodes",
            "each row's record is landed and belongs to its day",
            ledgers.announcements_are_of_their_day,
        ),
        Audit(
            "daily scores",
            "each day counts the distinct events that it was computed from",
            daily_counts,
        ),
        Audit("files of the lake", "each exists and is complete", tables.files_are_whole),
        Audit("columns", "no table has one that podrec dropped or retyped", tables.columns_fit),
        Audit("keys", "none is repeated or null", tables.keys_are_unique),
        Audit("embedding version", "all vectors have one", tables.vectors_are_of_one_version),
        Audit(
            "days shown by Dagster",
            "each materialized one is in its table or collection",
            days_shown,
        ),
        Audit(
            "publication",
            "it names complete versions that belong together",
            served.pointer_holds,
        ),
        Audit(
            "documents",
            "each kept version has as many as were written",
            served.documents_are_all_there,
        ),
        Audit(
            "inputs of kept lists",
            "each Delta version that a manifest names can be read",
            served.manifests_can_be_followed,
        ),
    ]


def examine(connections: Connections, audit: Audit) -> list[Finding]:
    """Runs one audit: a finding for each fault, or one good finding if there is none.

    Reads whole tables and writes nothing.
    """
    faults: list[Fault] = []
    try:
        faults.extend(islice(audit.find_faults(connections), MAX_FAULTS + 1))
    except Exception as err:  # damaged files have no error type, and the other faults still count
        words = shorten(str(err) or type(err).__name__, MAX_ERROR_CHARACTERS).rstrip(".")
        faults.append(Fault(f"cannot be verified: {words}", RUN_AGAIN))
    if len(faults) > MAX_FAULTS:
        faults[MAX_FAULTS:] = [Fault(f"more than {MAX_FAULTS} faults", RUN_AGAIN)]
    return [Finding(audit.what, False, f.detail, f.remedy) for f in faults] or [
        Finding(audit.what, True, audit.holds, "")
    ]
