"""The same recording is found by its audio address or sentences."""

from podrec_assets.content.similarity.near_duplicates import SKETCH, originals, sketch


def sentence(number: int) -> str:
    return f"Sentence number {number} is long enough that nobody says it twice."


def text(first: int, last: int) -> str:
    return " ".join(sentence(n) for n in range(first, last))


def test_copies_point_to_the_first_recording() -> None:
    texts = [text(0, 30), text(100, 130), text(0, 30), "", "", "short", "short"]
    assert originals(texts, [None] * 7) == [0, 1, 0, 3, 4, 5, 6]


def test_adverts_and_cuts_do_not_hide_a_copy_and_a_shared_intro_makes_none() -> None:
    assert originals([text(0, 40), text(200, 203) + " " + text(0, 36)], [None, None]) == [0, 0]
    assert originals(
        [text(0, 5) + " " + text(300, 335), text(0, 5) + " " + text(400, 435)], [None, None]
    ) == [0, 1]


def test_one_audio_address_is_one_recording_and_copies_of_copies_point_to_the_first() -> None:
    urls = ["https://a/1", None, "https://a/2", "https://a/1"]
    assert originals([text(0, 30), text(50, 80), text(100, 130), text(100, 130)], urls) == [
        0,
        1,
        2,
        0,
    ]
    assert originals(
        [text(0, 30), text(50, 80), text(0, 30)], [None, "https://a/1", "https://a/1"]
    ) == [0, 1, 0]


def test_a_sketch_is_of_bounded_size_and_the_same_in_any_order() -> None:
    assert len(sketch(text(0, 100))) == SKETCH
    assert sketch(text(0, 10)) == sketch(" ".join(reversed([sentence(n) for n in range(10)])))
    assert sketch("Too short. To tell. Anything.") == []
