"""Connections find a service again that came back on another port."""

import pytest

from podrec_assets.pipelines.connections import Connections
from podrec_assets.services import process
from podrec_assets.settings import Settings


@pytest.mark.parametrize(("service", "addressed"), [("kafka", "bootstrap"), ("mongo", "uri")])
def test_a_service_that_was_started_anew_is_found_at_its_new_address(
    settings: Settings, service: str, addressed: str
) -> None:
    connections, state = Connections(settings, {}), settings.home / "services" / f"{service}.json"
    running = process.start(["sleep", "60"], settings.home / "log", state, {service: 4001})
    try:
        first = getattr(connections, service)
        assert getattr(connections, service) is first
        process.write_state(state, process.Running(running.pid, running.began, {service: 4002}))
        assert [
            getattr(store, addressed).rpartition(":")[2]
            for store in (first, getattr(connections, service))
        ] == [
            "4001",
            "4002",
        ]
    finally:
        process.stop(running)
