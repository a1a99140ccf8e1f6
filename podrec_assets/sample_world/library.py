"""The invented shows that ship with podrec, read from `shows/<slug>.txt` into dataclasses. Pure.

A file is header lines `key: value`, then episodes. Each begins with a line `==` and has header
lines of its own, a line `--`, and one paragraph a speaker, `Name: words`. `transcript` names the
formats that the publisher offers (keys of transcript_files.LINKS); an episode's own `language`, `transcript`
and `duration_s` go before the show's, and `state` is one of ODD_STATES. An episode's place in its
file is part of its guid, so episodes are appended to a file, never put between others.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

WORDS_A_MINUTE = 150
"""Speaking rate from which all times are derived."""
MIN_CUE_WORDS = 8
"""Fewest words of a timed line, unless the speaker says no more: captions of one word flicker past.
"""
ODD_STATES = {
    "none": "no transcript is linked",
    "broken": "the transcript link leads to a 404",
    "error_page": "the transcript is a web page served under the transcript's type",
    "duplicate": "the item stands in the feed twice",
    "no_audio": "the item has neither enclosure nor transcript",
}
"""States that real feeds have, each planted in an episode of one show."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Line:
    """A sentence or a few by one speaker, with the seconds in which they are said."""

    start_s: float
    end_s: float
    speaker: str
    text: str


@dataclass(frozen=True)
class Episode:
    """An invented episode; `state` is "" or a key of ODD_STATES, `formats` are the transcripts that
    its feed links.
    """

    guid: str
    title: str
    description: str
    language: str
    state: str
    formats: tuple[str, ...]
    duration_s: float
    lines: tuple[Line, ...]

    @property
    def speakers(self) -> tuple[str, ...]:
        """Who speaks, in order of their first words."""
        return tuple(dict.fromkeys(line.speaker for line in self.lines))

    @property
    def word_count(self) -> int:
        """Words of the transcript."""
        return sum(len(line.text.split()) for line in self.lines)


@dataclass(frozen=True)
class Show:
    """An invented show with its episodes in order of publication."""

    slug: str
    title: str
    author: str
    description: str
    language: str
    category: str
    topic: str
    episodes: tuple[Episode, ...]


@cache
def load() -> tuple[Show, ...]:
    """All shows, by slug."""
    folder = resources.files("podrec_assets.sample_world") / "shows"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".txt")), key=lambda f: f.name)
    return tuple(
        parse_show(f.name.removesuffix(".txt"), f.read_text(encoding="utf-8")) for f in files
    )


def topics() -> dict[str, str]:
    """Topic of each show, by slug: what the simulated listeners have tastes for."""
    return {show.slug: show.topic for show in load()}


def parse_show(slug: str, text: str) -> Show:
    """The show in a file's text.

    Raises:
        KeyError: a header line is missing.
        ValueError: a state is unknown, or a paragraph names no speaker.
    """
    header, *parts = re.split(r"\n==\n", text)
    fields = _fields(header)
    return Show(
        slug=slug,
        title=fields["title"],
        author=fields["author"],
        description=fields["description"],
        language=fields["language"],
        category=fields["category"],
        topic=fields["topic"],
        episodes=tuple(
            _episode(f"podrec-sample-{slug}-{n}", part, fields)
            for n, part in enumerate(parts, start=1)
        ),
    )


def _episode(guid: str, part: str, show: dict[str, str]) -> Episode:
    head, _, body = f"{part}\n".partition("\n--\n")
    own = _fields(head)
    state = own.get("state", "")
    if state and state not in ODD_STATES:
        raise ValueError(f"{guid} has the unknown state {state!r}.")
    lines = _lines(guid, body)
    duration_s = lines[-1].end_s if lines else float(own["duration_s"])
    formats = (
        ()
        if state in ("none", "no_audio")
        else tuple(own.get("transcript", show["transcript"]).split())
    )
    language = own.get("language", show["language"])
    return Episode(
        guid, own["title"], own["description"], language, state, formats, duration_s, lines
    )


def _fields(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.strip().splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _lines(guid: str, body: str) -> tuple[Line, ...]:
    lines: list[Line] = []
    words = 0
    for paragraph in filter(None, (p.strip() for p in body.splitlines())):
        speaker, colon, said = paragraph.partition(": ")
        if not colon or len(speaker.split()) > 2:
            raise ValueError(f"{guid} has a paragraph without a speaker: {paragraph[:40]!r}.")
        for cue in _cues(said):
            # From the running count of words, for rounded lengths would add up to a drift.
            start, words = words, words + len(cue.split())
            lines.append(Line(_seconds(start), _seconds(words), speaker, cue))
    return tuple(lines)


def _cues(said: str) -> list[str]:
    """The sentences, short ones joined to the next, or at the end to the one before."""
    cues: list[str] = []
    for sentence in _SENTENCE_END.split(said):
        if cues and len(cues[-1].split()) < MIN_CUE_WORDS:
            cues[-1] += f" {sentence}"
        else:
            cues.append(sentence)
    if len(cues) > 1 and len(cues[-1].split()) < MIN_CUE_WORDS:
        last = cues.pop()
        cues[-1] += f" {last}"
    return cues


def _seconds(words: int) -> float:
    return round(words * 60 / WORDS_A_MINUTE, 2)
