"""Checks whether the audio of recommended episodes is still there, a bounded number a day."""

import hashlib
from collections import Counter
from datetime import date, datetime

from podrec_assets.content.withdrawals import (
    AUDIO,
    Withdrawals,
    after_find,
    after_miss,
)
from podrec_assets.day_windows import latest
from podrec_assets.errors import UnusableInputError
from podrec_assets.pipelines.connections import Connections
from podrec_assets.pipelines.content.withdrawals_table import WithdrawalRecords
from podrec_assets.schemas import EPISODES, LISTS
from podrec_assets.stores.http.host_scheduler import HostScheduler
from podrec_assets.stores.mongo import MongoStore

GONE = {"http_404": "404", "http_410": "410"}
"""Reasons that count as a miss, with their status. A host that is down or forbids says nothing."""


def check_audio(connections: Connections, now: datetime) -> Counter[str]:
    """Asks for the audio of recommended episodes and records what is gone or back.

    Episodes that were missed before, or are withdrawn because of it, come first; the rest is
    another part of the served lists each day.

    Returns:
        The number of episodes by what was found: there, gone or unclear.
    """
    records, settings = WithdrawalRecords(connections.lake), connections.settings
    limit = settings.audio_checks_per_day
    if not limit:
        return Counter()
    missed = [
        e for (e, s), held in records.state().standings.items() if s == AUDIO and held.is_open
    ]
    wanted = _todays(missed, now.date()) + _todays(_listed(connections.mongo), now.date())
    addresses = _addresses(connections, list(dict.fromkeys(wanted))[:limit])
    found = _ask(connections, addresses)

    def decide(state: Withdrawals) -> list[dict]:
        rows = []
        for episode, status in found.items():
            if status in GONE.values():
                reason = f"Its audio answered {status}."
                rows += after_miss(state, episode, AUDIO, settings.withdraw_after_days, reason, now)
            elif status == "there":
                rows += after_find(state, episode, AUDIO, "Its audio answers again.", now)
        return rows

    records.add(decide)
    return Counter("gone" if status in GONE.values() else status for status in found.values())


def _listed(mongo: MongoStore) -> set[str]:
    """The episodes of the served lists."""
    served = mongo.publication()
    documents = mongo.documents(LISTS, served.versions[LISTS]) if served else []
    return {item["episode_id"] for document in documents for item in document["items"]}


def _todays(episodes: list[str] | set[str], day: date) -> list[str]:
    """The episodes in an order that differs each day, so that all have their turn."""
    return sorted(episodes, key=lambda e: hashlib.sha256(f"{day} {e}".encode()).digest())


def _addresses(connections: Connections, episodes: list[str]) -> dict[str, str]:
    """The audio address of each episode that has one."""
    columns = ("day", "episode_id", "audio_url")
    rows = connections.lake.read_equal(EPISODES.name, "episode_id", episodes, columns)
    known = {r["episode_id"]: r["audio_url"] for r in latest(rows).to_pylist()}
    return {e: known[e] for e in episodes if known.get(e)}


def _ask(connections: Connections, addresses: dict[str, str]) -> dict[str, str]:
    """Returns "there", "404", "410" or "unclear" by episode, politely to each host."""
    settings, fetcher = connections.settings, connections.fetcher
    scheduler = HostScheduler(
        list(dict.fromkeys(addresses.values())),
        settings.downloads_per_host,
        settings.downloads_gap_s,
    )
    answers = dict(scheduler.run(settings.downloads_parallel, lambda url, _: fetcher.check(url)))
    return {e: _status(answers[url]) for e, url in addresses.items()}


def _status(answer: Exception | None) -> str:
    if answer is None:
        return "there"
    reason = answer.reason if isinstance(answer, UnusableInputError) else ""
    return GONE.get(reason, "unclear")
