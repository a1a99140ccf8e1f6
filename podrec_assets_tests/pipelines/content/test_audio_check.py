"""Audio that is gone on several days withdraws an episode; an answer brings it back."""

import uuid
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from pydantic import SecretStr

from podrec_assets.defs.assets.withdrawals import withdrawals as withdrawals_asset
from podrec_assets.defs.io_managers.delta import DeltaIOManager
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.audio_check import check_audio
from podrec_assets.pipelines.content.withdrawals_table import WithdrawalRecords
from podrec_assets.schemas import COLLECTION_KEYS, COLLECTIONS, EPISODES
from podrec_assets.settings import Settings
from podrec_assets.stores.mongo import publishing
from podrec_assets_tests.loopback import Answer, Server, reply

pytestmark = pytest.mark.services
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
DAY = timedelta(days=1)
LISTED = ("gone", "removed", "forbidden", "busy", "there")


@pytest.fixture
def served(settings: Settings, server: Server, mongo_uri: str) -> Connections:
    """Publishes a list of the episodes LISTED, whose audio is on the server."""
    origin, answers = server
    answers |= {
        "/gone": reply(status=404), "/removed": reply(status=410), "/forbidden": reply(status=403),
        "/busy": reply(status=503), "/there": reply(b"sound"),
    }  # fmt: skip
    changed = {
        "mongo_uri": SecretStr(mongo_uri),
        "mongo_database": f"audio_{uuid.uuid4().hex[:8]}",
        "fetch_allow": origin,
        "downloads_gap_s": 0.0,
    }
    connections = Connections(settings.model_copy(update=changed), {})
    day = NOW.date()
    rows = [
        {
            "day": day, "episode_id": name, "show_id": "s", "title": name,
            "audio_url": f"http://{origin}/{name}",
        }
        for name in (*LISTED, "unlisted")
    ]  # fmt: skip
    connections.lake.replace_days(EPISODES, EPISODES.rows(rows), [day])
    items = [{"episode_id": name, "show_id": "s"} for name in LISTED]
    versions = {
        name: connections.mongo.write_version(
            name, day, "run", [{COLLECTION_KEYS[name]: "ann", "items": items}]
        ).version
        for name in COLLECTIONS
    }
    publishing.publish(connections.mongo, day, versions, None)
    return connections


def bound(connections: Connections, count: int) -> None:
    update = {"audio_checks_per_day": count}
    connections.settings = connections.settings.model_copy(update=update)


def withdrawn(connections: Connections) -> dict[str, str]:
    state = WithdrawalRecords(connections.lake).state()
    return {w.target_id: w.reason for w in state.current}


def test_only_404_and_410_on_three_days_withdraw_and_any_answer_brings_it_back(
    served: Connections, server: Server
) -> None:
    for day in (0, 1):
        for hour in (0, 5):
            counts = check_audio(served, NOW + day * DAY + hour * DAY / 24)
            assert counts == {"gone": 2, "unclear": 2, "there": 1}
    assert withdrawn(served) == {}
    check_audio(served, NOW + 2 * DAY)
    assert withdrawn(served) == {
        "gone": "Its audio answered 404.",
        "removed": "Its audio answered 410.",
    }
    server[1]["/gone"] = reply(status=416)
    check_audio(served, NOW + 3 * DAY)
    assert withdrawn(served).keys() == {"removed"}


def test_a_bounded_number_is_asked_with_the_missed_first_and_all_have_their_turn(
    served: Connections, server: Server
) -> None:
    check_audio(served, NOW)
    asked: list[str] = []

    def recorded(name: str, answer: Answer) -> Answer:
        return lambda handler: (asked.append(name), answer(handler))[1]  # type: ignore[func-returns-value]

    for path, answer in list(server[1].items()):
        server[1][path] = recorded(path.removeprefix("/"), answer)
    bound(served, 3)
    turns = set()
    for day in range(1, 12):
        asked.clear()
        assert check_audio(served, NOW + day * DAY).total() == 3
        assert {"gone", "removed"} < set(asked)
        turns |= set(asked)
    assert turns == set(LISTED)
    bound(served, 0)
    assert check_audio(served, NOW + 20 * DAY).total() == 0


def test_the_asset_checks_today_once_requested_and_writes_other_days_empty(
    served: Connections,
) -> None:
    served.now = lambda: NOW
    resources = {"connections": served, "delta": DeltaIOManager(connections=served)}

    def materialized(day: datetime) -> dict:
        key = day.date().isoformat()
        done = dg.materialize([withdrawals_asset], partition_key=key, resources=resources)
        [event] = done.asset_materializations_for_node("withdrawals")
        return {name: value.value for name, value in event.metadata.items()}

    today, before = materialized(NOW), materialized(NOW - DAY)
    assert (today["row_count"], today["checked_audio_count"]) == (2, 5)
    assert today["gone_audio_count"] == 2
    assert (before["row_count"], before["checked_audio_count"]) == (0, 0)
    assert served.lake.state("withdrawals").days == {NOW.date(), (NOW - DAY).date()}
