"""Any audio becomes 16 kHz mono in a process of its own; failures are one clear line."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest

from podrec_assets.content.asr.contract import RATE_HZ
from podrec_assets.content.asr.decoding import decoded
from podrec_assets.errors import UnusableInputError
from podrec_assets_tests.content.asr.sounds import (
    SAMPLE_RATES,
    samples_of,
    tone,
    write_encoded,
    write_wav,
)


def refused(path: Path, max_s: float = 60, memory_mb: int = 1024) -> UnusableInputError:
    with pytest.raises(UnusableInputError) as error, decoded(path, max_s, memory_mb) as source:
        list(source.blocks())
    return error.value


@pytest.mark.parametrize("extension", SAMPLE_RATES)
def test_every_common_codec_is_decoded_completely_at_the_right_pitch(
    tmp_path: Path, extension: str
) -> None:
    samples = samples_of(write_encoded(tmp_path / f"a.{extension}", 2.0))
    assert len(samples) / RATE_HZ == pytest.approx(2.0, abs=0.1)
    middle = samples[RATE_HZ // 2 : RATE_HZ // 2 + RATE_HZ].astype(float)
    assert np.abs(np.fft.rfft(middle)).argmax() == pytest.approx(220, abs=1)


def test_the_duration_is_known_before_decoding(tmp_path: Path) -> None:
    with decoded(write_wav(tmp_path / "a.wav", tone(3)), 60, 1024) as source:
        assert (source.duration_s, source.heard_s) == (3.0, 0.0)
        assert sum(len(b) for b in source.blocks()) == 3 * RATE_HZ
        assert source.heard_s == 3.0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"<html><body>403</body></html>" * 40, "Invalid data"),
        (bytes(range(256)) * 400, "Invalid data|no audio stream|not one sample|packets are broken"),
        (b"#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n", "."),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "."),
    ],
    ids=["empty", "page", "noise", "playlist", "concat"],
)
def test_files_without_audio_are_refused_in_one_line(
    tmp_path: Path, content: bytes, why: str
) -> None:
    (tmp_path / "a.mp3").write_bytes(content)
    error = refused(tmp_path / "a.mp3")
    assert error.reason == "undecodable_audio"
    assert str(error).startswith("The audio cannot be decoded: ")
    assert "\n" not in str(error)
    assert re.search(why, str(error))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "No such file" in str(refused(tmp_path / "none.mp3"))


@pytest.mark.parametrize(
    "content",
    [
        "ffconcat version 1.0\nfile other.wav\nfile other.wav\n",
        "ffconcat version 1.0\nfile a.mp3\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.wav\n#EXT-X-ENDLIST\n",
    ],
    ids=["of another file", "of itself", "of a playlist"],
)
def test_a_file_that_names_others_opens_none_of_them(tmp_path: Path, content: str) -> None:
    write_wav(tmp_path / "other.wav", tone(1))
    (tmp_path / "a.mp3").write_text(content)
    assert refused(tmp_path / "a.mp3").reason == "undecodable_audio"


@pytest.mark.parametrize(
    ("rate", "channels", "count"), [(1, 1, 100), (16_000, 255, 4), (0, 1, 9), (16_000, 65_535, 2)]
)
def test_a_small_file_with_an_absurd_header_costs_little(
    tmp_path: Path, rate: int, channels: int, count: int
) -> None:
    file, frame = tmp_path / "a.wav", channels * 2 % 2**16
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * frame % 2**32, frame, 16)
    samples = bytes(channels * 2 * count)
    file.write_bytes(
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + form + b"data\xff\xff\xff\xff" + samples
    )
    assert refused(file, max_s=50).reason in ("undecodable_audio", "audio_too_long")


def test_truncated_audio_is_decoded_up_to_its_end(tmp_path: Path) -> None:
    whole = write_encoded(tmp_path / "a.mp3", 4.0).read_bytes()
    (tmp_path / "b.mp3").write_bytes(whole[: len(whole) // 2])
    assert 1.5 < len(samples_of(tmp_path / "b.mp3")) / RATE_HZ < 2.3


def test_audio_over_the_limit_is_refused_by_its_header_or_its_samples(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(5))
    assert refused(path, max_s=4).reason == "audio_too_long"
    # Chained MP3s: the header speaks for the first of them.
    short = write_encoded(tmp_path / "b.mp3", 3.0).read_bytes()
    (tmp_path / "c.mp3").write_bytes(short * 3)
    assert refused(tmp_path / "c.mp3", max_s=6).reason == "audio_too_long"


def test_the_decoding_process_has_a_memory_limit(tmp_path: Path) -> None:
    assert (
        refused(write_wav(tmp_path / "a.wav", tone(1)), memory_mb=16).reason == "undecodable_audio"
    )
