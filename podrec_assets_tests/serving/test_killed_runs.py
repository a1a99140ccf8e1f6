"""kill -9 of a publishing run: the old list stays served, and the next run succeeds."""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from podrec_assets.pipelines.connections import Connections
from podrec_assets.schemas import LISTS
from podrec_assets.serving.reader import recommendations
from podrec_assets.stores.mongo import retention
from podrec_assets_tests.serving.planted import MODELS, run
from podrec_assets_tests.serving.publish_and_die import POINTS

pytestmark = pytest.mark.services


def die(connections: Connections, day: date, point: str) -> tuple[int, str]:
    settings = connections.settings
    uri = settings.mongo_uri.get_secret_value()
    arguments = [str(settings.home), uri, settings.mongo_database, str(day), point]
    process = subprocess.run(
        [sys.executable, "-m", "podrec_assets_tests.serving.publish_and_die", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=180,
        check=False,
    )
    return process.returncode, process.stdout


@pytest.fixture(scope="module")
def world(lists_world: Connections, yesterday: date, today: date) -> Connections:
    """Yesterday is served; today has models but no lists."""
    assert run(lists_world, yesterday)["success"]
    assert run(lists_world, today, MODELS.removesuffix(f" {LISTS}"))["success"]
    return lists_world


def test_a_killed_run_leaves_the_old_list_and_the_next_one_succeeds(
    world: Connections, yesterday: date, today: date
) -> None:
    """The three kills come one after another, each on what the one before left."""
    before = world.mongo.publication()
    old = recommendations(world, "a-0", 20)
    written = []
    for point in POINTS:
        code, output = die(world, today, point)
        assert code == -9, output
        assert world.mongo.publication() == before
        assert recommendations(world, "a-0", 20) == old
        written.append(world.mongo.db[LISTS].count_documents({"day": str(today)}))
    # 17 lists in batches of 5: the first run wrote one batch, the second and third all lists.
    assert written == [5, 22, 39]
    document = run(world, today, f"{LISTS} publication")
    assert document["success"], document["errors"]
    assert recommendations(world, "a-0", 20)["day"] == str(today)
    retention.prune(world.mongo, keep_days=5, grace=timedelta(0))
    assert world.mongo.db[LISTS].count_documents({"day": str(today)}) == 17
