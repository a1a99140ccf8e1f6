"""The best usable publisher transcript is chosen, and ASR results are judged."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from podrec_assets.content.asr.contract import AsrEngine, Recognition
from podrec_assets.content.transcripts.choose import (
    MAX_LINKS,
    asr_transcript,
    input_hash,
    ordered_links,
    publisher_transcript,
    recognition_key,
)
from podrec_assets.content.transcripts.formats import PARSERS
from podrec_assets.errors import FetchFailedError, FetchRefusedError
from podrec_assets.schemas import DEAD_LETTERS, TRANSCRIPTS

DAY = date(2026, 2, 3)
VTT = b"WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ann>Hello there.\n\n00:02.000 --> 00:03.000\nBye."
PAGE = b"<!DOCTYPE html><html><body>502</body></html>"


@dataclass
class Page:
    """A fetched page."""

    body: bytes
    content_type: str = ""


class Site:
    """Answers by address; an exception is raised. Remembers what was asked for."""

    def __init__(self, **answers: bytes | Exception) -> None:
        self.answers = {
            f"https://t.example/{name.replace('_', '.')}": answer
            for name, answer in answers.items()
        }
        self.asked: list[str] = []

    def __call__(self, url: str) -> Page:
        self.asked.append(url)
        answer = self.answers[url]
        if isinstance(answer, Exception):
            raise answer
        return Page(answer)


def link(
    name: str, kind: str | None = None, language: str | None = None, rel: str | None = None
) -> dict:
    return {"url": f"https://t.example/{name}", "type": kind, "language": language, "rel": rel}


def episode(*links: dict, **changes: object) -> dict:
    plain = {
        "day": DAY,
        "episode_id": "e1",
        "audio_url": "https://a.example/1.mp3",
        "audio_bytes": 9,
        "duration_s": None,
        "language": "en",
    }
    return {**plain, "transcripts": list(links), **changes}


def test_a_usable_transcript_gives_its_text_segments_engine_and_source() -> None:
    result = publisher_transcript(episode(link("1.vtt", language="de-AT")), Site(**{"1_vtt": VTT}))
    row = result.row
    assert row
    assert result.dead_letters == []
    assert (row["status"], row["reason"], row["source"], row["engine"]) == (
        "ok",
        None,
        "publisher",
        "vtt/3",
    )
    assert (row["source_url"], row["language"], row["word_count"]) == (
        "https://t.example/1.vtt",
        "de",
        3,
    )
    assert row["text"] == "Hello there. Bye."
    assert TRANSCRIPTS.rows([row])["segments"].to_pylist()[0] == [
        {"start_s": 0.0, "end_s": 2.0, "speaker": "Ann", "text": "Hello there."},
        {"start_s": 2.0, "end_s": 3.0, "speaker": None, "text": "Bye."},
    ]


def test_links_are_ordered_by_language_wholeness_and_format() -> None:
    links = [
        link("a.vtt", language="fr"),
        link("b.pdf"),
        link("c.txt"),
        link("d.vtt", rel="captions"),
        link("e", "text/html"),
        link("f.srt", language="EN-gb"),
        link("g.vtt"),
        link("h.json"),
        link("h.json", language="fr"),
        {"url": None},
    ]
    assert "".join(x["url"][18] for x in ordered_links(links, "en")) == "hgfecbda"


def test_a_refused_transcript_is_a_dead_letter_and_the_next_one_is_taken() -> None:
    answers: dict[str, bytes | Exception] = {
        "1_json": PAGE,
        "1_vtt": FetchRefusedError("Not this address."),
        "1_srt": b"no cues",
        "1_txt": b"Said.",
    }
    site = Site(**answers)
    result = publisher_transcript(
        episode(link("1.txt"), link("1.srt"), link("1.vtt"), link("1.json")), site
    )
    assert result.row
    assert (result.row["status"], result.row["text"], result.row["language"]) == (
        "ok",
        "Said.",
        "en",
    )
    assert [(x["source_key"], x["reason"]) for x in result.dead_letters] == [
        ("e1 https://t.example/1.json", "error_page"),
        ("e1 https://t.example/1.vtt", "fetch_refused"),
        ("e1 https://t.example/1.srt", "no_cues"),
    ]
    assert {(x["day"], x["stage"]) for x in result.dead_letters} == {(DAY, "transcripts")}
    assert DEAD_LETTERS.rows(result.dead_letters).num_rows == 3


def test_a_server_outage_is_retryable_and_no_dead_letter() -> None:
    result = publisher_transcript(
        episode(link("1.vtt")), Site(**{"1_vtt": FetchFailedError("502, try later.")})
    )
    assert (result.row, result.dead_letters, result.is_retryable) == (None, [], True)
    assert result.reason == "none of 1 publisher transcripts is usable: 502, try later."


@pytest.mark.parametrize(
    ("duration_s", "is_usable"),
    [(6.0, True), (6.1, False), (3600.0, False), (None, True), (0.0, True)],
)
def test_a_transcript_that_ends_before_half_of_the_audio_is_only_its_beginning(
    duration_s: float | None, is_usable: bool
) -> None:
    result = publisher_transcript(
        episode(link("1.vtt"), duration_s=duration_s), Site(**{"1_vtt": VTT})
    )
    assert bool(result.row) == is_usable
    assert [x["reason"] for x in result.dead_letters] == ([] if is_usable else ["far_too_short"])


@pytest.mark.parametrize(("duration_s", "is_usable"), [(9.0, True), (9.1, False)])
def test_fewer_than_twenty_words_a_minute_are_no_transcript(
    duration_s: float, is_usable: bool
) -> None:
    result = publisher_transcript(
        episode(link("1.txt"), duration_s=duration_s), Site(**{"1_txt": b"Only three words."})
    )
    assert bool(result.row) == is_usable


def test_a_result_without_a_transcript_has_a_reason() -> None:
    assert publisher_transcript(episode(), Site()).reason == "the publisher links none"
    assert (
        publisher_transcript(episode(transcripts=None), Site()).reason == "the publisher links none"
    )
    result = publisher_transcript(episode(link("1.vtt")), Site(**{"1_vtt": b"WEBVTT"}))
    assert (result.reason, result.is_retryable) == (
        "none of 1 publisher transcripts is usable",
        False,
    )


def test_the_link_type_wins_over_the_server_type() -> None:
    site = Site(one=VTT)
    row = publisher_transcript(episode(link("one", "text/vtt")), site).row
    assert row is not None
    assert row["engine"] == "vtt/3"
    answer = Page(VTT, "text/vtt; charset=utf-8")
    row = publisher_transcript(episode(link("one")), lambda url: answer).row
    assert row is not None
    assert row["engine"] == "vtt/3"
    row = publisher_transcript(episode(link("one")), site).row
    assert row is not None
    assert row["engine"] == "vtt/3", "the body itself says so"
    unknown = publisher_transcript(episode(link("one")), Site(one=b"Hello there."))
    assert unknown.dead_letters[0]["reason"] == "unknown_format"


@pytest.mark.parametrize(
    "changes",
    [
        {"transcripts": [link("2.vtt")]},
        {"audio_url": "https://a.example/2.mp3"},
        {"duration_s": 8.0},
    ],
    ids=["links", "audio", "duration"],
)
def test_the_input_hash_depends_on_links_and_audio_only(changes: dict) -> None:
    assert input_hash(episode() | changes) != input_hash(episode())
    assert input_hash(episode(transcripts=None, title="Other", language="de")) == input_hash(
        episode()
    )


ENGINE = AsrEngine("faster-whisper", "/m/tiny.en", "faster-whisper/1/tiny.en", ("en",))


def heard(*texts: str, audio_s: float = 30.0, confidence: float | None = 0.6) -> Recognition:
    segments = [
        {"start_s": float(n), "end_s": n + 1.0, "text": text, "confidence": confidence}
        for n, text in enumerate(texts)
    ]
    return Recognition(ENGINE.version, segments, "en", audio_s, 2.0)


def test_an_asr_row_has_engine_and_confidence() -> None:
    row, letters = asr_transcript(episode(), heard("hello there", "bye"))
    assert letters == []
    assert (row["status"], row["source"], row["engine"], row["text"]) == (
        "ok",
        "asr",
        ENGINE.version,
        "hello there bye",
    )
    assert (row["audio_s"], row["is_low_quality"], row["word_count"], row["source_url"]) == (
        30.0,
        False,
        3,
        "https://a.example/1.mp3",
    )
    assert row["confidence"] == pytest.approx(0.6)
    assert TRANSCRIPTS.rows([row])["segments"].to_pylist()[0][1] == {
        "start_s": 1.0,
        "end_s": 2.0,
        "speaker": None,
        "text": "bye",
    }


def test_audio_without_speech_is_a_final_failure_with_the_engine_named() -> None:
    row, letters = asr_transcript(episode(), heard(audio_s=1.0))
    assert (row["status"], row["reason"]) == ("failed", "no speech was recognised in 1 s of audio")
    assert (row["engine"], row["text"], row["next_attempt_at"]) == (ENGINE.version, None, None)
    assert [x["reason"] for x in letters] == ["no_speech"]


def test_a_suspicious_transcript_is_quarantined_with_its_text_and_signs() -> None:
    row, letters = asr_transcript(episode(duration_s=600.0), heard("over and out " * 10))
    assert row["status"] == "quarantined"
    assert row["reason"].startswith(
        "the audio lasts 30 s, the feed says 600; 30 of 30 words are phrases in a loop"
    )
    assert row["word_count"] == 30
    assert [x["reason"] for x in letters] == ["truncated_audio", "repetition"]


def test_the_recognition_key_depends_on_the_feeds_audio_facts_and_the_engine() -> None:
    key = recognition_key(episode(), ENGINE)
    assert recognition_key(episode(link("1.vtt"), title="Other"), ENGINE) == key
    for changes in (
        {"audio_url": "https://a.example/2.mp3"},
        {"audio_bytes": 8},
        {"duration_s": 1.0},
        {"language": "de"},
    ):
        assert recognition_key(episode() | changes, ENGINE) != key
    other = AsrEngine("faster-whisper", "/m/tiny.en", "faster-whisper/2/tiny.en", ("en",))
    assert recognition_key(episode(), other) != key


def captions(lines: tuple[str, ...], length_s: int) -> bytes:
    cues = "\n\n".join(
        f"{n * length_s // 60:02}:{n * length_s % 60:02}.000 --> "
        f"{(n + 1) * length_s // 60:02}:{(n + 1) * length_s % 60:02}.000\n{line}"
        for n, line in enumerate(lines)
    )
    return f"WEBVTT\n\n{cues}".encode()


@pytest.mark.parametrize(
    "line",
    [
        "今日はパンの焼き方についてゆっくり話していきます",
        "今天我们来聊聊怎么在家里烤面包和准备面团",
        "วันนี้เราจะพูดถึงวิธีการอบขนมปังที่บ้าน",
    ],
)
def test_a_transcript_in_a_language_without_blanks_is_usable(line: str) -> None:
    site = Site(**{"1_vtt": captions((line,) * 12, 5)})
    row = publisher_transcript(episode(link("1.vtt"), duration_s=60.0), site).row
    assert row is not None
    assert (row["status"], row["source"]) == ("ok", "publisher")
    assert 60 <= row["word_count"] <= 200
    short = Site(**{"1_vtt": captions((line[:6],), 40)})
    refused = publisher_transcript(episode(link("1.vtt"), duration_s=60.0), short)
    assert [x["reason"] for x in refused.dead_letters] == ["far_too_short"]


def test_what_was_left_out_is_the_reason_of_a_usable_transcript() -> None:
    site = Site(**{"1_vtt": VTT + b"\n\nnot in a cue"})
    row = publisher_transcript(episode(link("1.vtt")), site).row
    assert row is not None
    assert (row["status"], row["reason"]) == ("ok", "4 words outside of cues left out")


def test_the_charset_of_the_server_and_the_language_of_the_feed_are_used() -> None:
    words = "Привет, это час хлеба."
    body = f"1\n00:00:00,000 --> 00:00:02,000\n{words}".encode("windows-1251")
    answer = Page(body, "application/srt; charset=windows-1251")
    row = publisher_transcript(episode(link("1", "application/srt")), lambda url: answer).row
    assert row is not None
    assert (row["text"], row["reason"]) == (words, None)
    for language in ("ru", "en", None):
        bare = Site(**{"1_srt": body})
        row = publisher_transcript(episode(link("1.srt"), language=language), bare).row
        assert row is not None
        assert row["text"] == words


def test_an_unforeseen_failure_of_a_parser_costs_its_own_link_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(text: str, url: str) -> None:
        raise IndexError("not foreseen")

    monkeypatch.setitem(PARSERS, "json", fails)
    site = Site(**{"1_json": b"{}", "1_vtt": VTT})
    result = publisher_transcript(episode(link("1.json"), link("1.vtt")), site)
    assert result.row
    assert [(x["reason"], x["detail"]) for x in result.dead_letters] == [
        ("unreadable", "https://t.example/1.json cannot be read: IndexError: not foreseen.")
    ]


def test_only_the_first_links_are_tried() -> None:
    names = [f"{n:02}.srt" for n in range(MAX_LINKS + 5)]
    site = Site(**{name.replace(".", "_"): b"no cues" for name in names})
    result = publisher_transcript(episode(*map(link, names)), site)
    assert len(site.asked) == len(result.dead_letters) == MAX_LINKS
    assert result.reason.endswith(f"transcripts is usable, of which {MAX_LINKS} were tried")


@pytest.mark.parametrize(
    ("name", "kind", "duration_s", "engine"),
    [
        ("C02_ja.vtt", "text/vtt", 60.0, "vtt/3"),
        ("C20", "text/html", 4.0, "srt/3"),
        ("C20", "text/plain", 4.0, "srt/3"),
        ("C20", None, 4.0, "srt/3"),
    ],
)
def test_transcripts_of_bug_reports_are_usable(
    shared_data: Path, name: str, kind: str | None, duration_s: float, engine: str
) -> None:
    body = (shared_data / "field" / "content" / name).read_bytes()
    episode_row = episode(link(name, kind), duration_s=duration_s)
    row = publisher_transcript(episode_row, lambda url: Page(body)).row
    assert row is not None
    assert (row["status"], row["reason"], row["source"], row["engine"]) == (
        "ok",
        None,
        "publisher",
        engine,
    )
