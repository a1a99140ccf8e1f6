"""What `podrec doctor --deep` verifies: that the stores agree with each other and with what Dagster
shows.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from textwrap import shorten
from typing import NamedTuple

import dagster as dg

from podrec_assets.defs.audit import ledgers, served, tables
from podrec_assets.defs.audit.findings import Fault, Finding
from podrec_assets.pipelines.connections import Connections

SHOWN = 20
"""Most faults that one audit tells."""
WORDS = 200
"""Characters of an error's text that are told."""
ONCE_MORE = "mend that and run `podrec doctor --deep` again"


class Audit(NamedTuple):
    """One thing that is verified: its name, what holds where nothing is found, and the look at it."""

    what: str
    holds: str
    look: Callable[[Connections], Iterator[Fault]]


def audits(instance: dg.DagsterInstance) -> list[Audit]:
    """All that is verified, in order; the instance says what Dagster shows."""
    daily, days = (
        partial(look, instance=instance)
        for look in (ledgers.daily_counts_are_those_of_events, tables.days_are_there)
    )
    return [
        Audit(
            "topics",
            "each goes on where its table's ledger ends, with the records that landed",
            ledgers.topics_go_on,
        ),
        Audit(
            "offsets of user_events",
            "each landed one is a row, a dead letter or lost on record",
            ledgers.offsets_add_up,
        ),
        Audit(
            "offsets of episodes",
            "each row's record is landed and of its day",
            ledgers.announcements_are_of_their_day,
        ),
        Audit(
            "daily scores", "each day counts the distinct events that it was computed from", daily
        ),
        Audit("files of the lake", "each is there and whole", tables.files_are_whole),
        Audit("columns", "no table has one that podrec dropped or retyped", tables.columns_fit),
        Audit("keys", "none is repeated or null", tables.keys_are_unique),
        Audit("embedding version", "all vectors bear the same", tables.vectors_are_of_one_version),
        Audit("days shown by Dagster", "each materialized one is in its table or collection", days),
        Audit(
            "publication", "it names complete versions that belong together", served.pointer_holds
        ),
        Audit(
            "documents",
            "each kept version holds as many as it was written with",
            served.documents_are_all_there,
        ),
        Audit(
            "inputs of kept lists",
            "each Delta version that a manifest names can be read",
            served.manifests_can_be_followed,
        ),
    ]


def examine(connections: Connections, audit: Audit) -> list[Finding]:
    """One finding for each fault of one audit, or the one that there is none. Reads whole tables;
    writes nothing.
    """
    faults: list[Fault] = []
    try:
        faults.extend(islice(audit.look(connections), SHOWN + 1))
    except (
        Exception
    ) as err:  # a damaged file has no error type; what else is wrong must be told all the same
        words = shorten(str(err) or type(err).__name__, WORDS).rstrip(".")
        faults.append(Fault(f"cannot be verified: {words}", ONCE_MORE))
    if len(faults) > SHOWN:
        faults[SHOWN:] = [Fault(f"more than {SHOWN} faults", ONCE_MORE)]
    return [Finding(audit.what, False, f.detail, f.remedy) for f in faults] or [
        Finding(audit.what, True, audit.holds, "")
    ]
