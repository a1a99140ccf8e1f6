"""Captions as they are found in the wild: every word in its cue, no clock or number in the text."""

from pathlib import Path

import pytest

from podrec_assets.content.transcripts.formats import TranscriptError, parse_transcript
from podrec_assets_tests.content.growth import assert_linear

HEAD = "WEBVTT\n\n"


def read(body: str, extension: str) -> tuple[list[tuple], list[str]]:
    """Returns (start, end, speaker, text of each segment; notes)."""
    parsed = parse_transcript(body.encode(), None, f"https://t.example/1.{extension}")
    found = [(s["start_s"], s["end_s"], s["speaker"], s["text"]) for s in parsed.segments]
    return found, list(parsed.notes)


def srt(*texts: str) -> str:
    """Returns numbered cues of one second each."""
    return "\n\n".join(
        f"{n}\n00:00:{n - 1:02},000 --> 00:00:{n:02},000\n{text}" for n, text in enumerate(texts, 1)
    )


TWO = [(0.0, 1.5, None, "Hello friends."), (1.5, 3.0, None, "Bread today.")]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            "1\n00:00:00,000 --> 00:00:01,500\nHello friends.\n\n2\n00:00:01,500 --> 00:00:03,000\n"
            "Bread today.\n",
            id="as specified",
        ),
        pytest.param(
            "1\n0:00:00.000 --> 0:00:01.500\nHello friends.\n2\n0:00:01.500 --> 0:00:03.000\n"
            "Bread today.",
            id="no blank lines",
        ),
        pytest.param(
            "00:00:00,000 --> 00:00:01,500\nHello friends.\n\n00:00:01,500 --> 00:00:03,000\n"
            "Bread today.",
            id="no numbers",
        ),
        pytest.param(
            "00:00,000 --> 00:01,500\nHello friends.\n00:01,500 --> 00:03,000\nBread today.",
            id="no hours, numbers or blank lines",
        ),
        pytest.param(
            "1\n1\n00:00:00,000 --> 00:00:01,500\nHello friends.\n\n2\n2\n"
            "00:00:01,500 --> 00:00:03,000\nBread today.",
            id="numbers twice",
        ),
        pytest.param(
            "1\n\n00:00:00,000 --> 00:00:01,500\n\nHello friends.\n\n2\n\n"
            "00:00:01,500 --> 00:00:03,000\n\nBread today.",
            id="each line apart",
        ),
        pytest.param(
            "1\n00:00:00, 000 --> 00:00:01, 500\nHello friends.\n\n2\n"
            "00:00:01:500 -> 00:00:03:000\nBread today.",
            id="blanks, colons and short arrows",
        ),
        pytest.param(
            "1\n00:00:00,000 --&gt; 00:00:01,500\nHello friends.\n\n2\n"
            "00:00:01,500 \u2013> 00:00:03,000\nBread today.",
            id="arrows that software rewrote",
        ),
        pytest.param(
            "1\n00:00:00,000 ==> 00:00:01,500\nHello friends.\n\n2\n"
            "00:00:01;500 --\uff1e 00:00:03;000\nBread today.",
            id="double arrows and semicolons",
        ),
        pytest.param(
            "1\n00:00:00,000 - 00:00:01,500\nHello friends.\n\n2\n"
            "00:00:01.500 \u2014 00:00:03.000\nBread today.",
            id="dashes for arrows",
        ),
        pytest.param(
            "7\n00:00:00,0 --> 00:00:01,500 X1:40 X2:600 Y1:20 Y2:50\nHello friends.\n\n8\n"
            "00:00:01,500000 --> 00:00:03\nBread today.",
            id="coordinates and other fractions",
        ),
        pytest.param(
            "1\n00:00:00,000 --> 00:00:01,500\nHello\nfriends.\n\n2\n"
            "00:00:01,500 --> 00:00:03,000\nBread\n\ntoday.\n\n3\n00:0",
            id="lines, a gap, and an end that was cut off",
        ),
    ],
)
def test_srt_of_every_kind_gives_the_same_cues(body: str) -> None:
    assert read(body, "srt") == (TWO, [])
    assert read(body, "txt") == (TWO, [])


def test_a_number_that_is_said_stays() -> None:
    said = ["When?", "1984", "7", "Then."]
    assert [s[3] for s in read(srt(*said), "srt")[0]] == said
    assert [s[3] for s in read(HEAD + srt(*said).replace(",", "."), "vtt")[0]] == said
    bare = "00:00,000 --> 00:01,000\n1984\n00:01,000 --> 00:02,000\nThen.\n"
    assert [s[3] for s in read(bare, "srt")[0]] == ["1984", "Then."]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            "00:00.000 --> 00:01.500\nHello friends.\n\n00:01.500 --> 00:03.000\nBread today.",
            id="as specified",
        ),
        pytest.param(
            "00:00.000 --> 00:01.500\nHello friends.\n00:01.500 --> 00:03.000\nBread today.",
            id="a timing line ends a payload",
        ),
        pytest.param(
            "1\n00:00.000 --> 00:01.500\nHello friends.\n2\n00:01.500 --> 00:03.000\nBread today.",
            id="numbers and no blank lines",
        ),
        pytest.param(
            "one\n00:00.000 --> 00:01.500 align:start position:10%,line-left\nHello friends.\n\n"
            "two - 2\n00:01.500 --> 00:03.000 line:-1 size:35%\nBread today.",
            id="identifiers and settings",
        ),
        pytest.param(
            "NOTE words\nthat nobody says\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:a\n\n"
            "00:00.000 --> 00:01.500\nHello friends.\n\nNOTE\tmore\n\n00:01.500 --> 00:03.000\n"
            "Bread today.",
            id="blocks that are no cues",
        ),
        pytest.param(
            "00:00.000 --> 00:01.500\n \nHello<00:00:00.480><c> friends.</c>\n\n"
            "00:01.500 --> 00:03.000\nBread\n \ntoday.",
            id="a line of one blank is not empty",
        ),
        pytest.param(
            "one  \n00:00.000 --> 00:01.500  \nHello friends.  \n  \ntwo \n"
            "00:01.500 --> 00:03.000\nBread today. ",
            id="trailing blanks everywhere",
        ),
        pytest.param(
            "00:00,000 --> 00:01,500\nHello friends.\n\n00:01,500 --> 00:03,000\nBread today.",
            id="commas",
        ),
    ],
)
def test_webvtt_of_every_kind_gives_the_same_cues(body: str) -> None:
    for head in (HEAD, "WEBVTT - title\nKind: captions\n\n"):
        assert read(head + body, "vtt") == (TWO, [])
    assert read(HEAD + body, "srt") == (TWO, []), "the header decides"


def test_words_outside_of_webvtt_cues_are_left_out_and_told() -> None:
    body = (
        f"{HEAD}stray\n\n00:00.000 --> 00:01.000\nHello.\n\nnot heard\n\n00:01.000 --> 00:02.000\n"
        "Bye."
    )
    assert read(body, "vtt") == (
        [(0.0, 1.0, None, "Hello."), (1.0, 2.0, None, "Bye.")],
        ["3 words outside of cues left out"],
    )


def test_words_under_a_clock_that_cannot_be_read_stay_without_times() -> None:
    for extension, body in (
        ("vtt", f"{HEAD}00:00.000 --> 00:01.000\nHello.\n\n0O:01.0 --> soon\nBye."),
        ("srt", f"{srt('Hello.')}\n\n2\n00:00:0l,000 --> 00:00:02,000\nBye."),
    ):
        found, notes = read(body, extension)
        assert found == [(0.0, 1.0, None, "Hello."), (None, None, None, "Bye.")]
        assert notes == ["1 timing line cannot be read"]


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ("<i>Hello</i>, un<b>believ</b>able", "Hello, unbelievable"),
        ("{\\an8}On {\\i1}top{\\i0}.", "On top."),
        ("un{\\b1}believ{\\b0}able", "unbelievable"),
        ('<font color="#ffff00">Yellow</font>', "Yellow"),
        ("<c.yellow.bg_blue>Hel</c><00:00:01.500><c>lo</c>", "Hello"),
        ("<lang en-GB>Colour</lang>", "Colour"),
        ("one<br>two<br />three\\Nfour\\hfive", "one two three four five"),
        ("Q&amp;A&nbsp;&lt;3 &quot;x&quot;", 'Q&A <3 "x"'),
        ("5 < 6 and 7 > 2", "5 < 6 and 7 > 2"),
        ("I <3 you", "I <3 you"),
        ("go A -> B", "go A -> B"),
        ("9:00:00 - 10:00:00", "9:00:00 - 10:00:00"),
    ],
)
def test_tags_add_no_characters_and_are_no_words(payload: str, text: str) -> None:
    for body, extension in (
        (HEAD + srt(payload).replace(",000", ".000"), "vtt"),
        (srt(payload), "srt"),
    ):
        assert read(body, extension) == ([(0.0, 1.0, None, text)], [])


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("<v Ann>Ready?</v>\n<v Bo>Ready.</v>", [("Ann", "Ready?"), ("Bo", "Ready.")]),
        ("<v Ann>Ready? <v Bo>Ready.", [("Ann", "Ready?"), ("Bo", "Ready.")]),
        ("<v.first.loud Ann Lee>Hi\nthere</v>", [("Ann Lee", "Hi there")]),
        ("<v Ann>Hi.</v> A door opens.", [("Ann", "Hi."), (None, "A door opens.")]),
        ("<v Ann &amp; Bo>Hi.", [("Ann & Bo", "Hi.")]),
        ("<v\nAnn>Hi.", [("Ann", "Hi.")]),
        ("<v Ann>Hi. <v Bo>Yes. <v Ann>So.", [("Ann", "Hi."), ("Bo", "Yes."), ("Ann", "So.")]),
    ],
)
def test_each_voice_has_its_own_words_and_ends_with_its_cue(
    payload: str, expected: list[tuple]
) -> None:
    body = f"{HEAD}00:00.000 --> 00:02.000\n{payload}\n\n00:02.000 --> 00:04.000\nSomeone walks in."
    found, _ = read(body, "vtt")
    assert [s[2:] for s in found] == [*expected, (None, "Someone walks in.")]
    assert {s[:2] for s in found[:-1]} == {(0.0, 2.0)}


def test_labels_of_two_speakers_in_a_cue_name_each_his_line() -> None:
    found, _ = read(srt("Ann: Ready?\nBo: Ready.", "And so on.", "Ann: Good."), "srt")
    assert [s[2:] for s in found] == [
        ("Ann", "Ready?"),
        ("Bo", "Ready."),
        ("Bo", "And so on."),
        ("Ann", "Good."),
    ]


ROLLED = ["hi everyone", "my name is", "Ann and this", "is bread"]


@pytest.mark.parametrize(
    "cues",
    [
        pytest.param(["hi everyone", "hi everyone\nmy name is", "my name is\nAnn and this",
                      "Ann and this\nis bread", "is bread"], id="two lines"),
        pytest.param(["hi everyone\nmy name is", "my name is\nAnn and this",
                      "Ann and this\nis bread"], id="from two lines"),
        pytest.param(["hi everyone", "hi everyone\nmy name is", "hi everyone\nmy name is\n"
                      "Ann and this", "my name is\nAnn and this\nis bread"], id="three lines"),
        pytest.param([line for line in ROLLED for _ in range(2)], id="each cue twice"),
        pytest.param([line for line in ROLLED for _ in range(3)], id="each cue three times"),
        pytest.param(["hi", "hi everyone", "my", "my name", "my name is", "Ann and this",
                      "Ann and this is", "Ann and this is bread"], id="cues that grow"),
    ],
)  # fmt: skip
def test_captions_that_roll_have_each_line_once(cues: list[str]) -> None:
    text = " ".join(ROLLED)
    assert " ".join(s[3] for s in read(srt(*cues), "srt")[0]) == text
    body = HEAD + srt(*cues).replace(",", ".").replace(" --> 00:00:0", "  --> 00:00:0")
    assert " ".join(s[3] for s in read(body, "vtt")[0]) == text


def test_captions_of_a_video_site_that_roll_word_by_word() -> None:
    body = HEAD
    for n, (old, new) in enumerate(zip([" ", *ROLLED], ROLLED, strict=False)):
        first, *rest = new.split(" ")
        timed = first + "".join(f"<00:00:0{n}.500><c> {word}</c>" for word in rest)
        body += f"00:00:0{n}.000 --> 00:00:0{n}.990 align:start position:0%\n{old}\n{timed}\n\n"
        body += f"00:00:0{n}.990 --> 00:00:0{n + 1}.000 align:start position:0%\n{new}\n \n\n"
    assert [s[3] for s in read(body, "vtt")[0]] == ROLLED


@pytest.mark.parametrize(
    "said",
    [
        ["No.", "No.", "I said no.", "Why?", "Because.", "Fine.", "Then go."],
        ["Yes.", "Yes.", "Yes.", "Yes.", "Yes."],
        ["the", "then we go", "good", "goods and more", "so", "some of it"],
        ["при", "привет всем", "на", "народ здесь", "мы", "мыло есть"],
    ],
)
def test_what_is_said_twice_stays_twice(said: list[str]) -> None:
    assert [s[3] for s in read(srt(*said), "srt")[0]] == said


@pytest.mark.parametrize(
    ("extension", "head", "part"),
    [
        ("vtt", f"{HEAD}00:00.000 --> 00:01.000\nhi ", "<v "),
        ("vtt", f"{HEAD}00:00.000 --> 00:01.000\nhi ", "<v  "),
        ("vtt", f"{HEAD}00:00.000 --> 00:01.000\nhi ", "{\\"),
        ("vtt", f"{HEAD}00:00.000 --> 00:01.000\nhi ", "<br "),
        ("vtt", f"{HEAD}00:00.000 --> 00:01.000\nhi\n", "-->\n"),
        ("vtt", f"{HEAD}00:00.000 --> 00:01.000\nhi\n", " \n"),
        ("srt", "00:00,000 --> 00:01,000\nhi\n", "1\n"),
        ("srt", "00:00,000 --> 00:01,000\nhi ", "00:"),
        ("srt", "00:00,000 --> 00:01,000\nhi ", "&#"),
        ("srt", "00:00,000 --> 00:01,000\nhi\n", "00:00,000 --> 00:01,000\nhi\n"),
        ("srt", "00:00,000 --> 00:01,000\nhi\n", "00:00,000 --> 00:01,000 line: "),
        ("srt", "00:00,000 --> 00:01,000\nhi\n", "Ann: ok\n"),
    ],
)
def test_hostile_captions_cost_linear_time(extension: str, head: str, part: str) -> None:
    def work(count: int) -> None:
        assert read(head + part * count, extension)[0][0][3].startswith("hi")

    assert_linear(work, 500)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("C01.srt", [(0.0, 2.0, None, "Hello friends."), (2.0, 4.0, None, "Welcome back."),
                     (4.0, 7.0, None, "Bread today.")]),
        ("C13.vtt", [(0.24, 1.91, None, "hi everyone"), (1.92, 3.0, None, "my name")]),
        ("C14.vtt", [(0.0, 2.0, None, "Hello, unbelievable")]),
        ("C14.srt", [(0.0, 2.0, None, "Hello, unbelievable"), (2.0, 3.0, None, "On top.")]),
        ("C16.srt", [(1.0, 2.0, None, "No time for dough."), (2.0, 4.0, None, "Fine! Then leave."),
                     (4.0, 5.0, None, "Bye.")]),
        ("C16b.srt", [(1.0, 4.0, None, "First line here. Second line after a gap."),
                      (4.0, 5.0, None, "Bye.")]),
        ("C21.srt", [(0.0, 4.0, None, "Привет, это час хлеба.")]),
        ("C23.vtt", [(0.0, 2.0, "Ann", "Hello."),
                     (2.0, 4.0, None, "A door opens and someone walks in.")]),
        ("C24.vtt", [(0.0, 2.0, "Ann", "Ready?"), (0.0, 2.0, "Bo", "Ready.")]),
        ("E8_space.srt", [(0.0, 1.0, None, "First."), (1.0, 2.0, None, "Second."),
                          (2.0, 3.0, None, "Third."), (3.0, 4.0, None, "Fourth.")]),
    ],
)  # fmt: skip
def test_captions_of_bug_reports(shared_data: Path, name: str, expected: list[tuple]) -> None:
    body = (shared_data / "field" / "content" / name).read_bytes()
    parsed = parse_transcript(body, None, f"https://t.example/{name}")
    assert [
        (s["start_s"], s["end_s"], s["speaker"], s["text"]) for s in parsed.segments
    ] == expected


@pytest.mark.parametrize("extension", ["vtt", "srt"])
def test_captions_without_any_readable_clock_are_refused(extension: str) -> None:
    with pytest.raises(TranscriptError) as refused:
        read("WEBVTT\n\nsoon --> later\nHello.", extension)
    assert refused.value.reason == "no_cues"
