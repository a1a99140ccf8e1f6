"""Kafka by way of confluent-kafka, which no other room imports.

Reads are bounded and assign offsets themselves: no consumer group, no commits, so what was read is
remembered by tables alone.
"""

from podrec_assets.stores.kafka.producing import Message, Producing
from podrec_assets.stores.kafka.reading import Reading, Record

__all__ = ["KafkaStore", "Message", "Record"]


class KafkaStore(Reading, Producing):
    """One Kafka cluster: its topics and offsets, bounded reads, and what is produced."""
