"""People whose work is typed in a test."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from db.users import NewUser, add_user
from tickets.roles import Role


def add_operator(session: Session, name: str) -> None:
    """He never signs in: his password is no hash of anything."""
    roles = frozenset({Role.OPERATOR})
    user = NewUser(name, name, roles, frozenset(), "no hash", None, None)
    add_user(session, user, datetime(2026, 11, 1, tzinfo=UTC), one_time=False)
