"""What an article is found by, and what a question asks for: single characters, pairs, words.

Chinese is written without spaces. Every character and every pair of neighbours is a term, so that
a word of one or two characters is found wherever it stands, however a dictionary would cut the
text. Longer words come from a dictionary, which is handed in.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

# Han, its extensions and the compatibility forms that NFKC leaves; then letters and digits.
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
RUN = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+")
IS_HAN = re.compile(rf"[{HAN}]")
MOST_IN_A_QUESTION = 200  # characters
TITLE, BODY_MOST = 5, 5

Cut = Callable[[str], Iterable[str]]


class NothingAsked(ValueError):
    """The question has no character that could be searched for."""


@dataclass(frozen=True, slots=True)
class Question:
    """every: terms that an article must have all. some: terms of which it must have `least`.

    bonus: terms that only lift an article in the list.
    """

    every: frozenset[str]
    some: frozenset[str]
    least: int
    bonus: frozenset[str]


def plain(text: str) -> str:
    """One form for what looks alike: full width, case."""
    return unicodedata.normalize("NFKC", text).casefold()


def question_key(text: str) -> str:
    """The same for questions that differ in case, spaces and punctuation only."""
    return " ".join(RUN.findall(plain(text)))


def weighed_terms(title: str, body: str, cut: Cut) -> dict[str, int]:
    """Term -> weight, from 1 to TITLE + BODY_MOST."""
    weights = {term: min(count, BODY_MOST) for term, count in _terms(body, cut).items()}
    for term in _terms(title, cut):
        weights[term] = weights.get(term, 0) + TITLE
    return weights


def question(text: str, cut: Cut) -> Question:
    """What is looked for.

    Words of one or two characters, and words of letters, must all be there. Of the pairs in longer
    Chinese words and sentences half is enough: the caller's wording is never the article's.

    Raises:
        NothingAsked
    """
    every: set[str] = set()
    some: set[str] = set()
    bonus: set[str] = set()
    for run in RUN.findall(plain(text[:MOST_IN_A_QUESTION])):
        if len(run) <= 2 or not IS_HAN.match(run):
            every.add(run)
            continue
        words = [word for word in cut(run) if len(word) > 1]
        some |= {pair for word in words or [run] for pair in _pairs(word)}
        bonus |= {word for word in words if len(word) > 2}
    some -= every
    if not every and not some:
        raise NothingAsked("there is no word in it: ask with at least one character or number")
    return Question(
        frozenset(every), frozenset(some), (len(some) + 1) // 2, frozenset(bonus - some - every)
    )


def _terms(text: str, cut: Cut) -> Counter[str]:
    found: Counter[str] = Counter()
    for run in RUN.findall(plain(text)):
        if not IS_HAN.match(run):
            found[run] += 1
            continue
        found.update(run)
        found.update(_pairs(run))
        found.update(word for word in cut(run) if len(word) > 2)
    return found


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]
