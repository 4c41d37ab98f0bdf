"""Steps and documents of errands."""

import sqlalchemy as sa
from alembic import op

from db.types import UtcDateTime

revision: str = "0011"
down_revision: str | None = "0010"


def upgrade() -> None:
    op.create_table(
        "errand_items",
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("kind", "what", "state", "changed_by")
        ),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("ticket_id", "position", name=op.f("pk_errand_items")),
    )
