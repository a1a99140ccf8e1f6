"""Text that engines make up is recognised, and real speech passes."""

import gzip
import json
import re
from pathlib import Path

import pytest

from podrec_assets.content.asr.contract import Recognition
from podrec_assets.content.transcripts.asr_quality import looped_words, suspicions

ENGLISH = (
    "so the thing that we have to see is that it was not for you and this is what they said to "
    "us on the way "
)
GERMAN = (
    "und das ist nicht so wie wir es mit der Frau auf dem Weg gesehen haben aber ich bin auch "
    "noch da für dich "
)


def heard(
    text: str,
    audio_s: float = 120.0,
    covered: float = 0.9,
    confidence: float | None = 0.8,
    parts: int = 4,
) -> Recognition:
    spoken = text.split()
    size, length = max(1, len(spoken) // parts), audio_s * covered / parts
    segments = [
        {
            "start_s": n * length,
            "end_s": (n + 1) * length,
            "text": " ".join(spoken[n * size : (n + 1) * size]),
        }
        for n in range(parts)
    ]
    segments = [s | {"confidence": confidence} for s in segments]
    return Recognition("v", segments, "en", audio_s, 1.0)


def codes(
    recognition: Recognition,
    announced_s: float | None = None,
    language: str | None = "en",
) -> list[str]:
    return [s.code for s in suspicions(recognition, announced_s, language)]


VARIED = " ".join(f"{w}{n}" for n in range(12) for w in ENGLISH.split())


@pytest.mark.parametrize(
    ("recognition", "announced_s", "language", "expected"),
    [
        (heard(ENGLISH * 3 + VARIED), None, "en", []),
        (heard(VARIED), 250.0, "en", ["truncated_audio"]),
        (heard(VARIED), 240.0, "en", []),
        (heard(VARIED + " thank you so much" * 6), None, "en", ["repetition"]),
        (heard("no no no no no " + VARIED), None, "en", []),
        (
            heard("you " * 8 + "and then he left the house by the door", audio_s=20),
            None,
            "en",
            ["repetition"],
        ),
        (heard(VARIED * 3, parts=1), None, "en", ["words_a_minute"]),
        (heard("one two three", covered=0.85, parts=1), None, "en", ["words_a_minute"]),
        (heard("one two three", audio_s=30), None, "en", []),
        (heard(VARIED, covered=0.15), None, "en", ["silence"]),
        (heard(GERMAN * 3), None, "en", ["language_mismatch"]),
        (heard(GERMAN * 3), None, "de", []),
        (heard(GERMAN * 3), None, "xx", []),
        (heard("thanks for watching see you", audio_s=20, parts=1), None, "en", ["stock_phrases"]),
        (heard(VARIED, confidence=0.3), None, "en", ["low_confidence"]),
        (heard(VARIED, confidence=None), None, "en", []),
    ],
)
def test_each_sign_is_found_and_ordinary_speech_has_none(
    recognition: Recognition, announced_s: float | None, language: str, expected: list
) -> None:
    assert codes(recognition, announced_s, language) == expected


def test_a_loop_is_a_phrase_said_four_times_in_a_row() -> None:
    assert looped_words(list("abcabcabcabcd")) == (12, 12)
    assert looped_words(list("abcabcabcd")) == (0, 0)
    assert looped_words(list("xaaaaybbbbb")) == (9, 5)
    assert looped_words([]) == (0, 0)


def test_real_transcripts_have_no_signs(shared_data: Path) -> None:
    with gzip.open(shared_data / "transcripts" / "changelog-dev.jsonl.gz", "rt") as lines:
        texts = [
            re.sub(r"\*\*[^*]*\*\*|\\?\[[\d:.]+\\?\]", " ", json.loads(next(lines))["markdown"])
            for _ in range(60)
        ]
    flagged = [codes(heard(t, audio_s=len(t.split()) / 160 * 60, covered=1.0)) for t in texts]
    assert [c for c in flagged if c] == []


JAPANESE = (
    "今日はパンの焼き方についてゆっくり話していきます",
    "まず小麦粉を三百グラム用意して水を少しずつ加えます",
    "生地が手につかなくなるまで十分ほどこねてください",
    "暖かい場所に置いて二倍の大きさになるまで待ちます",
    "その間に窯を温めておくと後の作業がとても楽になります",
    "焼き色がついたら網の上で一時間ほど冷ましましょう",
)
CHINESE = (
    "今天我们来聊聊怎么在家里烤面包",
    "首先准备三百克面粉然后慢慢加水",
    "揉面大约十分钟直到面团不再粘手",
    "放在温暖的地方等它发到两倍大小",
    "这段时间可以先把烤箱预热好",
    "烤好以后放在架子上凉一个小时",
)
THAI = (
    "วันนี้เราจะพูดถึงวิธีการอบขนมปังที่บ้านกันอย่างช้าๆ",
    "ก่อนอื่นเตรียมแป้งสามร้อยกรัมแล้วค่อยๆเติมน้ำ",
    "นวดแป้งประมาณสิบนาทีจนแป้งไม่ติดมือ",
    "วางไว้ในที่อุ่นแล้วรอจนขยายเป็นสองเท่า",
    "ระหว่างนั้นอุ่นเตาอบไว้ก่อนจะช่วยให้ง่ายขึ้น",
    "เมื่อสุกเป็นสีทองแล้ววางบนตะแกรงหนึ่งชั่วโมง",
)


def recognized(texts: list[str], length_s: float) -> Recognition:
    segments = [
        {"start_s": n * length_s, "end_s": (n + 1) * length_s, "text": text, "confidence": 0.8}
        for n, text in enumerate(texts)
    ]
    return Recognition("v", segments, None, len(texts) * length_s, 1.0)


@pytest.mark.parametrize("texts", [JAPANESE, CHINESE, THAI], ids=["ja", "zh", "th"])
@pytest.mark.parametrize("length_s", [5.0, 10.0, 30.0])
def test_honest_speech_without_blanks_has_no_signs(texts: tuple[str, ...], length_s: float) -> None:
    per_segment = round(length_s / 5)
    joined = ["".join(texts[(n + k) % len(texts)] for k in range(per_segment)) for n in range(12)]
    assert codes(recognized(joined, length_s), language="ja") == []


@pytest.mark.parametrize("texts", [JAPANESE, CHINESE, THAI], ids=["ja", "zh", "th"])
def test_a_few_characters_in_minutes_are_too_few(texts: tuple[str, ...]) -> None:
    assert codes(recognized([texts[0][:4], texts[1][:4]], 60.0)) == ["words_a_minute"]


@pytest.mark.parametrize(
    ("texts", "phrase"),
    [
        (JAPANESE, "ありがとうございました"),
        (JAPANESE, "次の動画でお会いしましょうそれではまたね"),
        (CHINESE, "我们一起去吧"),
        (THAI, "ไปด้วยกันนะครับ"),
    ],
)
def test_a_phrase_in_a_loop_without_blanks_is_found(texts: tuple[str, ...], phrase: str) -> None:
    for joined in ([phrase * 12], [phrase] * 12, [f"{phrase}。" * 12]):
        heard_texts = [*texts, *joined]
        assert codes(recognized(heard_texts, 10.0), language="ja") == ["repetition"]


@pytest.mark.parametrize(
    "phrase",
    [
        "Thanks for watching!",
        "Untertitel der Amara.org-Community",
        "Vielen Dank fürs Zuschauen.",
        "Sous-titrage Société Radio-Canada",
        "Merci d\u2019avoir regardé cette vidéo !",
        "¡Gracias por ver el video!",
        "Legendas pela comunidade Amara.org",
        "Sottotitoli creati dalla comunità Amara.org",
        "Ondertiteld door de Amara.org gemeenschap",
        "Napisy stworzone przez społeczność Amara.org",
        "Продолжение следует...",
        "Субтитры сделал DimaTorzok",
        "ご視聴ありがとうございました。",
        "チャンネル登録 お願いします",
        "字幕由Amara.org社区提供",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "시청해 주셔서 감사합니다.",
        "ترجمة نانسي قنقر",
        "Altyaz\u0131 M.K.",
        "ขอบคุณที่รับชม",
        "Cảm ơn các bạn đã theo dõi",
        "Terima kasih telah menonton!",
        "Undertexter från Amara.org-gemenskapen",
        "Дякую за перегляд!",
    ],
)
def test_stock_phrases_of_other_languages_are_known(phrase: str) -> None:
    assert codes(recognized([phrase], 20.0), language=None) == ["stock_phrases"]
    assert codes(recognized([phrase, *JAPANESE], 5.0), language=None) == []
