"""Excerpts are the samples of their spans; a span behind the end of the file gives none."""

from pathlib import Path

import numpy as np
import pytest

from podrec_assets.content.asr.contract import RATE_HZ
from podrec_assets.content.asr.excerpts import Span, spread_spans, write_excerpts
from podrec_assets_tests.content.asr.sounds import samples_of, write_wav

SOUND = (np.arange(10 * RATE_HZ) % 30_000 - 15_000).astype(np.int16)


@pytest.mark.parametrize(
    ("duration_s", "spans"),
    [
        pytest.param(50.0, [(0.0, 50.0)], id="short"),
        pytest.param(180.0, [(0.0, 180.0)], id="hardly longer than the samples"),
        pytest.param(600.0, [(80.0, 120.0), (280.0, 320.0), (480.0, 520.0)], id="long"),
    ],
)
def test_spans_are_spread_over_the_audio(duration_s: float, spans: list[Span]) -> None:
    assert spread_spans(duration_s, 3, 40.0) == spans


@pytest.mark.slow
@pytest.mark.parametrize(
    "spans",
    [
        pytest.param([(0.0, 1.0)], id="start"),
        pytest.param([(2.25, 4.5), (4.5, 4.75)], id="two that touch"),
        pytest.param([(9.5, 12.0)], id="past the end"),
    ],
)
def test_an_excerpt_holds_exactly_the_samples_of_its_span(
    tmp_path: Path, spans: list[Span]
) -> None:
    write_wav(tmp_path / "all.wav", SOUND)
    written = write_excerpts(tmp_path / "all.wav", spans, tmp_path, 60.0, 1024)
    assert [start_s for start_s, _ in written] == [start_s for start_s, _ in spans]
    for (_, file), (start_s, end_s) in zip(written, spans, strict=True):
        expected = SOUND[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
        assert np.array_equal(samples_of(file), expected)


@pytest.mark.slow
def test_a_span_behind_the_end_is_left_out(tmp_path: Path) -> None:
    write_wav(tmp_path / "all.wav", SOUND)
    spans = [(1.0, 2.0), (30.0, 40.0)]
    [(start_s, _)] = write_excerpts(tmp_path / "all.wav", spans, tmp_path, 60.0, 1024)
    assert start_s == 1.0
