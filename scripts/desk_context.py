"""The desk as a command or a process of this node has it."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from config.settings import Settings
from db.audit_heads import HeadFile
from desk.context import Desk
from scripts.asterisk_config import secret

CODES_KEY = "desk-codes"


def heads_of(settings: Settings) -> HeadFile:
    return HeadFile(settings.var / "audit-heads")


def desk_of(settings: Settings, engine: Engine) -> Desk:
    """Makes the site's key of the codes at its first use. Every node of a site needs the same."""
    return Desk(
        engine=engine,
        now=lambda: datetime.now(UTC),
        codes_key=secret(settings.secret_path(CODES_KEY)).encode(),
        heads=heads_of(settings),
        https=settings.web.https,
    )
