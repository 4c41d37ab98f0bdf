"""The four parts of a ticket, its history, and its call-backs."""

import sqlalchemy as sa
from alembic import op

from db.ticket_triggers import create_ticket_triggers
from db.types import BigId, UtcDateTime

revision: str = "0004"
down_revision: str | None = "0003"

TEXTS = [
    "caller_kind",
    "caller_name",
    "caller_age_band",
    "caller_sex",
    "caller_work",
    "caller_area",
    "title",
    "request",
    "matter",
    "matter_version",
    "place",
    "area",
    "handing_to",
    "unit",
    "result",
    "article",
    "deadline_class",
    "close_exempt",
    "because",
]
TIMES = ["due_at", "extension_to", "dispatched_at", "solved_at", "closed_at", "changed_at"]
NUMBERS = ["parent_id", "joined_to", "satisfied"]
INDEXES = (
    ["opened_at", "id"],
    ["unit", "state"],
    ["claimed_by", "state"],
    ["caller", "opened_at"],
    ["matter", "opened_at"],
    ["parent_id"],
    ["joined_to"],
)


def upgrade() -> None:
    _columns()
    _ticket_events()
    _call_backs()
    names = [column["name"] for column in sa.inspect(op.get_bind()).get_columns("tickets")]
    create_ticket_triggers(op.get_bind(), names)


def _columns() -> None:
    """Added one by one: no store has to write the table anew for that."""
    for name in TEXTS:
        op.add_column("tickets", sa.Column(name, sa.Text(), nullable=True))
    for name in TIMES:
        op.add_column("tickets", sa.Column(name, UtcDateTime(), nullable=True))
    for name in NUMBERS:
        op.add_column("tickets", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("tickets", sa.Column("said_solved", sa.Boolean(), nullable=True))
    for name in ("sealed", "due_provisional"):
        op.add_column(
            "tickets", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
        )
    for name, default in (("urgency", "normal"), ("move", "open"), ("changed_by", "forwarder")):
        op.add_column("tickets", sa.Column(name, sa.Text(), nullable=False, server_default=default))
    op.add_column(
        "tickets", sa.Column("version", sa.BigInteger(), nullable=False, server_default="1")
    )
    for columns in INDEXES:
        op.create_index(op.f(f"ix_tickets_{'_'.join(columns)}"), "tickets", columns)


def _ticket_events() -> None:
    op.create_table(
        "ticket_events",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("move", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_events")),
    )
    op.create_index(
        op.f("ix_ticket_events_ticket_id_version"), "ticket_events", ["ticket_id", "version"]
    )


def _call_backs() -> None:
    op.create_table(
        "call_backs",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("said_solved", sa.Boolean(), nullable=True),
        sa.Column("satisfied", sa.BigInteger(), nullable=True),
        sa.Column("message_file", sa.Text(), nullable=True),
        sa.Column("sip_call_id", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_backs")),
        sa.UniqueConstraint("ticket_id", "attempt", name=op.f("uq_call_backs_ticket_id_attempt")),
    )
    op.create_index(op.f("ix_call_backs_ticket_id"), "call_backs", ["ticket_id"])
