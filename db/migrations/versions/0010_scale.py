"""Lists of a unit's and of a person's tickets come from an index, newest first."""

from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"

INDEXES = (["unit", "opened_at", "id"], ["claimed_by", "opened_at", "id"])


def upgrade() -> None:
    for columns in INDEXES:
        op.create_index(op.f(f"ix_tickets_{'_'.join(columns)}"), "tickets", columns)
