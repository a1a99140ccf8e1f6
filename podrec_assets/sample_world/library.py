"""The fictional shows that ship with podrec, parsed from `shows/<slug>.txt` into dataclasses.

A file has header lines `key: value`, then episodes. An episode starts with a line `==`, followed by
its own header lines, a line `--`, and one paragraph per speaker turn: `Name: words`.

`transcript` lists the formats that the publisher offers (keys of transcript_files.LINKS). An
episode's own `language`, `transcript` and `duration_s` override the show's; `state` is one of
ODD_STATES. The guid contains the episode's position in the file, so only append episodes.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

WORDS_A_MINUTE = 150
"""Speaking rate that all times are derived from."""
MIN_CUE_WORDS = 8
"""Minimum words of a timed line, unless the speaker says fewer: shorter captions flicker past."""
ODD_STATES = {
    "none": "no transcript is linked",
    "broken": "the transcript link leads to a 404",
    "error_page": "the transcript is a web page served under the transcript's type",
    "duplicate": "the item is in the feed twice",
    "no_audio": "the item has neither enclosure nor transcript",
}
"""Defects of real feeds, each planted in one episode."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Line:
    """One or more sentences by one speaker, with start and end in seconds."""

    start_s: float
    end_s: float
    speaker: str
    text: str


@dataclass(frozen=True)
class Episode:
    """A fictional episode.

    Attributes:
        state: "" or a key of ODD_STATES.
        formats: the transcript formats that its feed links.
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
        """Speakers in order of their first line."""
        return tuple(dict.fromkeys(line.speaker for line in self.lines))

    @property
    def word_count(self) -> int:
        """Words of the transcript."""
        return sum(len(line.text.split()) for line in self.lines)


@dataclass(frozen=True)
class Show:
    """A fictional show with its episodes in order of publication."""

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
    """Returns all shows, sorted by slug."""
    folder = resources.files("podrec_assets.sample_world") / "shows"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".txt")), key=lambda f: f.name)
    return tuple(
        parse_show(f.name.removesuffix(".txt"), f.read_text(encoding="utf-8")) for f in files
    )


def topics() -> dict[str, str]:
    """Returns the topic of each show, by slug; simulated listeners have tastes for topics."""
    return {show.slug: show.topic for show in load()}


def parse_show(slug: str, text: str) -> Show:
    """Parses a show's file.

    Raises:
        KeyError: a header line is missing.
        ValueError: a state is unknown, or a paragraph has no speaker.
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
            # From the running word count: rounded durations would add up to a drift.
            start, words = words, words + len(cue.split())
            lines.append(Line(_seconds(start), _seconds(words), speaker, cue))
    return tuple(lines)


def _cues(said: str) -> list[str]:
    """Splits into sentences; joins short ones to the next, or at the end to the one before."""
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
