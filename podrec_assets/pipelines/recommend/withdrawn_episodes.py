"""Which episodes lists may not have: read when they are made, and again when they are published."""

import pyarrow as pa

from podrec_assets.content.withdrawals import Withdrawals
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.withdrawals_table import WithdrawalRecords
from podrec_assets.schemas import LISTS, WITHDRAWALS


def read_withdrawals(connections: Connections) -> Withdrawals:
    """Returns what is withdrawn, and remembers the table's version for the manifest."""
    version = connections.lake.version(WITHDRAWALS.name)
    if version is not None:
        connections.inputs.tables[WITHDRAWALS.name] = version
    return WithdrawalRecords(connections.lake).state(version)


def withdrawn_of(state: Withdrawals, episodes: pa.Table) -> frozenset[str]:
    """Returns the withdrawn ones of some rows of EPISODES."""
    ids, shows = episodes["episode_id"].to_pylist(), episodes["show_id"].to_pylist()
    return state.among(zip(ids, shows, strict=True))


def withdrawn_items(connections: Connections, version: str) -> list[str]:
    """Returns the episodes of a version of the lists that were withdrawn since it was made."""
    state = WithdrawalRecords(connections.lake).state()
    if not state.current:
        return []
    documents = connections.mongo.documents(LISTS, version)
    items = (item for document in documents for item in document["items"])
    return sorted(state.among((item["episode_id"], item["show_id"]) for item in items))
