"""A stream is cut where it is quietest, and times of pieces become times of the file."""

import numpy as np
import pytest

from podrec_assets.content.asr.contract import (
    RATE_HZ,
    PieceTranscript,
    Recognition,
    with_file_times,
)
from podrec_assets.content.asr.segmentation import pieces
from podrec_assets_tests.content.asr.sounds import tone


def blocks(samples: np.ndarray, size: int = RATE_HZ) -> list[np.ndarray]:
    return [samples[n : n + size] for n in range(0, len(samples), size)]


def test_a_cut_lies_inside_the_pause() -> None:
    speech = np.concatenate([tone(8.5), np.zeros(RATE_HZ // 2, np.int16), tone(6)])
    (first, one), (second, two) = pieces(blocks(speech), 10.0)
    assert first == 0.0
    assert 8.5 <= second <= 9.0
    assert np.array_equal(np.concatenate([one, two]), speech)


@pytest.mark.parametrize("seconds", [0.0, 0.05, 9.9, 10.0, 10.01, 61.3])
def test_pieces_are_the_whole_stream_in_order_and_none_is_too_long(seconds: float) -> None:
    noise = np.random.default_rng(7).integers(-3000, 3000, int(seconds * RATE_HZ)).astype(np.int16)
    cut = list(pieces(blocks(noise, 7001), 10.0))
    assert all(len(p) <= 10 * RATE_HZ for _, p in cut)
    assert [at for at, _ in cut] == [
        sum(len(p) for _, p in cut[:n]) / RATE_HZ for n in range(len(cut))
    ]
    assert np.array_equal(np.concatenate([np.zeros(0, np.int16), *(p for _, p in cut)]), noise)


def test_endless_silence_is_cut_into_long_pieces() -> None:
    cut = list(pieces(blocks(np.zeros(60 * RATE_HZ, np.int16)), 10.0))
    assert len(cut) <= 8


def test_times_become_those_of_the_file_and_never_go_back() -> None:
    def said(start: float, end: float, text: str) -> dict:
        times = {"start_s": start, "end_s": end}
        return {**times, "text": text, "confidence": None, "words": []}

    heard = [
        (0.0, 10.0, PieceTranscript([said(1, 4, "a"), said(3, 99, "b")])),
        (10.0, 12.0, PieceTranscript([said(-1, 1, "c"), said(0.5, 0.2, "d")])),
    ]
    cut = [(s["start_s"], s["end_s"], s["text"]) for s in with_file_times(heard)]
    assert cut == [(1.0, 4.0, "a"), (4.0, 10.0, "b"), (10.0, 11.0, "c"), (11.0, 11.0, "d")]


def test_confidence_is_the_mean_over_words_and_none_where_the_engine_gives_none() -> None:
    def recognition(*parts: tuple[str, float | None]) -> Recognition:
        return Recognition(
            "v",
            [{"start_s": 0, "end_s": 1, "text": t, "confidence": c} for t, c in parts],
            "en",
            1.0,
            1.0,
        )

    assert recognition(
        ("one", 1.0), ("two three four", 0.2), ("five", None)
    ).confidence == pytest.approx(0.4)
    assert recognition(("one", None)).confidence is None
