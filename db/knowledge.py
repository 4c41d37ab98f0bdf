"""Articles: written, found, ended; and the ticket that is answered with one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from db.models import ArticleRow, ArticleTermRow, ArticleVersionRow, TicketRow
from db.network import current_matters
from db.ticket_moves import Order, apply_move
from db.upserts import insert_new
from tickets.articles import DAY, ArticleKey, ArticleRefused, ArticleText
from tickets.numbers import shanghai_day
from tickets.roles import Actor
from tickets.terms import Cut, weighed_terms


class ArticleUnknown(LookupError):
    """No article has this number, or not this version."""


class ArticleStale(ValueError):
    """Somebody changed the article meanwhile."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A wish to answer a ticket with an article.

    result: what the caller was told, if it was not the article word for word.
    """

    actor: Actor
    at: datetime
    version: int
    result: str = ""
    close_exempt: str | None = None


def add_article(
    session: Session, text: ArticleText, *, by: str, at: datetime, cut: Cut
) -> ArticleKey:
    """A new article, at version 1.

    Raises:
        ArticleRefused: its matter is not in force.
    """
    _check_matter(session, text)
    head = ArticleRow(version=1, **_head(text))
    session.add(head)
    session.flush()
    return _write_version(session, ArticleKey(head.id, 1), text, by, at, cut)


def change_article(
    session: Session, key: ArticleKey, text: ArticleText, *, by: str, at: datetime, cut: Cut
) -> ArticleKey:
    """The next version. `key`: the version that the editor saw.

    Raises:
        ArticleUnknown
        ArticleStale
        ArticleRefused
    """
    _check_matter(session, text)
    return _change(session, key, text, by, at, cut)


def end_article(
    session: Session, article: int, last_day: date, *, by: str, at: datetime, cut: Cut
) -> ArticleKey:
    """The next version, with the same text and this last day; one not begun never begins.

    Raises:
        ArticleUnknown
    """
    now = newest_version(session, article)
    last_day = max(last_day, now.valid_from - DAY)
    text = ArticleText(now.matter, now.title, now.body, now.valid_from, last_day)
    return _change(session, ArticleKey(article, now.version), text, by, at, cut)


def article_version(session: Session, key: ArticleKey) -> ArticleVersionRow:
    """Raises ArticleUnknown."""
    row = session.get(ArticleVersionRow, (key.article, key.version))
    if row is None:
        raise ArticleUnknown(f"there is no article {key}; `l110 knowledge list` has all")
    return row


def newest_version(session: Session, article: int) -> ArticleVersionRow:
    """Raises ArticleUnknown."""
    head = session.get(ArticleRow, article, populate_existing=True)
    if head is None:
        raise ArticleUnknown(f"there is no article K{article}; `l110 knowledge list` has all")
    return article_version(session, ArticleKey(article, head.version))


def articles(
    session: Session, limit: int, *, on: date | None = None, matter: str = "", after: int = 0
) -> Sequence[ArticleRow]:
    """By number; those valid on that day, or all. `after`: the last number that was seen."""
    query = select(ArticleRow).where(ArticleRow.id > after).order_by(ArticleRow.id).limit(limit)
    if on:
        query = query.where(*valid_on(on))
    if matter:
        query = query.where(ArticleRow.matter.startswith(matter, autoescape=True))
    return session.scalars(query).all()


def valid_on(day: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    to = ArticleRow.valid_to
    return ArticleRow.valid_from <= day, or_(to.is_(None), to >= day)


def answer_with_article(
    session: Session, ticket_id: int, article: int, answer: Answer
) -> TicketRow:
    """The ticket after the move `answer`; it keeps the article's number and version.

    Raises:
        ArticleUnknown
        ArticleRefused: it is not valid today.
        MoveRefused, TicketUnknown: as apply_move.
    """
    text = newest_version(session, article)
    today = shanghai_day(answer.at)
    if not (text.valid_from <= today and (text.valid_to is None or today <= text.valid_to)):
        until = f" to {text.valid_to}" if text.valid_to else ""
        raise ArticleRefused(
            f"K{article} is valid from {text.valid_from}{until}, not on {today}: answer without it"
        )
    given: dict[str, Any] = {
        "article": str(ArticleKey(article, text.version)),
        "result": answer.result or text.body,
        "matter": text.matter,
        "close_exempt": answer.close_exempt,
    }
    order = Order("answer", answer.actor, answer.at, answer.version, given)
    return apply_move(session, ticket_id, order)


def _check_matter(session: Session, text: ArticleText) -> None:
    scheme = current_matters(session)
    if scheme is None:
        raise ArticleRefused("no matters are loaded: `l110 city load` brings them")
    if not any(matter.code == text.matter for matter in scheme.matters):
        raise ArticleRefused(
            f"{text.matter} is no matter of {scheme.version}; `l110 catalogue matters` has all"
        )


def _change(
    session: Session, seen: ArticleKey, text: ArticleText, by: str, at: datetime, cut: Cut
) -> ArticleKey:
    newest = newest_version(session, seen.article).version
    changed = session.execute(
        update(ArticleRow)
        .where(ArticleRow.id == seen.article, ArticleRow.version == seen.version)
        .values(version=seen.version + 1, **_head(text))
        .returning(ArticleRow.version)
        .execution_options(synchronize_session=False)
    ).first()
    if changed is None:
        raise ArticleStale(
            f"K{seen.article} is at version {newest}, not {seen.version}: look again"
        )
    return _write_version(session, seen.next(), text, by, at, cut)


def _head(text: ArticleText) -> dict[str, Any]:
    return {
        "matter": text.matter,
        "title": text.title,
        "valid_from": text.valid_from,
        "valid_to": text.valid_to,
    }


def _write_version(
    session: Session, key: ArticleKey, text: ArticleText, by: str, at: datetime, cut: Cut
) -> ArticleKey:
    row = {"article": key.article, "version": key.version, "body": text.body, "by": by, "at": at}
    insert_new(session, ArticleVersionRow, [row | _head(text)])
    session.execute(delete(ArticleTermRow).where(ArticleTermRow.article == key.article))
    weights = weighed_terms(text.title, text.body, cut)
    insert_new(
        session,
        ArticleTermRow,
        [{"term": t, "article": key.article, "weight": w} for t, w in sorted(weights.items())],
    )
    return key
