"""Articles found by their words, best first, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from db.knowledge import valid_on
from db.models import ArticleRow, ArticleTermRow
from tickets.terms import Question


@dataclass(frozen=True, slots=True)
class Found:
    """score: sum of its terms' weights; with the article's number it is the place in the list."""

    article: int
    version: int
    matter: str
    title: str
    valid_to: date | None
    score: int


def search_articles(
    session: Session,
    question: Question,
    *,
    on: date,
    matter: str = "",
    limit: int = 20,
    after: Found | None = None,
) -> Sequence[Found]:
    """Those valid on that day, best first. `after`: the last one of the page before.

    matter: only of this matter, or of those below it.
    """
    query = search_query(question, on, matter, after).limit(limit)
    return [Found(*row[:5], score=int(row[5])) for row in session.execute(query)]


def search_query(
    question: Question, on: date, matter: str, after: Found | None
) -> Select[int, int, str, str, date | None, int]:
    """The columns of Found; found by `article_terms`' own key, whatever the number of articles."""
    term, head = ArticleTermRow.term, ArticleRow
    score = func.sum(ArticleTermRow.weight)
    columns = (head.id, head.version, head.matter, head.title, head.valid_to)
    query = (
        select(*columns, score)
        .join(ArticleTermRow, ArticleTermRow.article == head.id)
        .where(term.in_(sorted(question.every | question.some | question.bonus)), *valid_on(on))
        .group_by(*columns)
        .order_by(score.desc(), head.id)
    )
    if matter:
        query = query.where(head.matter.startswith(matter, autoescape=True))
    if question.every:
        has = func.sum(case((term.in_(sorted(question.every)), 1), else_=0))
        query = query.having(has == len(question.every))
    if question.some:
        has = func.sum(case((term.in_(sorted(question.some)), 1), else_=0))
        query = query.having(has >= question.least)
    if after:
        same_score = and_(score == after.score, head.id > after.article)
        query = query.having(or_(score < after.score, same_score))
    return query
