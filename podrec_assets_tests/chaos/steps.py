"""What a schedule runs: two days of podrec's work, then a replay, a backup and a restore."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import NamedTuple

import dagster as dg

from podrec_assets.day_windows import catalogue
from podrec_assets.defs.assets.recommendations import publication
from podrec_assets.errors import PermanentError
from podrec_assets.pipelines.content.episode_landing import land_episodes
from podrec_assets.pipelines.listening.event_landing import EventLanding
from podrec_assets.pipelines.operations.backup import back_up
from podrec_assets.pipelines.operations.restore import restore
from podrec_assets.pipelines.recommend.interaction_history import history_until
from podrec_assets.recommend.als.factors import AlsConfig
from podrec_assets.recommend.als.top_n import top_n
from podrec_assets.recommend.ranking.alpha_calibration import calibrated_weights
from podrec_assets.recommend.ranking.inputs import BlendConfig, RankingInputs
from podrec_assets.recommend.ranking.list_validation import faults
from podrec_assets.recommend.ranking.lists import recommend
from podrec_assets.schemas import (
    ALS_TOP_N,
    EPISODES,
    LISTS,
    SIMILARITIES,
    USER_EVENTS,
    USER_VS_EPISODE_DAILY,
)
from podrec_assets.settings import Settings
from podrec_assets.stores.delta import maintenance
from podrec_assets.stores.mongo import Verdict
from podrec_assets_tests.chaos.world import DAYS, World


class Step(NamedTuple):
    """One command of an operator or run of the daemon; repeated after a crash as it stands.

    Attributes:
        name: what it does.
        run: does it, as the run of an id.
        begin: the step from which a run that includes this one starts.
        day: number of the day that it is.
    """

    name: str
    run: Callable[[World, str], object]
    begin: int
    day: int = len(DAYS) - 1


def land(world: World, _run: str, day: date, today: date) -> None:
    """Lands what is new; a day that was complete is replayed."""
    landing(world, today).run([day])


def stream(world: World, _run: str, today: date) -> None:
    """Lands what is new, as `podrec stream` does."""
    landing(world, today).land_new()


def landing(world: World, today: date) -> EventLanding:
    stores, settings = world.connections, world.settings
    reader = world.engine.event_reader(stores.lake, stores.kafka, settings)
    return EventLanding(stores.lake, stores.kafka, settings, today, reader)


def announce(world: World, _run: str, day: date, today: date) -> None:
    """Lands announcements; a day that was complete is replayed."""
    stores = world.connections
    land_episodes(stores.lake, stores.kafka, world.settings, [day], today)


def score(world: World, _run: str, today: date) -> None:
    """Computes the day's scores, and again those of the days that late events belong to."""
    days = [d for d in DAYS if d <= today]
    rows = world.engine.daily_score(world.connections.lake, world.settings, days)
    world.connections.lake.replace_days(USER_VS_EPISODE_DAILY, rows, days)


def publish(world: World, run: str, day: date) -> None:
    """Writes a day's models and lists, judges the lists, moves the pointer, and prunes."""
    stores, settings = world.connections, world.settings
    lake, mongo = stores.lake, stores.mongo
    daily, episodes = lake.read(USER_VS_EPISODE_DAILY.name), lake.read(EPISODES.name)
    history = history_until(lake, daily, day, settings)
    config = AlsConfig.from_settings(settings)
    factors = world.engine.fit_als(history.matrix, config)
    als = list(top_n(factors, history, config, settings.als_top_n))
    models = {
        name: mongo.write_version(name, day, run, documents).version
        for name, documents in ((ALS_TOP_N, als), (SIMILARITIES, []))
    }
    known = catalogue(episodes, day, Settings.catalogue_days)
    blend = BlendConfig.from_settings(settings)
    counts = {user: len(heard) for user, heard in history.seen.items()}
    weights = calibrated_weights(counts, [], settings.fusion_alpha, blend, settings.seed)
    lists = recommend(RankingInputs(history, als, [], known, day), weights, blend)
    version = mongo.write_version(LISTS, day, run, lists, {"models": models})
    findings = tuple(result.__dict__ for result in faults(lists, history))
    mongo.judge(LISTS, version.version, Verdict(version.checksum, findings, run))
    publication(dg.build_asset_context(partition_key=str(day)), connections=stores)


def compact(world: World, _run: str) -> None:
    maintenance.optimize(world.connections.lake, USER_EVENTS.name)


def save(world: World, run: str) -> None:
    """Backs up into a new folder."""
    back_up(world.settings, world.connections.lake, world.disk / "backups" / run, lambda _: None)


def bring_back(world: World, _run: str) -> None:
    """Restores the last backup, the one that succeeded, into another home."""
    source = max((world.disk / "backups").iterdir())
    try:
        restore(world.restored.settings, source, lambda _: None)
    except PermanentError as err:
        # One that was killed after its last rename is done, as the oracle verifies.
        if "is not empty" not in str(err):
            raise


def _day(number: int, begin: int) -> list[Step]:
    """The records of a day are landed, counted and turned into lists."""
    day = DAYS[number]
    landed = partial(stream, today=day) if number == 1 else partial(land, day=day, today=day)
    announced = partial(announce, day=day, today=day)
    return [
        Step(f"land day {number}", landed, begin, number),
        Step(f"land episodes of day {number}", announced, begin, number),
        Step(f"score day {number}", partial(score, today=day), begin, number),
        Step(f"publish day {number}", partial(publish, day=day), begin, number),
    ]


def _afterwards(begin: int) -> list[Step]:
    """Earlier days are read again, which must change nothing, and the home is saved."""
    first, today = DAYS[0], DAYS[-1]
    return [
        Step("replay day 0", partial(land, day=first, today=today), begin),
        Step("replay episodes of day 0", partial(announce, day=first, today=today), begin),
        Step("score again", partial(score, today=today), begin),
        Step("publish again", partial(publish, day=today), begin),
        Step("compact", compact, begin + 4),
        Step("back up", save, begin + 5),
        Step("restore", bring_back, begin + 6),
    ]


STEPS: list[Step] = []
for _number in range(len(DAYS)):
    STEPS += _day(_number, len(STEPS))
STEPS += _afterwards(len(STEPS))
