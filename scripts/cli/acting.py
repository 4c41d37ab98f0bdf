"""Work of a person that is typed: his rights hold, and he is audited."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.orm import Session

from db.audit_log import Entry
from db.users import UserUnknown, actor_of, user_named
from desk.work import Who
from scripts.cli.context import Site
from scripts.cli.force import who as typed_by
from scripts.cli.stores import write_store
from scripts.desk_context import desk_of
from tickets.refused import MoveRefused
from tickets.roles import Actor

as_option = click.option(
    "--as",
    "user",
    required=True,
    help="Sign-in name of the person whose work it is; his rights hold, and he is audited.",
)


def person(session: Session, name: str) -> Who:
    """Raises UserUnknown, ClickException: he is disabled."""
    user = user_named(session, name)
    if user.disabled_at is not None:
        raise click.ClickException(f"{name} is disabled; `l110 users reset {name}` lets him in.")
    return Who(actor_of(user), user.seat, f"cli:{typed_by()}")


@contextmanager
def acting(site: Site, user: str, action: str, number: str) -> Iterator[tuple[Session, Actor]]:
    """One transaction in which that person acts. What is done and what is refused is audited.

    Raises ClickException: with the reason of a refusal, or what is wrong with the store.
    """
    desk = desk_of(site.settings, site.engine)
    address = f"cli:{typed_by()}"
    try:
        with write_store(site) as session:
            who = person(session, user)
            yield session, who.actor
            entry = Entry(who.actor.name, action, number, desk.now(), "done", {}, address)
            desk.audit(session, entry)
    except UserUnknown as unknown:
        raise click.ClickException(f"no user {unknown}; `l110 users list` shows all.") from None
    except MoveRefused as refused:
        kind = {"kind": refused.kind.value}
        desk.audit_alone(Entry(user, action, number, desk.now(), "refused", kind, address))
        raise click.ClickException(f"{refused}.") from None


def note_typed(site: Site, session: Session, action: str, subject: str) -> None:
    """In the audit, by whoever is logged in to this machine; last in the transaction."""
    desk = desk_of(site.settings, site.engine)
    name = typed_by()
    desk.audit(session, Entry(name, action, subject, desk.now(), "done", {}, f"cli:{name}"))
