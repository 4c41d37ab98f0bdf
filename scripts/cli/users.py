"""`l110 users`: who may sign in at the desk."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.audit_log import Entry
from db.engine import reading, store_name, writing
from db.models import UserRow
from db.users import (
    NewUser,
    UserExists,
    UserUnknown,
    add_user,
    all_users,
    change_user,
    disable_user,
    reset_user,
    user_named,
)
from desk.context import Desk
from desk.security import codes
from desk.security.passwords import hash_password, new_password
from scripts.cli.context import Site, pass_site
from scripts.cli.force import who
from scripts.cli.record_views import add_row, new_table, show
from scripts.desk_context import desk_of
from scripts.store import first_line
from tickets.people import GIVEN, WITH_CODES, PersonRefused, check_name, check_password
from tickets.people import roles_together as together
from tickets.roles import Role

to_option = click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what is secret into this new file, for its owner only, instead of showing it.",
)
codes_option = click.option(
    "--codes",
    "with_codes",
    is_flag=True,
    help="Codes of an authenticator too (always for admin and auditor).",
)


@click.group()
def users() -> None:
    """People who sign in at the desk."""


@users.command("add")
@click.argument("name")
@click.option("--full-name", default="", help="As the person is called; else the sign-in name.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(sorted(role.value for role in GIVEN)),
    help="May be given more than once; admin and auditor never to one person.",
)
@click.option("--unit", "units", multiple=True, help="Whose tickets a handler has; once or more.")
@click.option("--seat", help="Extension at which the person sits, as 7001.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--own", is_flag=True, help="It is your own password: no other has to be chosen.")
@codes_option
@to_option
@pass_site
def users_add(
    site: Site,
    name: str,
    full_name: str,
    roles: tuple[str, ...],
    units: tuple[str, ...],
    seat: str | None,
    password_stdin: bool,
    own: bool,
    with_codes: bool,
    to: Path | None,
) -> None:
    """Let NAME sign in. The password is asked for; the person chooses another at first."""
    with _refusals(site):
        check_name(name)
        given = together(roles, units)
        password = check_password(_password(password_stdin), name)
        desk = desk_of(site.settings, site.engine)
        salt = _salt(given, wanted=with_codes)
        new = NewUser(
            name, full_name or name, given, frozenset(units), hash_password(password), seat, salt
        )
        told = _told(desk, name, salt=salt)
        with _kept(to, told), writing(site.engine) as session:
            add_user(session, new, desk.now(), one_time=not own)
            detail = {"roles": sorted(roles), "units": sorted(units), "seat": seat}
            _audit(desk, session, "users.add", name, detail)
    click.echo(f"{name} may sign in as {', '.join(sorted(given))}.")


@users.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@pass_site
def users_list(site: Site, as_json: bool) -> None:
    """Who may sign in, as what, and who is locked or disabled."""
    with _refusals(site), reading(site.engine) as session:
        rows = [_as_dict(user) for user in all_users(session)]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = new_table(
        "People 人员", "name", "full name", "roles", "units", "seat", "codes", "state"
    )
    for row in rows:
        add_row(
            table, row["name"], row["full_name"], ", ".join(row["roles"]),
            ", ".join(row["units"]), row["seat"], "yes" if row["codes"] else "no", row["state"],
        )  # fmt: skip
    show(table)


@users.command("change")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(sorted(role.value for role in GIVEN)),
    help="All roles from now on; once or more.",
)
@click.option("--unit", "units", multiple=True, help="All units from now on; once or more.")
@click.option("--seat", help="Extension at which the person sits; `none`: at none.")
@to_option
@pass_site
def users_change(
    site: Site,
    name: str,
    roles: tuple[str, ...],
    units: tuple[str, ...],
    seat: str | None,
    to: Path | None,
) -> None:
    """Give NAME other roles, units or another seat; what is not named stays.

    It holds from his next request on. Who becomes admin or auditor gets codes.
    """
    with _refusals(site):
        desk = desk_of(site.settings, site.engine)
        with reading(site.engine) as session:
            now = user_named(session, name)
            had, role_names, unit_names = now.totp_salt, now.roles.split(), now.units
            new_seat = {None: now.seat, "none": None}.get(seat, seat)
        kept_units = _units(roles, units, unit_names)
        given = together(roles or role_names, kept_units)
        salt = None if had else _salt(given, wanted=False)
        with _kept(to, _told(desk, name, salt=salt)), writing(site.engine) as session:
            change_user(session, name, roles=given, units=kept_units, seat=new_seat, totp_salt=salt)
            detail = {"roles": sorted(given), "units": sorted(kept_units), "seat": new_seat}
            _audit(desk, session, "users.change", name, detail)
    click.echo(f"{name} is {', '.join(sorted(given))} from now on.")


@users.command("disable")
@click.argument("name")
@pass_site
def users_disable(site: Site, name: str) -> None:
    """NAME is signed out at once and may not sign in; what he did stays under his name."""
    with _refusals(site):
        desk = desk_of(site.settings, site.engine)
        with writing(site.engine) as session:
            disable_user(session, name, desk.now())
            _audit(desk, session, "users.disable", name, {})
    click.echo(f"{name} is disabled; `l110 users reset {name}` lets him in again.")


@users.command("reset")
@click.argument("name")
@click.option("--new-codes", is_flag=True, help="A new authenticator too: the old one was lost.")
@to_option
@pass_site
def users_reset(site: Site, name: str, new_codes: bool, to: Path | None) -> None:
    """Give NAME a password that serves once, within 24 hours; unlock and enable him."""
    with _refusals(site):
        desk = desk_of(site.settings, site.engine)
        password = new_password()
        hashed = hash_password(password)
        with reading(site.engine) as session:
            had = user_named(session, name).totp_salt
        salt = codes.new_salt() if new_codes and had else None
        told = _told(desk, name, password=password, salt=salt)
        with _kept(to, told), writing(site.engine) as session:
            reset_user(session, name, hashed, desk.now(), totp_salt=salt)
            _audit(desk, session, "users.reset", name, {"new_codes": salt is not None})
    click.echo(f"{name} has a new password.")


def _audit(desk: Desk, session: Session, action: str, name: str, detail: dict[str, Any]) -> None:
    desk.audit(session, Entry(f"cli:{who()}", action, name, desk.now(), detail=detail))


def _units(roles: tuple[str, ...], units: tuple[str, ...], had: list[str]) -> frozenset[str]:
    """Who is a handler no more has no unit any more."""
    if roles and Role.HANDLER not in roles:
        return frozenset(units)
    return frozenset(units or had)


def _salt(roles: frozenset[Role], *, wanted: bool) -> str | None:
    return codes.new_salt() if wanted or roles & WITH_CODES else None


def _told(desk: Desk, name: str, *, password: str = "", salt: str | None = None) -> list[str]:
    told = [f"password, to be changed at the first sign-in: {password}"] if password else []
    if salt is not None:
        told.append(f"for the authenticator: {codes.uri(desk.codes_key, salt, name)}")
    return told


@contextmanager
def _kept(to: Path | None, told: list[str]) -> Iterator[None]:
    """Secrets are shown, or are in their file, only if what they belong to was stored."""
    if to is None or not told:
        yield
        for line in told:
            click.echo(line)
        return
    try:
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as fault:
        raise click.ClickException(f"{to}: {fault.strerror}; name a new file") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in told))
        yield
    except BaseException:
        to.unlink(missing_ok=True)
        raise
    click.echo(f"{to} has what the person needs; it is shown nowhere else.")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _as_dict(user: UserRow) -> dict[str, Any]:
    state = "disabled" if user.disabled_at else "locked" if user.locked_until else "enabled"
    return {
        "name": user.name,
        "full_name": user.full_name,
        "roles": user.roles.split(),
        "units": user.units,
        "seat": user.seat,
        "codes": user.totp_salt is not None,
        "one_time": user.one_time_until is not None,
        "state": state,
    }


@contextmanager
def _refusals(site: Site) -> Iterator[None]:
    try:
        yield
    except PersonRefused as fault:
        raise click.ClickException(f"{fault}.") from None
    except UserExists as fault:
        raise click.ClickException(
            f"{fault} is there already, maybe disabled: names are never given twice. `l110 users"
            " list` shows all; choose another, or `l110 users reset`."
        ) from None
    except UserUnknown as fault:
        raise click.ClickException(f"no user {fault}; `l110 users list` shows all.") from None
    except DBAPIError as fault:
        raise click.ClickException(
            f"{store_name(site.engine)}: {first_line(fault)}. `l110 db upgrade` makes its tables."
        ) from None
