"""What the record's own machinery keeps: rule sets, positions of feeds, what nobody could read."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base
from db.types import BigId


class RuleSetRow(Base):
    __tablename__ = "rule_sets"

    version: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    first_loaded_at: Mapped[datetime]


class FeedPositionRow(Base):
    """How far a feed is stored. `head`: digest of the file's beginning, for inodes are reused."""

    __tablename__ = "feed_positions"

    feed: Mapped[str] = mapped_column(primary_key=True)
    inode: Mapped[int]
    offset: Mapped[int]
    head: Mapped[str] = mapped_column(default="")


class QuarantineRow(Base):
    """What a feed brought and nobody could read, as it came."""

    __tablename__ = "quarantine"
    __table_args__ = (UniqueConstraint("feed", "offset", "raw_hash"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    feed: Mapped[str]
    offset: Mapped[int]
    raw_hex: Mapped[str]
    raw_hash: Mapped[str]
    problem: Mapped[str]
    at: Mapped[datetime]
