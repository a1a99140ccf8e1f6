"""The fictional shows: enough text, every planted defect, and times derived from the words."""

import pytest

from podrec_assets.sample_world import library
from podrec_assets.sample_world.library import (
    MIN_CUE_WORDS,
    ODD_STATES,
    Episode,
    Show,
    load,
    parse_show,
    topics,
)
from podrec_assets.sample_world.transcript_files import LINKS

HEADER = (
    "title: T\nauthor: A\ndescription: D: with colon\nlanguage: en\ncategory: C\ntopic: chess\n"
    "transcript: vtt srt\n"
)
WORDS = "one two three four five six seven eight nine ten."
EPISODES = [e for show in load() for e in show.episodes]


def only_episode(part: str) -> Episode:
    show = parse_show("slug", f"{HEADER}==\n{part}")
    [episode] = show.episodes
    return episode


def test_eight_shows_are_sorted_by_slug_and_each_has_its_own_topic() -> None:
    slugs = [show.slug for show in load()]
    assert (len(slugs) >= 8, slugs) == (True, sorted(set(slugs)))
    assert list(topics()) == slugs
    assert len(set(topics().values())) == len(slugs)


def test_at_least_40_episodes_have_a_long_transcript() -> None:
    whole = [e for e in EPISODES if e.state in ("", "duplicate")]
    assert len(whole) >= 40
    assert min(e.word_count for e in whole) >= 250
    assert all(e.formats and set(e.formats) <= LINKS.keys() for e in whole)
    assert {kind for e in whole for kind in e.formats} >= {"vtt", "srt", "json"}


def test_every_odd_state_is_planted_and_decides_whether_transcripts_are_linked() -> None:
    by_state = {e.state: e for e in EPISODES}
    assert by_state.keys() - {""} == ODD_STATES.keys()
    assert {s: bool(by_state[s].formats) for s in ODD_STATES} == {
        "none": False,
        "broken": True,
        "error_page": True,
        "duplicate": True,
        "no_audio": False,
    }


def test_one_episode_is_german_in_an_english_show() -> None:
    [german] = [(s, e) for s in load() for e in s.episodes if e.language == "de"]
    assert (german[0].language, german[1].word_count >= 250) == ("en", True)
    assert {"und", "der", "ist"} <= set(" ".join(x.text for x in german[1].lines).lower().split())


def test_guids_and_titles_are_unique_and_guids_follow_the_position_in_the_file() -> None:
    assert len({e.guid for e in EPISODES}) == len({e.title for e in EPISODES}) == len(EPISODES)
    for show in load():
        assert [e.guid for e in show.episodes] == [
            f"podrec-sample-{show.slug}-{n}" for n in range(1, len(show.episodes) + 1)
        ]


@pytest.mark.parametrize("show", load(), ids=lambda show: show.slug)
def test_lines_have_no_gaps_and_follow_the_speaking_rate(show: Show) -> None:
    for episode in show.episodes:
        assert episode.duration_s > 0
        words, before = 0, 0.0
        for line in episode.lines:
            words += len(line.text.split())
            assert (line.start_s, line.end_s) == (before, round(words / 2.5, 2))
            assert before < line.end_s
            before = line.end_s
        assert not episode.lines or episode.duration_s == before


def test_a_show_is_parsed_from_its_file_and_an_episodes_header_overrides_the_shows() -> None:
    first_part = f"==\ntitle: First\ndescription: One\n--\nAnn: {WORDS}\n"
    second_part = "==\ntitle: Zwei\ndescription: x\nlanguage: de\ntranscript: json\n--\n"
    text = f"{HEADER}{first_part}{second_part}Bo: {WORDS}\n\nAnn: {WORDS}\n"
    show = parse_show("slug", text)
    assert (show.slug, show.title, show.description, show.topic) == (
        "slug",
        "T",
        "D: with colon",
        "chess",
    )
    first, second = show.episodes
    assert (first.guid, first.title, first.language, first.formats) == (
        "podrec-sample-slug-1",
        "First",
        "en",
        ("vtt", "srt"),
    )
    assert (second.language, second.formats, second.speakers, second.word_count) == (
        "de",
        ("json",),
        ("Bo", "Ann"),
        20,
    )
    assert second.duration_s == 8.0


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(f"{WORDS} {WORDS}", [10, 10], id="two sentences"),
        pytest.param(f"Yes. No. {WORDS}", [12], id="short ones join the next"),
        pytest.param(f"{WORDS} Yes.", [11], id="a short last one joins the one before"),
        pytest.param("Yes.", [1], id="only a short one"),
        pytest.param(f"Really? {WORDS} Ha! {WORDS}", [11, 11], id="question and exclamation marks"),
    ],
)
def test_a_line_is_one_or_more_sentences(said: str, expected: list[int]) -> None:
    episode = only_episode(f"title: T\ndescription: D\n--\nAnn: {said}\n")
    assert [len(line.text.split()) for line in episode.lines] == expected
    assert " ".join(line.text for line in episode.lines) == said


def test_shipped_lines_have_the_minimum_length_unless_the_speaker_says_less() -> None:
    for episode in EPISODES:
        for before, line in zip(episode.lines, episode.lines[1:], strict=False):
            if len(line.text.split()) < MIN_CUE_WORDS:
                assert before.speaker != line.speaker


@pytest.mark.parametrize(
    ("part", "error"),
    [
        pytest.param(
            "title: T\ndescription: D\nstate: lost\n--\nAnn: x\n", ValueError, id="unknown state"
        ),
        pytest.param(
            "title: T\ndescription: D\n--\nno speaker here\n", ValueError, id="no speaker"
        ),
        pytest.param(
            "title: T\ndescription: D\n--\nA very long name: x\n",
            ValueError,
            id="a sentence as speaker",
        ),
        pytest.param("description: D\n--\nAnn: x\n", KeyError, id="no title"),
        pytest.param(
            "title: T\ndescription: D\nstate: none\n--\n", KeyError, id="no lines and no duration"
        ),
    ],
)
def test_a_mistake_in_a_file_raises(part: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        only_episode(part)


def test_an_episode_without_lines_has_the_duration_of_its_header() -> None:
    episode = only_episode("title: T\ndescription: D\nstate: none\nduration_s: 90\n--\n")
    assert (episode.duration_s, episode.lines, episode.formats) == (90.0, (), ())


def test_the_shows_are_parsed_once() -> None:
    assert library.load() is library.load()
