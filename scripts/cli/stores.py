"""The store as a command meets it: what is wrong with it in one line, with the mend."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from db.engine import reading, store_name, writing
from db.models import TicketRow
from db.tickets import find_ticket
from scripts.cli.context import Site


@contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Raises ClickException: the store is away, or without its tables."""
    try:
        yield
    except (OperationalError, InterfaceError, ProgrammingError) as fault:
        problem = str(fault.orig).splitlines()[0]
        raise click.ClickException(
            f"{store_name(engine)}: {problem}. `l110 db upgrade` makes its tables;"
            " `l110 doctor` says what else is wrong."
        ) from None


@contextmanager
def read_store(site: Site) -> Iterator[Session]:
    with explained(site.engine), reading(site.engine) as session:
        yield session


@contextmanager
def write_store(site: Site) -> Iterator[Session]:
    """One transaction, committed on leaving."""
    with explained(site.engine), writing(site.engine) as session:
        yield session


def the_ticket(session: Session, number: str) -> TicketRow:
    """By its number or its provisional one. Raises ClickException: there is none."""
    ticket = find_ticket(session, number)
    if ticket is None:
        raise click.ClickException(f"no ticket {number}; `l110 tickets list` shows the newest.")
    return ticket
