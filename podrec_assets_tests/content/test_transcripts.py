"""The best usable publisher transcript of an episode is taken; each refused one is a dead letter."""

import threading
from dataclasses import dataclass
from datetime import date

import pytest

from podrec_assets.content.transcripts import NO_ASR, input_hash, ordered_links, transcribe, transcribe_all
from podrec_assets.errors import FetchFailedError, FetchRefusedError
from podrec_assets.schemas import DEAD_LETTERS, TRANSCRIPTS

DAY = date(2026, 2, 3)
VTT = b"WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ann>Hello there.\n\n00:02.000 --> 00:03.000\nBye."
PAGE = b"<!DOCTYPE html><html><body>502</body></html>"


@dataclass
class Page:
    body: bytes
    content_type: str = ""


class Site:
    """Answers by address; an exception is raised. Remembers what was asked for."""

    def __init__(self, **answers: bytes | Exception) -> None:
        self.answers = {f"https://t.example/{name.replace('_', '.')}": answer for name, answer in answers.items()}
        self.asked: list[str] = []

    def __call__(self, url: str) -> Page:
        self.asked.append(url)
        answer = self.answers[url]
        if isinstance(answer, Exception):
            raise answer
        return Page(answer)


def link(name: str, kind: str | None = None, language: str | None = None, rel: str | None = None) -> dict:
    return {"url": f"https://t.example/{name}", "type": kind, "language": language, "rel": rel}


def episode(*links: dict, **changes: object) -> dict:
    plain = {"day": DAY, "episode_id": "e1", "audio_url": "https://a.example/1.mp3", "duration_s": None, "language": "en"}
    return {**plain, "transcripts": list(links), **changes}


def test_a_usable_transcript_gives_its_text_segments_engine_and_source():
    row, letters = transcribe(episode(link("1.vtt", language="de-AT")), Site(**{"1_vtt": VTT}))
    assert letters == []
    assert (row["status"], row["reason"], row["source"], row["engine"]) == ("ok", None, "publisher", "vtt/2")
    assert (row["source_url"], row["language"], row["word_count"]) == ("https://t.example/1.vtt", "de", 3)
    assert row["text"] == "Hello there. Bye."
    assert TRANSCRIPTS.rows([row])["segments"].to_pylist()[0] == [
        {"start_s": 0.0, "end_s": 2.0, "speaker": "Ann", "text": "Hello there."},
        {"start_s": 2.0, "end_s": 3.0, "speaker": "Ann", "text": "Bye."},
    ]


def test_links_are_ordered_by_language_wholeness_and_format():
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


def test_a_refused_transcript_is_a_dead_letter_and_the_next_one_is_taken():
    site = Site(**{"1_json": PAGE, "1_vtt": FetchRefusedError("Not this address."), "1_srt": b"no cues", "1_txt": b"Said."})
    row, letters = transcribe(episode(link("1.txt"), link("1.srt"), link("1.vtt"), link("1.json")), site)
    assert (row["status"], row["text"], row["language"]) == ("ok", "Said.", "en")
    assert [(x["source_key"], x["reason"]) for x in letters] == [
        ("e1 https://t.example/1.json", "error_page"),
        ("e1 https://t.example/1.vtt", "fetch_refused"),
        ("e1 https://t.example/1.srt", "no_cues"),
    ]
    assert {(x["day"], x["stage"]) for x in letters} == {(DAY, "transcripts")}
    assert DEAD_LETTERS.rows(letters).num_rows == 3


def test_a_server_that_is_down_is_no_dead_letter():
    row, letters = transcribe(episode(link("1.vtt")), Site(**{"1_vtt": FetchFailedError("502, try later.")}))
    assert letters == []
    assert (row["status"], row["reason"]) == ("no_model", f"none of 1 publisher transcripts is usable; {NO_ASR}")
    assert (row["text"], row["segments"], row["source"], row["word_count"]) == (None, [], None, 0)


@pytest.mark.parametrize(
    ("duration_s", "status"), [(9.0, "ok"), (9.1, "no_model"), (3600.0, "no_model"), (None, "ok"), (0.0, "ok")]
)
def test_fewer_than_twenty_words_a_minute_are_no_transcript(duration_s, status):
    row, letters = transcribe(episode(link("1.vtt"), duration_s=duration_s), Site(**{"1_vtt": VTT}))
    assert row["status"] == status
    assert [x["reason"] for x in letters] == ([] if status == "ok" else ["far_too_short"])


@pytest.mark.parametrize(
    ("links", "audio_url", "status", "reason"),
    [
        ([], "https://a.example/1.mp3", "no_model", f"the publisher links none; {NO_ASR}"),
        (None, None, "no_audio", "the publisher links none, and there is no audio"),
        ([link("1.vtt")], None, "no_audio", "none of 1 publisher transcripts is usable, and there is no audio"),
    ],
    ids=["audio only", "nothing", "a bad transcript only"],
)
def test_without_a_transcript_the_status_says_why(links, audio_url, status, reason):
    row, _ = transcribe(episode(transcripts=links, audio_url=audio_url), Site(**{"1_vtt": b"WEBVTT"}))
    assert (row["status"], row["reason"], row["source_url"]) == (status, reason, audio_url)


def test_the_type_of_the_link_goes_before_the_servers_and_the_servers_helps_where_the_link_has_none():
    site = Site(one=VTT)
    assert transcribe(episode(link("one", "text/vtt")), site)[0]["engine"] == "vtt/2"
    assert transcribe(episode(link("one")), lambda url: Page(VTT, "text/vtt; charset=utf-8"))[0]["engine"] == "vtt/2"
    assert transcribe(episode(link("one")), site)[1][0]["reason"] == "unknown_format"


def test_a_finished_row_is_not_fetched_again_and_moves_to_the_day_of_the_announcement():
    first = episode(link("1.vtt"))
    [row], _ = transcribe_all([first], [], Site(**{"1_vtt": VTT}))
    later, site = episode(link("1.vtt"), day=date(2026, 2, 9), title="New title"), Site()
    assert transcribe_all([later], [row], site) == ([{**row, "day": date(2026, 2, 9)}], [])
    assert site.asked == []


@pytest.mark.parametrize(
    "changes",
    [{"transcripts": [link("2.vtt")]}, {"audio_url": "https://a.example/2.mp3"}, {"duration_s": 8.0}, {"episode_id": "e2"}],
    ids=["links", "audio", "duration", "episode"],
)
def test_a_changed_input_is_fetched_again(changes):
    [row], _ = transcribe_all([episode(link("1.vtt"))], [], Site(**{"1_vtt": VTT}))
    site = Site(**{"1_vtt": VTT, "2_vtt": VTT})
    [again], _ = transcribe_all([episode(link("1.vtt")) | changes], [row], site)
    assert len(site.asked) == 1
    assert (again["input_hash"] != row["input_hash"]) == ("episode_id" not in changes)


def test_rows_and_letters_come_in_order_of_day_and_id_whatever_answers_first():
    slow = threading.Event()

    def fetch(url: str) -> Page:
        if url.endswith("e1.vtt"):
            assert slow.wait(5)
        if url.endswith("e3.vtt"):
            slow.set()
        return Page(PAGE if url[-6:] in ("e1.vtt", "e3.vtt") else VTT)

    episodes = [episode(link(f"{e}.vtt"), episode_id=e, day=d) for e, d in (("e3", DAY), ("e0", date(2026, 2, 4)), ("e1", DAY))]
    rows, letters = transcribe_all(episodes, [], fetch)
    assert [(r["day"].day, r["episode_id"], r["status"]) for r in rows] == [
        (3, "e1", "no_model"),
        (3, "e3", "no_model"),
        (4, "e0", "ok"),
    ]
    assert [x["source_key"][:2] for x in letters] == ["e1", "e3"]


def test_the_input_hash_does_not_depend_on_what_is_no_input():
    assert input_hash(episode(transcripts=None)) == input_hash(episode(title="Other", language="de"))
