"""The sample site: feeds that podrec's parser reads, working links, and the planted defects."""

import io
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import av
import numpy as np
import pytest
from av.container import InputContainer

from podrec_assets.content.feeds.episode_message import Announcement
from podrec_assets.content.feeds.rss import Feed, parse_feed
from podrec_assets.content.transcripts.formats import TranscriptError, parse_transcript
from podrec_assets.sample_world.library import Show, load
from podrec_assets.sample_world.site import EARLY_EPISODES, build, publication_times

BASE = "http://127.0.0.1:8765"
TODAY = date(2026, 3, 10)
PAGES = build(BASE, TODAY)
SHOWS = load()
STATES = {e.state: e for show in SHOWS for e in show.episodes}


def feed(slug: str, base: str = BASE, today: date = TODAY) -> Feed:
    return parse_feed(build(base, today)[f"/feeds/{slug}.xml"][1], f"{base}/feeds/{slug}.xml")


def announced(guid: str) -> Announcement:
    return next(a for show in SHOWS for a in feed(show.slug).episodes if a.guid == guid)


def recording(guid: str) -> InputContainer:
    opened = av.open(io.BytesIO(PAGES[f"/audio/{guid}.opus"][1]))
    assert isinstance(opened, InputContainer)
    return opened


@pytest.mark.parametrize("show", SHOWS, ids=lambda show: show.slug)
def test_a_feed_lists_each_episode_of_its_show_newest_first(show: Show) -> None:
    parsed = feed(show.slug)
    assert (parsed.show_title, parsed.language, parsed.image_url) == (
        show.title,
        "en",
        f"{BASE}/covers/{show.slug}.svg",
    )
    assert [a.guid for a in parsed.episodes] == [e.guid for e in reversed(show.episodes)]
    assert [a.episode_number for a in parsed.episodes] == list(range(len(show.episodes), 0, -1))
    for a, e in zip(parsed.episodes, reversed(show.episodes), strict=True):
        assert (a.title, a.description, a.duration_s) == (
            e.title,
            e.description,
            round(e.duration_s),
        )
        assert len(a.transcripts) == len(e.formats)
        assert {t["language"] for t in a.transcripts} <= {e.language}


def test_the_only_problem_of_all_feeds_is_the_duplicate_item() -> None:
    problems = [p for show in SHOWS for p in feed(show.slug).problems]
    assert [p.reason for p in problems] == ["duplicate_item"]
    assert STATES["duplicate"].guid in problems[0].detail


def test_one_episode_of_each_show_or_more_has_audio_and_no_transcript_that_can_be_read() -> None:
    unread = ("none", "broken", "error_page")
    assert {s.slug for s in SHOWS if any(e.state in unread and e.lines for e in s.episodes)} == {
        s.slug for s in SHOWS
    }


def test_every_link_works_except_the_planted_broken_one() -> None:
    links = [
        (a.guid, t["url"])
        for s in SHOWS
        for a in feed(s.slug).episodes
        for t in (*a.transcripts, {"url": a.audio_url})
    ]
    broken = {guid for guid, url in links if url and url.removeprefix(BASE) not in PAGES}
    assert broken == {STATES["broken"].guid}
    assert all(url is None or url.startswith(f"{BASE}/") for _, url in links)


def test_an_error_page_is_served_with_a_transcripts_content_type() -> None:
    pages = [
        (p, *PAGES[p]) for p in PAGES if STATES["error_page"].guid in p and "/transcripts/" in p
    ]
    assert [kind for _, kind, _ in pages] == ["application/json", "application/srt"]
    for path, kind, body in pages:
        with pytest.raises(TranscriptError) as refused:
            parse_transcript(body, kind, path)
        assert refused.value.reason == "error_page"


@pytest.mark.parametrize(
    ("state", "has_audio", "links"),
    [
        ("none", True, 0),
        ("broken", True, 1),
        ("error_page", True, 2),
        ("no_audio", False, 0),
        ("duplicate", True, 1),
    ],
)
def test_an_odd_episode_has_the_audio_and_links_of_its_state(
    state: str, has_audio: bool, links: int
) -> None:
    a = announced(STATES[state].guid)
    assert (a.audio_url is not None, len(a.transcripts)) == (has_audio, links)


def test_the_enclosure_has_the_type_and_length_of_the_recording() -> None:
    a = announced(SHOWS[0].episodes[0].guid)
    assert a.audio_url is not None
    kind, body = PAGES[a.audio_url.removeprefix(BASE)]
    assert (kind, a.audio_type, a.audio_bytes) == ("audio/ogg", "audio/ogg", len(body))


def test_every_episode_is_spoken_as_long_as_its_duration_says() -> None:
    spoken = [e for show in SHOWS for e in show.episodes if e.state != "no_audio"]
    assert len(spoken) == sum(len(show.episodes) for show in SHOWS) - 1
    for episode in spoken:
        with recording(episode.guid) as sound:
            assert sound.duration is not None
            assert sound.duration / 1e6 == pytest.approx(episode.duration_s, abs=0.1)


def test_a_recording_is_silent_between_two_lines_and_loud_within_one() -> None:
    episode = SHOWS[0].episodes[0]
    with recording(episode.guid) as container:
        frames = [f.to_ndarray()[0] for f in container.decode(audio=0)]
    sound = np.abs(np.concatenate(frames))
    rate = len(sound) / episode.duration_s

    def level(start_s: float, end_s: float) -> float:
        return float(np.mean(sound[int(start_s * rate) : int(end_s * rate)]))

    loud = [level(line.start_s + 0.2, line.start_s + 1.2) for line in episode.lines]
    quiet = [level(line.end_s - 0.08, line.end_s - 0.02) for line in episode.lines]
    assert min(loud) > 5 * max(quiet)


def test_the_newest_episode_is_from_today_at_six_and_all_are_from_the_last_thirty_days() -> None:
    times = publication_times(SHOWS, TODAY)
    assert len(times) == sum(len(s.episodes) for s in SHOWS)
    assert max(times.values()) == datetime(2026, 3, 10, 6, tzinfo=UTC)
    assert min(times.values()) == datetime(2026, 2, 9, 6, tzinfo=UTC)
    assert {(at.second, at.microsecond) for at in publication_times(SHOWS[:2], TODAY).values()} == {
        (0, 0)
    }
    for show in SHOWS:
        own = [times[e.guid] for e in show.episodes]
        assert own == sorted(set(own))


def test_two_episodes_of_each_show_are_early_and_the_last_episodes_of_all_shows_come_last() -> None:
    times = publication_times(SHOWS, TODAY)
    turn = datetime(2026, 2, 25, 6, tzinfo=UTC)
    early = {guid for guid, at in times.items() if at < turn}
    assert early == {e.guid for s in SHOWS for e in s.episodes[:EARLY_EPISODES]}
    last = sorted(times, key=lambda guid: times[guid])[-len(SHOWS) :]
    assert set(last) == {s.episodes[-1].guid for s in SHOWS}


def test_the_feeds_carry_those_times() -> None:
    times = publication_times(SHOWS, TODAY)
    assert {a.guid: a.published_at for s in SHOWS for a in feed(s.slug).episodes} == times


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert build(BASE, TODAY) == PAGES


def test_a_later_day_shifts_all_times_by_whole_days_and_changes_no_id() -> None:
    for show in SHOWS:
        before, after = (
            feed(show.slug).episodes,
            feed(show.slug, today=TODAY + timedelta(days=3)).episodes,
        )
        assert [a.episode_id for a in before] == [a.episode_id for a in after]
        for old, new in zip(before, after, strict=True):
            assert old.published_at is not None
            assert new.published_at == old.published_at + timedelta(days=3)


def test_another_address_changes_no_id() -> None:
    there = feed(SHOWS[0].slug, base="https://sample.example:9000")
    assert there.show_id == feed(SHOWS[0].slug).show_id
    assert [a.episode_id for a in there.episodes] == [
        a.episode_id for a in feed(SHOWS[0].slug).episodes
    ]
    assert len({feed(s.slug).show_id for s in SHOWS}) == len(SHOWS)


def test_opml_and_index_list_all_feeds_and_covers_show_the_title() -> None:
    outlines = ElementTree.fromstring(PAGES["/opml.xml"][1]).iter("outline")
    assert [(o.get("text"), o.get("xmlUrl")) for o in outlines] == [
        (s.title, f"{BASE}/feeds/{s.slug}.xml") for s in SHOWS
    ]
    assert all(f'href="/feeds/{s.slug}.xml"' in PAGES["/"][1].decode() for s in SHOWS)
    for show in SHOWS:
        kind, body = PAGES[f"/covers/{show.slug}.svg"]
        svg = ElementTree.fromstring(body)
        assert (kind, svg.tag, svg[-1].text) == (
            "image/svg+xml",
            "{http://www.w3.org/2000/svg}svg",
            show.title,
        )
