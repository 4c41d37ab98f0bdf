"""People who sign in, their sign-ins, and the chain of what was done and refused."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base
from db.types import BigId


class UserRow(Base):
    """`roles`: names of tickets/roles.py, sorted, with one blank between. `units`: a handler's.

    seat: the extension at which this person sits.
    one_time_until: the password was given by somebody else, and serves until then to choose one's
    own; empty: it is the person's own.
    totp_salt: the site's key makes the secret of the codes from it; empty: no codes are asked for.
    totp_step: the last 30 seconds whose code was used, which is not taken again.
    failures: attempts to sign in since the last that was right, counted before the password is
    looked at.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(
            "NOT (roles LIKE '%admin%' AND roles LIKE '%auditor%')", name="ck_users_apart"
        ),
        CheckConstraint(
            "totp_salt IS NOT NULL OR NOT (roles LIKE '%admin%' OR roles LIKE '%auditor%')",
            name="ck_users_codes",
        ),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    full_name: Mapped[str]
    roles: Mapped[str]
    units: Mapped[list[str]] = mapped_column(JSON)
    seat: Mapped[str | None]
    password_hash: Mapped[str]
    one_time_until: Mapped[datetime | None]
    totp_salt: Mapped[str | None]
    totp_step: Mapped[int] = mapped_column(server_default="0")
    failures: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class SignInRow(Base):
    """One browser that is signed in. The token is its cookie; only the SHA-256 of it is kept."""

    __tablename__ = "sign_ins"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(index=True)
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str | None]


class AuditRow(Base):
    """One link of the chain; append-only by triggers.

    seq: 1, 2, 3 ... without a gap. outcome: `done` or `refused`.
    detail: canonical JSON as text, so that the bytes that were hashed are the ones that are kept.
    hash: SHA-256 over `previous` and every other column (db/audit_log.py).
    """

    __tablename__ = "audit_log"

    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    by: Mapped[str] = mapped_column(index=True)
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    outcome: Mapped[str]
    detail: Mapped[str]
    address: Mapped[str]
    previous: Mapped[str]
    hash: Mapped[str]
