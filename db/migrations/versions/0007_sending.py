"""What goes out to the units, where to, and what they answer by link."""

import sqlalchemy as sa
from alembic import op

from db.types import BigId, UtcDateTime

revision: str = "0007"
down_revision: str | None = "0006"


def upgrade() -> None:
    _unit_contacts()
    _messages()
    _unit_answers()


def _unit_contacts() -> None:
    op.create_table(
        "unit_contacts",
        sa.Column("id", BigId, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_contacts")),
        sa.UniqueConstraint(
            "unit", "way", "address", name=op.f("uq_unit_contacts_unit_way_address")
        ),
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("dispatch_version", sa.BigInteger(), nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=True),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("unit", "way", "address", "subject", "body", "key")
        ),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.Column("failed_because", sa.Text(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("key", name=op.f("uq_messages_key")),
    )
    for columns in (
        ["state", "due_at", "id"],
        ["state", "claimed_until"],
        ["ticket_id", "dispatch_version"],
        ["unit", "way", "id"],
    ):
        op.create_index(op.f(f"ix_messages_{'_'.join(columns)}"), "messages", columns)


def _unit_answers() -> None:
    op.create_table(
        "unit_answers",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("dispatch_version", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("ticket_version", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_answers")),
        sa.UniqueConstraint(
            "ticket_id",
            "dispatch_version",
            "kind",
            name=op.f("uq_unit_answers_ticket_id_dispatch_version_kind"),
        ),
    )
