"""Word error rate: the share of words that an engine gets wrong."""

from podrec_assets.content.words import spoken_words


def word_error_rate(reference: str, heard: str) -> float:
    """(substitutions + deletions + insertions) / words of the reference, by the cheapest alignment.

    Words are compared in lower case without punctuation; an apostrophe inside a word belongs to it.
    May exceed 1. Without reference words it is 0 when nothing was heard, else 1.
    """
    wanted, actual = spoken_words(reference), spoken_words(heard)
    if not wanted:
        return float(bool(actual))
    costs = list(range(len(actual) + 1))
    for row, word in enumerate(wanted, start=1):
        diagonal, costs[0] = costs[0], row
        for column, other in enumerate(actual, start=1):
            diagonal, costs[column] = (
                costs[column],
                min(costs[column] + 1, costs[column - 1] + 1, diagonal + (word != other)),
            )
    return costs[-1] / len(wanted)
