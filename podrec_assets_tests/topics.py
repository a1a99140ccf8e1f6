"""Names of topics, of which the tests of one process share a broker."""

import re

import pytest


def topic_of(request: pytest.FixtureRequest) -> str:
    """Returns a topic of the test alone: tests in several files may have the same name."""
    return re.sub(r"\W+", "-", request.node.nodeid)[-200:]
