"""Which texts say the same thing in the same words, but for places, figures and courtesies.

A learner that is measured with texts whose near copies it has learnt by heart is measured too
well. So near copies are one phrasing, and a phrasing is either learnt or asked, never both.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer

from db.closed_texts import ClosedText

ALIKE = 0.5  # cosine of their pairs of characters, rare ones counting more
COMMON = 0.05  # pairs in more than this share of the texts are courtesies
BLOCK = 500
FIGURES = re.compile(r"[0-9０-９]+")


def phrasings(texts: Sequence[ClosedText]) -> list[int]:
    """For each text the number of its phrasing: the place of the first text that has it.

    A chain of near copies is one phrasing: if in doubt there are fewer of them, and what is
    measured is measured too badly rather than too well.
    """
    matrix = _pairs([_without_details(each) for each in texts])
    first = list(range(len(texts)))
    for one, other in _alike(matrix):
        low, high = sorted((_root(first, one), _root(first, other)))
        first[high] = low
    return [_root(first, n) for n in range(len(texts))]


def _pairs(texts: Sequence[str]) -> Any:  # noqa: ANN401  sparse, one row a text
    for most in (COMMON, 1.0):  # if every pair is common, none is a courtesy
        pairs = TfidfVectorizer(analyzer="char", ngram_range=(2, 2), max_df=most)
        with suppress(ValueError):  # nothing is left
            return pairs.fit_transform(texts)
    return TfidfVectorizer(analyzer="char").fit_transform(["-"] * len(texts))


def _alike(matrix: Any) -> Iterator[tuple[int, int]]:  # noqa: ANN401  sparse, one row a text
    """Pairs of texts, a block of all pairs at a time."""
    for start in range(0, matrix.shape[0], BLOCK):
        near = (matrix[start : start + BLOCK] @ matrix.T).tocoo()
        alike = near.data >= ALIKE
        rows, columns = (near.row[alike] + start).tolist(), near.col[alike].tolist()
        yield from ((one, other) for one, other in zip(rows, columns, strict=True) if one < other)


def _root(first: list[int], n: int) -> int:
    while first[n] != n:
        first[n] = first[first[n]]
        n = first[n]
    return n


def _without_details(each: ClosedText) -> str:
    text = each.text.replace(each.place, " ") if each.place else each.text
    return FIGURES.sub("0", text)
