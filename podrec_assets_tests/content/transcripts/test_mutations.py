"""Whatever happens to a transcript on its way, its words are kept or it is told."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podrec_assets.content.transcripts.formats import (
    Transcript,
    TranscriptError,
    parse_transcript,
)
from podrec_assets.schemas import TRANSCRIPTS

LINES = ("Привет, это час хлеба.", "Тесто живёт своей жизнью.", "До свидания, друзья.")
CAPTIONS = "\n\n".join(
    f"{n}\n00:00:{n:02}{{0}}000 --> 00:00:{n + 1:02}{{0}}000\n{line}"
    for n, line in enumerate(LINES, start=1)
)
BODIES = {
    "srt": CAPTIONS.format(","),
    "vtt": "WEBVTT\n\n" + CAPTIONS.format("."),
    "json": '{"segments": [\n'
    + ",\n".join(f'{{"startTime": {n}, "body": "{line}"}}' for n, line in enumerate(LINES))
    + "\n]}",
    "html": "<html><body>\n" + "\n".join(f"<p>{line}</p>" for line in LINES) + "\n</body></html>",
    "txt": "\n\n".join(LINES),
}
FORMATS = sorted(BODIES)
CHARSETS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1251", "koi8-r")


def read(body: bytes, extension: str, served_type: str | None = None) -> Transcript:
    return parse_transcript(body, None, f"https://t.example/1.{extension}", served_type, "ru")


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def spread(text: str) -> str:
    """Returns the text with more blank lines between its blocks."""
    return text.replace("\n\n", "\n\n\n")


def trailing_blanks(text: str) -> str:
    return re.sub(r"(?<=\S)$", "  ", text, flags=re.MULTILINE)


LINE_ENDS = ("\n", "\r\n", "\r", "\r\r\n")
HARMLESS: dict[str, Callable[[str], str]] = {
    "blank lines": spread,
    "blank lines around": lambda text: f"\n\n{text}\n\n\n",
    "trailing blanks": trailing_blanks,
    "mark in the text": lambda text: f"\ufeff{text}",
    "no last line end": str.rstrip,
}


@given(
    st.sampled_from(FORMATS),
    st.lists(st.sampled_from(sorted(HARMLESS)), max_size=4, unique=True),
    st.sampled_from(LINE_ENDS),
    st.sampled_from(CHARSETS),
    st.booleans(),
)
def test_harmless_changes_keep_every_word(
    extension: str, changes: list[str], line_end: str, charset: str, is_declared: bool
) -> None:
    text = BODIES[extension]
    for change in changes:
        text = HARMLESS[change](text)
    text = text.replace("\n", line_end)
    if charset in ("windows-1251", "koi8-r"):
        text = text.replace("\ufeff", "")
    # A plain text without ASCII letters shows no byte order.
    is_declared = is_declared or (extension == "txt" and charset in ("utf-16-le", "utf-16-be"))
    served_type = f"text/plain; charset={charset}" if is_declared else None
    transcript = read(text.encode(charset), extension, served_type)
    assert words(transcript.text) == words(" ".join(LINES))
    assert len(transcript.segments) == len(LINES)
    assert not any("left out" in note for note in transcript.notes)


PIECES = st.one_of(
    st.binary(min_size=1, max_size=6),
    st.sampled_from(
        [b"\n", b"\r", b"\n\n", b"-->", b"<", b">", b"<v Ann>", b"{\\an8}", b"NOTE", b"\x00", b'"',
         b"]", b"&#0;", b"&#55358;", b"\\ud83d", b"\xef\xbf\xbd", b"\xff", b"\xed\xa0\xbd"]
    ),
)  # fmt: skip


def assert_names_its_file(refused: TranscriptError) -> None:
    assert refused.reason
    assert "https://t.example/1." in str(refused)


MUTATION = st.tuples(st.sampled_from(["insert", "flip", "cut", "drop"]), st.integers(0), PIECES)


def mutated(body: bytes, mutations: list[tuple[str, int, bytes]]) -> bytes:
    for kind, place, piece in mutations:
        at = place % (len(body) + 1)
        if kind == "insert":
            body = body[:at] + piece + body[at:]
        elif kind == "flip":
            body = body[:at] + bytes(255 - b for b in body[at : at + 1]) + body[at + 1 :]
        elif kind == "cut":
            body = body[:at]
        else:
            body = body[:at] + body[at + len(piece) :]
    return body


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(FORMATS),
    st.sampled_from(CHARSETS),
    st.lists(MUTATION, min_size=1, max_size=6),
)
def test_any_mutation_is_read_or_refused_with_a_reason(
    extension: str, charset: str, mutations: list[tuple[str, int, bytes]]
) -> None:
    body = mutated(BODIES[extension].encode(charset), mutations)
    try:
        transcript = read(body, extension)
    except TranscriptError as err:
        assert_names_its_file(err)
        return
    assert transcript.text.strip()
    assert "\ufffd" not in transcript.text
    rows = TRANSCRIPTS.rows([{"text": transcript.text, "segments": transcript.segments}])
    assert rows["segments"].to_pylist() == [transcript.segments]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([*FORMATS, "mp3"]))
def test_any_bytes_are_read_or_refused_with_a_reason(body: bytes, extension: str) -> None:
    try:
        transcript = read(body, extension)
    except TranscriptError:
        return
    assert "\ufffd" not in transcript.text
    TRANSCRIPTS.rows([{"text": transcript.text, "segments": transcript.segments}])


@pytest.mark.parametrize("extension", FORMATS)
def test_a_character_that_somebody_could_not_read_is_told(extension: str) -> None:
    body = BODIES[extension].replace("хлеба", "хле\ufffd").encode()
    transcript = read(body, extension)
    assert "\ufffd" not in transcript.text
    assert "1 unreadable character left out" in transcript.notes
