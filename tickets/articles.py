"""An article of the knowledge base: its text, its days, and how a ticket names it."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

KEY = re.compile(r"K([0-9]{1,9})\.([0-9]{1,9})", re.ASCII)
DAY = timedelta(days=1)
LONGEST_TITLE, LONGEST_BODY = 200, 10_000  # of a ticket's title and result


class ArticleRefused(ValueError):
    """The article cannot be kept, or not be used."""


@dataclass(frozen=True, slots=True)
class ArticleKey:
    """`K42.3`: the third version of article 42, as it stands on a ticket."""

    article: int
    version: int

    def __str__(self) -> str:
        return f"K{self.article}.{self.version}"

    def next(self) -> "ArticleKey":
        return ArticleKey(self.article, self.version + 1)


def article_key(text: str) -> ArticleKey:
    """Raises ArticleRefused."""
    match = KEY.fullmatch(text)
    if match is None:
        raise ArticleRefused(f"{text} names no article: K42.3 is version 3 of article 42")
    return ArticleKey(int(match[1]), int(match[2]))


@dataclass(frozen=True, slots=True)
class ArticleText:
    """Days are of Asia/Shanghai; `valid_to` is the last day, or empty until further notice.

    With the day before `valid_from` as its last day an article is never valid: taken back.

    Raises:
        ArticleRefused: a text is empty or too long, or it would end before it begins.
    """

    matter: str
    title: str
    body: str
    valid_from: date
    valid_to: date | None = None

    def __post_init__(self) -> None:
        for name, text, most in (
            ("title", self.title, LONGEST_TITLE),
            ("text", self.body, LONGEST_BODY),
        ):
            if not text.strip() or "\0" in text:
                raise ArticleRefused(f"its {name} is empty, or holds a zero byte")
            if len(text) > most:
                raise ArticleRefused(f"its {name} has {len(text)} characters of {most}")
        if self.valid_to is not None and self.valid_to < self.valid_from - DAY:
            raise ArticleRefused(f"it would end on {self.valid_to}, before {self.valid_from}")
