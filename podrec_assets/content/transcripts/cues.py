"""WebVTT and SRT: timed cues to segments. Pure.

Hand-written because hosts serve both formats broken: without the header, without blank lines,
with times of one digit and arrows of any kind. The libraries refuse or misread these (ADR 0015).
"""

import re
from dataclasses import dataclass, field
from html import unescape
from itertools import groupby

from podrec_assets.content.transcripts.rolling import Line, without_repeats
from podrec_assets.content.transcripts.segments import (
    Parsed,
    TranscriptError,
    clock_seconds,
    count_of,
    segment,
)
from podrec_assets.content.transcripts.speakers import split_speakers
from podrec_assets.content.words import word_count

_DASHES = r"(?:[-=~\u2010-\u2015]\s?){1,3}"
_ARROW = rf"(?:{_DASHES}(?:>|&gt;|\uff1e)|[\u2192\u21d2\u27f6\u2794])"
_CLOCK = (
    r"-?(?:(\d{1,4})\s?:\s?)?(\d{1,2})\s?:\s?(\d{1,2})"
    r"(?:\s?[.,:;]\s?(\d{1,9}))?"
)
_SETTING = r"(?:vertical|line|position|size|align|region|[XY][12])\s?:\s?\S+"
TIMING = re.compile(rf"^\s*{_CLOCK}\s*{_ARROW}\s*{_CLOCK}(?:\s+{_SETTING})*(?!\d)(.*)$")
"""Groups: hours, minutes, seconds, fraction, twice; then words on the same line."""
_WHOLE_CLOCK = r"(\d{1,4}):(\d{2}):(\d{2})[.,](\d{1,3})"
_WITHOUT_ARROW = re.compile(rf"^\s*{_WHOLE_CLOCK}\s*{_DASHES}{_WHOLE_CLOCK}\s*()$")
"""Two whole clocks alone on a line, with the groups of TIMING."""
_UNREADABLE = re.compile(
    rf"^(?=.*\d)(?=.*:)\s*[\w:.,;\s]{{1,20}}{_ARROW}[\w:.,;\s]{{1,20}}(?:\s+{_SETTING})*\s*$"
)
_NUMBER = re.compile(r"^\s*#?\d{1,7}[.:)]?\s*$")
_COMMENT = re.compile(r"^(?:NOTE|STYLE|REGION)(?:\s|$)")
_HEADER = re.compile(r"^\s*WEBVTT\b", re.IGNORECASE)
_REMAINS = re.compile(r"^[\d:.,\s>-]+$")
_LINE_BREAK = re.compile(r"<br\s*/?>|\\N", re.IGNORECASE)
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?(?:\s([^<>]*))?>|</v>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|</?>|<[\d:.]+>|\{\\[^{}]*\}")
"""Tags of WebVTT and SRT, timestamps, and style overrides of SSA."""


@dataclass
class _Cue:
    """A timing line with the lines of its payload; times are None where they cannot be read."""

    start_s: float | None
    end_s: float | None
    lines: list[str] = field(default_factory=list)


def parse_vtt(text: str, url: str) -> Parsed:
    """Returns the segments of WebVTT: an empty line or a timing line ends a payload.

    Raises:
        TranscriptError: reason no_cues.
    """
    return _parsed(*_vtt_cues(text.split("\n")), text, url)


def parse_srt(text: str, url: str) -> Parsed:
    """Returns the segments of SRT: only the next timing line and its number end a payload.

    Raises:
        TranscriptError: reason no_cues.
    """
    return _parsed(*_srt_cues(text.split("\n")), text, url)


def is_timing(line: str) -> bool:
    """Whether a line holds the two clock times of a cue."""
    return _timing(line) is not None


def _timing(line: str) -> re.Match[str] | None:
    return TIMING.match(line) or _WITHOUT_ARROW.match(line)


def _vtt_cues(lines: list[str]) -> tuple[list[_Cue], list[str]]:
    """Returns (cues, lines with words outside of cues)."""
    cues: list[_Cue] = []
    stray: list[str] = []
    payload: list[str] | None = None
    comment: list[str] | None = [] if _HEADER.match(lines[0]) else None
    for number, line in enumerate(lines):
        is_after_blank = number == 0 or not lines[number - 1].strip()
        if cue := _timed(line, "-->" in line):
            target = payload if payload is not None else stray if comment is None else comment
            _drop_identifier(target, lines, number, len(cues))
            cues.append(cue)
            payload, comment = cue.lines, None
        elif is_after_blank and _COMMENT.match(line):
            payload, comment = None, []
        elif not line.strip() and (not line or comment is not None):
            payload, comment = None, None
        elif payload is not None:
            payload.append(line)
        elif comment is None:
            stray.append(line)
        else:
            comment.append(line)
    return cues, stray


def _drop_identifier(target: list[str], lines: list[str], number: int, count: int) -> None:
    """Removes the identifier of the cue at a line number from the lines collected before it.

    It follows a blank line, or is the number of the cue, which comes after `count` others.
    """
    if not target or not lines[number - 1].strip():
        return
    follows_blank = number < 2 or not lines[number - 2].strip()
    begins_payload = number > 2 and lines[number - 2] != "" and is_timing(lines[number - 3])
    if target[-1].strip() in (str(count), str(count + 1)) or (follows_blank and not begins_payload):
        target.pop()


def _srt_cues(lines: list[str]) -> tuple[list[_Cue], list[str]]:
    """Returns (cues, lines with words before the first cue)."""
    cues: list[_Cue] = []
    blocks: list[list[str]] = [[]]
    for line in lines:
        if cue := _timed(line, _UNREADABLE.match(line) is not None):
            cues.append(cue)
            blocks.append(cue.lines)
        else:
            blocks[-1].append(line)
    for block in blocks:
        while block and not block[-1].strip():
            block.pop()
    numbered = sum(map(_ends_with_number, blocks[:-1]))
    if _ends_with_number(blocks[0]) or 2 * numbered > len(cues):
        for block in blocks[:-1]:
            _drop_number(block)
        _drop_cut_cue(blocks[-1])
    return cues, [line for line in blocks[0] if not _NUMBER.match(line)]


def _ends_with_number(block: list[str]) -> bool:
    return bool(block) and _NUMBER.match(block[-1]) is not None


def _drop_number(block: list[str]) -> None:
    """Removes the number of the next cue from the end of a payload, also one written twice."""
    if not _ends_with_number(block):
        return
    number = block.pop().strip()
    if block and block[-1].strip() == number:
        block.pop()


def _drop_cut_cue(block: list[str]) -> None:
    """Removes the number and the part of a clock with which a file that was cut off ends."""
    blank = max((n for n, line in enumerate(block) if not line.strip()), default=-1)
    if blank > 0 and all(_REMAINS.match(line) for line in block[blank + 1 :]):
        del block[blank:]


def _timed(line: str, is_unreadable: bool) -> _Cue | None:
    """Returns the cue that a timing line begins; None for any other line."""
    if match := _timing(line):
        clocks = match.groups()
        rest = match[9].strip()
        times = clock_seconds(clocks[:4]), clock_seconds(clocks[4:8])
        return _Cue(*times, [rest] if rest else [])
    return _Cue(None, None) if is_unreadable else None


def _parsed(cues: list[_Cue], stray: list[str], text: str, url: str) -> Parsed:
    if all(cue.start_s is None for cue in cues) and _HEADER.sub("", text).strip():
        raise TranscriptError("no_cues", f"{url} has no timed cues.")
    notes = []
    if unreadable := sum(cue.start_s is None for cue in cues):
        notes.append(f"{count_of(unreadable, 'timing line')} cannot be read")
    if words := sum(word_count(line) for line in stray):
        notes.append(f"{count_of(words, 'word')} outside of cues left out")
    rolled = without_repeats([_lines(cue) for cue in cues])
    segments = []
    for cue, lines in zip(cues, _named(rolled), strict=True):
        for speaker, group in groupby(lines, key=lambda line: line[0]):
            words_said = " ".join(said for _, said in group)
            segments.append(segment(cue.start_s, cue.end_s, speaker, words_said))
    return Parsed(segments, notes)


def _lines(cue: _Cue) -> list[Line]:
    """Returns (voice, words) of each line, of each voice apart; tags add no characters."""
    payload = _LINE_BREAK.sub("\n", "\n".join(cue.lines)).replace("\\h", " ")
    lines: list[Line] = []
    voice, at = None, 0
    for tag in (*_VOICE.finditer(payload), None):
        plain = unescape(_TAG.sub("", payload[at : tag.start() if tag else None]))
        lines.extend((voice, " ".join(line.split())) for line in plain.split("\n") if line.strip())
        if tag:
            voice = " ".join(unescape(tag[1] or "").split()) or None
            at = tag.end()
    return lines


def _named(cues: list[list[Line]]) -> list[list[Line]]:
    """Returns the lines with their speakers.

    A voice ends with its cue. A label such as "Ann:" holds until the next one; labels are read
    only where the file has no voices.
    """
    if any(voice for cue in cues for voice, _ in cue):
        return cues
    labelled = iter(split_speakers([words for cue in cues for _, words in cue]))
    result, speaker = [], None
    for cue in cues:
        lines = []
        for _ in cue:
            name, words = next(labelled)
            speaker = name or speaker
            lines.append((speaker, words))
        result.append(lines)
    return result
