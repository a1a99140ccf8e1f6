"""Whether a topic still continues where the ledger ends, and holds what is to be replayed. Pure."""

from podrec_assets.errors import DataLossError
from podrec_assets.ledger.ledger import Ledger, Offsets


def check_continuity(
    topic: str, ledger: Ledger, low: Offsets, ends: Offsets, topic_id: str
) -> None:
    """Checks that the topic continues where the ledger ends.

    Raises:
        DataLossError: the topic was recreated or shortened, or retention removed records.
    """
    if ledger.topic_id and topic_id and ledger.topic_id != topic_id:
        raise DataLossError(
            f"{topic} was recreated since it was last landed: "
            "move its table away, or point to the old topic."
        )
    for partition, landed in sorted(ledger.landed.items()):
        if landed > ends.get(partition, 0):
            raise DataLossError(
                f"{topic} partition {partition} ends at {ends.get(partition, 0)}, "
                f"but {landed} offsets are landed."
            )
        if landed < low[partition]:
            raise DataLossError(
                f"{topic} partition {partition} lost offsets {landed} to {low[partition] - 1} "
                "before they landed; `podrec accept-loss` records them as lost and continues."
            )


def check_available(topic: str, spans: dict[int, tuple[int, int]], low: Offsets) -> None:
    """Checks that the topic still holds the spans.

    Raises:
        DataLossError: retention removed a part of them.
    """
    for partition, (start, _) in sorted(spans.items()):
        if start < low[partition]:
            raise DataLossError(
                f"{topic} partition {partition} no longer holds offsets "
                f"{start} to {low[partition] - 1}."
            )
