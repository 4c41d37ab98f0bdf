"""Stores beside the one of a test, by their URLs."""

from sqlalchemy import Engine, func, select

from db.engine import make_engine, reading
from db.models import CallRow, TicketRow


def url_of(engine: Engine) -> str:
    return engine.url.set(drivername=engine.dialect.name).render_as_string(hide_password=False)


def counts(url: str) -> tuple[int, int]:
    engine = make_engine(url)
    with reading(engine) as session:
        told = tuple(
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (CallRow, TicketRow)
        )
    engine.dispose()
    return told  # type: ignore[return-value]
