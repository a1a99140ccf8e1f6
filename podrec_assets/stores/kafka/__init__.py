"""Kafka by confluent-kafka, which only this package imports.

Reads are bounded and assign offsets themselves: no consumer groups and no commits, so the tables
alone record what was read.
"""

from podrec_assets.stores.kafka.consuming import Record
from podrec_assets.stores.kafka.kafka_store import KafkaStore
from podrec_assets.stores.kafka.producing import Message

__all__ = ["KafkaStore", "Message", "Record"]
