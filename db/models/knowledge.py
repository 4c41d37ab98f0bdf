"""Articles that answer questions in the call, their search words, and what nobody could answer."""

from datetime import date, datetime

from sqlalchemy import Date, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base
from db.types import BigId


class ArticleRow(Base):
    """An article as it stands; its texts are in article_versions. Days are of Asia/Shanghai.

    valid_to: the last day on which it may be read out; empty: until further notice.
    """

    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    version: Mapped[int]
    matter: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class ArticleVersionRow(Base):
    """Append-only: a ticket names the version that its caller was told."""

    __tablename__ = "article_versions"

    article: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    matter: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    by: Mapped[str]
    at: Mapped[datetime]


class ArticleTermRow(Base):
    """Which words the newest version of an article holds: one plain index for both stores."""

    __tablename__ = "article_terms"

    term: Mapped[str] = mapped_column(primary_key=True)
    article: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)
    weight: Mapped[int]


class UnansweredRow(Base):
    """A question that no article answered. `key`: the question without case and punctuation.

    asked: how often, a ticket counted once in a row. article: what answers it since settled_at.
    """

    __tablename__ = "unanswered_questions"
    __table_args__ = (Index(None, "settled_at", "asked", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(unique=True)
    question: Mapped[str]
    matter: Mapped[str | None]
    asked: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    last_ticket: Mapped[str | None]
    article: Mapped[int | None]
    settled_at: Mapped[datetime | None]
