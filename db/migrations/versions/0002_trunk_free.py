"""The receipt's second figure: from the key to the trunk channel gone."""

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    op.add_column("calls", sa.Column("trunk_free_ms", sa.BigInteger(), nullable=True))
