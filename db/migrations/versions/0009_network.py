"""The city's network and catalogue, the knowledge base, and what came from other hotlines."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from db.kept_rows import create_kept_triggers
from db.types import BigId, UtcDateTime

revision: str = "0009"
down_revision: str | None = "0008"


def upgrade() -> None:
    _network()
    _matters()
    _knowledge()
    _imports()
    create_kept_triggers(op.get_bind())


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcDateTime(), nullable=nullable)


def _boolean(name: str, default: Any) -> sa.Column[Any]:  # noqa: ANN401
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=default)


def _active() -> sa.Column[Any]:
    return _boolean("active", sa.true())


def _table(name: str, keys: list[str], *columns: sa.Column[Any], unique: str | None = None) -> None:
    constraints: list[sa.Constraint] = [sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{name}"))]
    if unique:
        constraints.append(sa.UniqueConstraint(unique, name=op.f(f"uq_{name}_{unique}")))
    op.create_table(name, *columns, *constraints)


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def _network() -> None:
    _table(
        "areas", ["code"], _text("code"), _text("kind"), _text("name"),
        _text("parent", nullable=True), _active(),
    )  # fmt: skip
    _table(
        "units", ["code"], _text("code"), _text("kind"), _text("name"), _text("name_en"),
        _text("area", nullable=True), _text("trades"), _active(),
    )  # fmt: skip
    _index("units", "kind")
    _index("units", "area")
    _table(
        "contacts", ["unit", "name"], _text("unit"), _text("name"), _text("duty"), _text("phone"),
        _text("email"), _active(),
    )  # fmt: skip
    _table(
        "dispatch_rules", ["rule"], _text("rule"), _text("matter"), _text("area"), _text("unit"),
        sa.Column("co_units", sa.JSON(), nullable=False), _text("deadline_class"), _active(),
    )  # fmt: skip
    _table(
        "outside_services", ["code"], _text("code"), _text("name"), _text("name_en"),
        _text("number"), _text("note"), _active(),
    )  # fmt: skip


def _matters() -> None:
    current = _boolean("current", sa.false())
    _table(
        "matter_versions", ["version"], _text("version"), _text("scheme"), _at("loaded_at"), current
    )
    _table(
        "matters", ["version", "code"], _text("version"), _text("code"), _text("name"),
        _text("name_en"), _text("service_class", nullable=True),
    )  # fmt: skip


def _valid() -> list[sa.Column[Any]]:
    return [
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
    ]


def _knowledge() -> None:
    _table(
        "articles", ["id"], sa.Column("id", BigId, nullable=False), _number("version"),
        _text("matter"), _text("title"), *_valid(),
    )  # fmt: skip
    _index("articles", "matter")
    _table(
        "article_versions", ["article", "version"], _number("article"), _number("version"),
        _text("matter"), _text("title"), _text("body"), *_valid(), _text("by"), _at("at"),
    )  # fmt: skip
    _table(
        "article_terms", ["term", "article"], _text("term"), _number("article"), _number("weight")
    )
    _index("article_terms", "article")
    _table(
        "unanswered_questions", ["id"], sa.Column("id", BigId, nullable=False), _text("key"),
        _text("question"), _text("matter", nullable=True), _number("asked"), _at("first_at"),
        _at("last_at"), _text("last_ticket", nullable=True), _number("article", nullable=True),
        _at("settled_at", nullable=True), unique="key",
    )  # fmt: skip
    _index("unanswered_questions", "settled_at", "asked", "id")


def _imports() -> None:
    _table(
        "imported_tickets", ["hotline", "foreign_number"], _text("hotline"),
        _text("foreign_number"), _number("ticket_id"), _text("file_name"), _number("file_row"),
        _text("by"), _at("at"), unique="ticket_id",
    )  # fmt: skip
