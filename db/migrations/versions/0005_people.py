"""People, their sign-ins, and the audit chain."""

import sqlalchemy as sa
from alembic import op

from db.audit_triggers import create_audit_triggers
from db.types import BigId, UtcDateTime

revision: str = "0005"
down_revision: str | None = "0004"


def upgrade() -> None:
    _users()
    _sign_ins()
    _audit_log()
    create_audit_triggers(op.get_bind())


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("seat", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("one_time_until", UtcDateTime(), nullable=True),
        sa.Column("totp_salt", sa.Text(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("failures", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_users")),
        sa.CheckConstraint(
            "NOT (roles LIKE '%admin%' AND roles LIKE '%auditor%')", name=op.f("ck_users_apart")
        ),
        sa.CheckConstraint(
            "totp_salt IS NOT NULL OR NOT (roles LIKE '%admin%' OR roles LIKE '%auditor%')",
            name=op.f("ck_users_codes"),
        ),
    )


def _sign_ins() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_ins")),
    )
    for column in ("user", "seen_at"):
        op.create_index(op.f(f"ix_sign_ins_{column}"), "sign_ins", [column])


def _audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("seq", BigId, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_log")),
    )
    for column in ("at", "by", "subject"):
        op.create_index(op.f(f"ix_audit_log_{column}"), "audit_log", [column])
