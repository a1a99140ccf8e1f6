"""A withdrawn episode is in no list from the next publication on; history and traces keep it."""

import json
from collections.abc import Callable
from datetime import date

import pytest
from typer.testing import CliRunner

from podrec_assets.cli.main import app
from podrec_assets.defs.jobs.rebuild import rebuild
from podrec_assets.errors import UnknownIdError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import LISTS, USER_VS_EPISODE_DAILY
from podrec_assets.serving.provenance import trace
from podrec_assets.serving.reader import neighbours, recommendations
from podrec_assets.serving.rollback import publish_day
from podrec_assets_tests.serving.planted import ALL, run

pytestmark = pytest.mark.services
USER, LISTS_ONLY = "a-0", "final_recommendations publication"


@pytest.fixture(scope="module")
def best(lists_world: Connections, today: date) -> str:
    """Publishes today's lists and returns the first episode of the listener's."""
    publish(lists_world, today, ALL)
    return listed(lists_world)[0]


@pytest.fixture
def podrec(lists_world: Connections, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict]:
    """Returns a function that runs a command on the planted lake and returns its document."""
    settings = lists_world.settings
    for name in ("home", "mongo_uri", "mongo_database", "kafka_bootstrap", "engine"):
        value = getattr(settings, name)
        shown = value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        monkeypatch.setenv(f"PODREC_{name.upper()}", shown)

    def command(*arguments: str) -> dict:
        result = CliRunner().invoke(app, [*arguments, "--json"])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return command


def publish(connections: Connections, day: date, select: str = LISTS_ONLY) -> None:
    document = run(connections, day, select)
    assert document["success"], document["errors"]


def listed(connections: Connections, user: str = USER) -> list[str]:
    return [i["episode_id"] for i in recommendations(connections, user, 50)["items"]]


def version(connections: Connections) -> str:
    publication = connections.mongo.publication()
    assert publication
    return publication.versions[LISTS]


def test_the_first_of_a_list_vanishes_with_the_next_publication_and_returns_after_undo(
    lists_world: Connections, best: str, today: date, podrec: Callable[..., dict]
) -> None:
    before = version(lists_world)
    changed = podrec("withdraw", best, "--reason", "asked for by the publisher")
    assert (changed["is_changed"], changed["episode_count"]) == (True, 1)
    assert podrec("withdraw", best)["is_changed"] is False
    publish(lists_world, today)
    withdrawn = version(lists_world)
    documents = lists_world.mongo.documents(LISTS, withdrawn)
    assert best not in {i["episode_id"] for d in documents for i in d["items"]}
    assert listed(lists_world)
    assert podrec("withdraw", best, "--undo")["is_changed"] is True
    publish(lists_world, today)
    assert best in listed(lists_world)
    for made in (before, withdrawn, version(lists_world)):
        assert rebuild(lists_world, made).is_identical


def test_history_and_trace_keep_a_withdrawn_episode_with_its_reason(
    lists_world: Connections, best: str, today: date, podrec: Callable[..., dict]
) -> None:
    assert trace(lists_world, USER, best)["withdrawal"] is None
    history = lists_world.lake.read(USER_VS_EPISODE_DAILY.name)
    made_before = version(lists_world)
    podrec("withdraw", best, "--reason", "a mistake in it")
    assert trace(lists_world, USER, best)["withdrawal"]["reason"] == "a mistake in it"
    publish(lists_world, today)
    assert lists_world.lake.read(USER_VS_EPISODE_DAILY.name).equals(history)
    found = trace(lists_world, USER, best)
    assert (found["item"]["episode_id"], found["publication"]["version"]) == (best, made_before)
    assert found["publication"]["move_count"] is None
    assert found["withdrawal"]["source"] == "person"
    assert podrec("trace", USER, best)["withdrawal"]["says"].endswith(
        " UTC by a person: a mistake in it"
    )
    rows = {r["episode_id"]: r["withdrawal"] for r in podrec("episodes")["episodes"]}
    assert rows[best]["says"] == found["withdrawal"]["says"]
    assert {w["source"] for e, w in rows.items() if e != best and w} == set()
    assert [r["target_id"] for r in podrec("withdraw")["withdrawn"]] == [best]


def test_neighbours_shown_leave_a_withdrawn_episode_out(
    lists_world: Connections, best: str, podrec: Callable[..., dict]
) -> None:
    podrec("withdraw", best)
    others = [e for e in podrec("episodes")["episodes"] if e["show_id"] == "show-a"]
    [other] = [e["episode_id"] for e in others if e["episode_id"] != best][:1]
    shown = neighbours(lists_world, other, 50)["items"]
    assert [i["rank"] for i in shown] == list(range(1, len(shown) + 1))
    assert best not in {i["episode_id"] for i in shown}
    podrec("withdraw", best, "--undo")
    assert best in {i["episode_id"] for i in neighbours(lists_world, other, 50)["items"]}


def test_lists_made_before_a_withdrawal_do_not_show_it_when_they_are_published_again(
    lists_world: Connections, best: str, today: date, podrec: Callable[..., dict]
) -> None:
    publish(lists_world, today)
    podrec("withdraw", best)
    assert best in listed(lists_world)
    assert publish_day(lists_world, today).withdrawn == [best]
    assert best not in listed(lists_world)
    assert trace(lists_world, USER, best)["item"]["rank"] == 1
    podrec("withdraw", best, "--undo")
    assert publish_day(lists_world, today).withdrawn == []
    assert listed(lists_world)[0] == best


def test_a_show_is_withdrawn_by_id_or_title_with_all_its_episodes(
    lists_world: Connections, best: str, today: date, podrec: Callable[..., dict]
) -> None:
    assert podrec("withdraw", "--show", "Show A")["episode_count"] == 10
    assert podrec("withdraw", "--show", "show-a")["is_changed"] is False
    publish(lists_world, today)
    for user in (USER, "b-1", "nobody"):
        assert {e[0] for e in listed(lists_world, user)} == {"b"}
    assert podrec("withdraw", best, "--undo")["withdrawn"][0]["target_id"] == "show-a"
    podrec("withdraw", "--show", "show-a", "--undo")
    publish(lists_world, today)
    assert best in listed(lists_world)


def test_an_unknown_episode_or_show_is_refused(podrec: Callable[..., dict]) -> None:
    with pytest.raises(UnknownIdError, match="episode 'e-none' is unknown"):
        podrec("withdraw", "e-none")
    with pytest.raises(UnknownIdError, match="show 'None such' is unknown"):
        podrec("withdraw", "--show", "None such")
