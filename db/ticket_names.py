"""Names that a change puts on a ticket: a matter, an area, a unit, an article that is there.

Before a city is loaded there are no names to hold them against, and all are taken.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import AreaRow, ArticleVersionRow, MatterRow, MatterVersionRow, TicketRow, UnitRow
from tickets.articles import ArticleRefused, article_key
from tickets.numbers import shanghai_day
from tickets.refused import MoveRefused, Refusal


def with_names(
    session: Session, ticket: TicketRow, given: Mapping[str, Any], at: datetime
) -> dict[str, Any]:
    """The fields, a new matter with the version of the scheme that it is of.

    What the ticket has already is not asked again: it may have been retired since.

    Raises:
        MoveRefused: a name that nobody has, or an article that is not valid on that day.
    """
    new = {name: value for name, value in given.items() if value != getattr(ticket, name)}
    if article := new.get("article"):
        _check_article(session, article, at)
    version = session.scalar(select(MatterVersionRow.version).where(MatterVersionRow.current))
    if version is None:
        return dict(given)
    if unit := new.get("unit"):
        _refuse_unless(session.get(UnitRow, unit), unit, "unit", "l110 city units")
    if area := new.get("area"):
        _refuse_unless(session.get(AreaRow, area), area, "area", "l110 city areas")
    if matter := new.get("matter"):
        of = given.get("matter_version") or version
        if session.get(MatterRow, (of, matter)) is None:
            raise _refused(f"{matter} is no matter of {of}; `l110 catalogue matters` has all")
        return {**given, "matter_version": of}
    return dict(given)


def _refuse_unless(row: UnitRow | AreaRow | None, code: str, what: str, command: str) -> None:
    if row is None or not row.active:
        raise _refused(f"{code} is no {what} in force; `{command}` has all")


def _check_article(session: Session, text: str, at: datetime) -> None:
    try:
        key = article_key(text)
    except ArticleRefused as refused:
        raise _refused(str(refused)) from None
    row = session.get(ArticleVersionRow, (key.article, key.version))
    if row is None:
        raise _refused(f"there is no article {key}; `l110 knowledge list` has all")
    day = shanghai_day(at)
    if day < row.valid_from or (row.valid_to is not None and day > row.valid_to):
        raise _refused(f"{key} is not valid on {day}; `l110 knowledge list` has those that are")


def _refused(text: str) -> MoveRefused:
    return MoveRefused(Refusal.MISSING, text)
