"""A transcript agrees with the audio, is shifted against it, or is of another recording."""

import pytest

from podrec_assets.content.transcripts.agreement import Sample, agreement, timed_words
from podrec_assets.sample_world.library import Episode, load

CHESS, OTHER_CHESS = load()[2].episodes[:2]
LENGTH_S = 40.0


def lines(episode: Episode, later_s: float = 0.0) -> list[dict]:
    return [
        {"start_s": x.start_s + later_s, "end_s": x.end_s + later_s, "text": x.text}
        for x in episode.lines
    ]


def sample(episode: Episode, start_s: float, wrong_every: int = 0) -> Sample:
    """What a listener hears from `start_s` on; every n-th word is misheard."""
    heard = []
    for x in episode.lines:
        if start_s <= x.start_s and x.end_s <= start_s + LENGTH_S:
            words = x.text.split()
            if wrong_every:
                words = ["hum" if n % wrong_every == 0 else w for n, w in enumerate(words)]
            heard.append(
                {
                    "start_s": x.start_s - start_s,
                    "end_s": x.end_s - start_s,
                    "text": " ".join(words),
                }
            )
    return Sample(start_s, heard)


SAMPLES = [sample(CHESS, 0.0), sample(CHESS, 60.0)]


def test_the_right_transcript_agrees_word_by_word() -> None:
    found = agreement(lines(CHESS), SAMPLES)
    assert (found.verdict, found.found_share, found.shift_s) == ("agrees", 1.0, 0.0)


def test_misheard_words_do_not_make_it_wrong() -> None:
    found = agreement(lines(CHESS), [sample(CHESS, 0.0, wrong_every=6)])
    assert found.verdict == "agrees"
    assert 0.7 < found.found_share < 0.9


def test_the_transcript_of_another_episode_of_the_show_differs() -> None:
    found = agreement(lines(OTHER_CHESS), SAMPLES)
    assert found.verdict == "differs"
    assert found.found_share < 0.05


@pytest.mark.parametrize("later_s", [-20.0, -4.0, 4.0, 32.5])
def test_shifted_times_are_measured(later_s: float) -> None:
    found = agreement(lines(CHESS, later_s), SAMPLES)
    assert (found.verdict, found.shift_s) == ("shifted", later_s)


def test_a_second_is_no_shift() -> None:
    assert agreement(lines(CHESS, 1.0), SAMPLES).verdict == "agrees"


def test_times_that_are_wrong_from_the_middle_on_are_a_shift() -> None:
    late = [s | {"start_s": s["start_s"] - (30 if s["start_s"] > 50 else 0)} for s in lines(CHESS)]
    late = [s | {"end_s": s["start_s"] + 4} for s in late]
    found = agreement(late, SAMPLES)
    assert found.verdict == "shifted"
    assert abs(found.samples[0].shift_s or 0.0) < 3 < 25 < abs(found.samples[1].shift_s or 0.0)


def test_a_transcript_without_times_is_judged_by_its_words() -> None:
    untimed = [s | {"start_s": None, "end_s": None} for s in lines(CHESS)]
    found = agreement(untimed, SAMPLES)
    assert (found.verdict, found.found_share, found.shift_s) == ("agrees", 1.0, None)


@pytest.mark.parametrize(
    "heard",
    [
        pytest.param([], id="nothing"),
        pytest.param([{"start_s": 0.0, "end_s": 9.0, "text": "la la la"}], id="a song"),
    ],
)
def test_few_words_prove_nothing(heard: list[dict]) -> None:
    assert agreement(lines(CHESS), [Sample(0.0, heard)]).verdict == "unsure"


def test_words_share_the_time_of_their_segment() -> None:
    assert timed_words([{"start_s": 2.0, "end_s": 4.0, "text": "One two."}], 10.0) == [
        ("one", 12.0),
        ("two", 13.0),
    ]
