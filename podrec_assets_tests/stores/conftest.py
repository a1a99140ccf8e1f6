"""A database of its own on the session's Mongo server."""

import uuid
from collections.abc import Iterator

import pytest

from podrec_assets.stores.mongo import MongoStore


@pytest.fixture
def store(mongo_uri: str) -> Iterator[MongoStore]:
    store = MongoStore(mongo_uri, f"test_{uuid.uuid4().hex[:12]}")
    yield store
    store.db.client.close()
