"""Who ended a call by force, and why."""

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    op.add_column("calls", sa.Column("forced_by", sa.Text(), nullable=True))
    op.add_column("calls", sa.Column("forced_reason", sa.Text(), nullable=True))
