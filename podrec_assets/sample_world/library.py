"""The invented shows that ship with podrec: one text file a show, read into dataclasses. Pure."""

from dataclasses import dataclass
from functools import cache
from importlib import resources

WORDS_A_SECOND = 2.5
"""Speaking rate from which times are derived: 150 words a minute."""


@dataclass(frozen=True)
class Line:
    """What one speaker says at a stretch, with its seconds."""

    start_s: float
    end_s: float
    speaker: str
    text: str


@dataclass(frozen=True)
class Episode:
    """An invented episode. `state` is "" or one of the odd states that real feeds have (see site.py)."""

    guid: str
    title: str
    description: str
    language: str
    state: str
    transcript: str
    lines: tuple[Line, ...]

    @property
    def duration_s(self) -> float:
        return self.lines[-1].end_s if self.lines else 90.0


@dataclass(frozen=True)
class Show:
    """An invented show."""

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
    return tuple(parse_show(f.name.removesuffix(".txt"), f.read_text(encoding="utf-8")) for f in files)


def topics() -> dict[str, str]:
    """Topic of each show, by slug: what the simulated listeners have tastes for."""
    return {show.slug: show.topic for show in load()}


def parse_show(slug: str, text: str) -> Show:
    """The show in a file: its header, then episodes that begin with a line of `==`."""
    header, *parts = text.split("\n==\n")
    fields = _fields(header)
    episodes = tuple(_episode(slug, n, part, fields) for n, part in enumerate(parts, start=1))
    return Show(
        slug, fields["title"], fields["author"], fields["description"], fields["language"], fields["category"], fields["topic"], episodes
    )


def _episode(slug: str, number: int, part: str, show: dict[str, str]) -> Episode:
    head, _, body = part.partition("\n--\n")
    fields = _fields(head)
    return Episode(
        fields.get("guid", f"podrec-sample-{slug}-{number}"), fields["title"], fields["description"],
        fields.get("language", show["language"]), fields.get("state", ""), fields.get("transcript", show["transcript"]), _lines(body),
    )


def _fields(text: str) -> dict[str, str]:
    return {k.strip(): v.strip() for k, _, v in (line.partition(":") for line in text.strip().splitlines()) if v}


def _lines(body: str) -> tuple[Line, ...]:
    lines, at = [], 0.0
    for paragraph in filter(None, (p.strip() for p in body.split("\n"))):
        speaker, _, said = paragraph.partition(": ")
        seconds = round(len(said.split()) / WORDS_A_SECOND, 2)
        lines.append(Line(at, round(at + seconds, 2), speaker, said))
        at = round(at + seconds, 2)
    return tuple(lines)
