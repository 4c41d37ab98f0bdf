"""What a command says when the store does not do as asked."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from db.engine import store_name
from scripts.cli.context import Site


@contextmanager
def store_faults_told(site: Site) -> Iterator[None]:
    """One line with the mend, never a statement or a password."""
    try:
        yield
    except (OperationalError, InterfaceError, ProgrammingError) as fault:
        problem = str(fault.orig).splitlines()[0]
        raise click.ClickException(
            f"{store_name(site.engine)}: {problem}. `l110 db upgrade` makes its tables;"
            " `l110 doctor` says what else is wrong."
        ) from None
