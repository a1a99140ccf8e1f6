"""Words are counted in every script."""

import pytest

from podrec_assets.content.words import loop_units, spoken_words, word_count
from podrec_assets_tests.content.growth import assert_linear


@pytest.mark.parametrize(
    ("text", "fewest", "most"),
    [
        ("", 0, 0),
        ("Only three words.", 3, 3),
        ("It's - five tokens here", 5, 5),
        ("Привет, это час хлеба", 4, 4),
        ("안녕하세요 빵 시간입니다", 3, 3),
        ("हिन्दी में रोटी की बात", 5, 5),
        ("今日はパンの焼き方についてゆっくり話していきます", 8, 14),
        ("今天我们来聊聊怎么烤面包和准备面团", 6, 10),
        ("วันนี้เราจะพูดถึงวิธีการอบขนมปังที่บ้าน", 6, 12),
        ("ມື້ນີ້ພວກເຮົາຈະເວົ້າກ່ຽວກັບເຂົ້າຈີ່", 5, 10),
        ("ថ្ងៃនេះយើងនិយាយអំពីនំប៉័ង", 4, 8),
        ("ယနေ့ကျွန်တော်တို့ပေါင်မုန့်အကြောင်းပြောပါမယ်", 6, 12),
        ("今日はPython 3の話です", 6, 8),
        ("、。「」", 1, 1),
    ],
)
def test_words_of_any_script_are_counted(text: str, fewest: int, most: int) -> None:
    assert fewest <= word_count(text) <= most


def test_marks_are_parts_of_a_word() -> None:
    assert spoken_words("हिन्दी में don\u2019t Cafe\u0301 می\u200cروم") == [
        "हिन्दी",
        "में",
        "don't",
        "cafe\u0301",
        "می\u200cروم",
    ]


def test_loops_are_searched_in_words_or_characters() -> None:
    assert loop_units("Thank you, thank you") == (["thank", "you", "thank", "you"], 1)
    assert loop_units("はい、はい。") == (list("はいはい"), 2)
    assert loop_units("สวัสดี") == (list("สวัสดี"), 3)
    assert loop_units("") == ([], 1)
    assert loop_units("A word with パン in it")[1] == 1


@pytest.mark.parametrize("part", ["a", "\u0301", "a\u0301", "今", "ก", "' ", "a'"])
def test_counting_costs_linear_time(part: str) -> None:
    assert_linear(
        lambda n: (word_count(part * n), spoken_words(part * n), loop_units(part * n)), 5_000
    )
