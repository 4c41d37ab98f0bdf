"""`l110 city`, `catalogue` and `services`: the city's data, who gets which matter, who helps."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from config.settings import PROFILES
from db.city import MatterVersionTaken, load_city
from db.network import (
    areas,
    contacts_of,
    current_matters,
    dispatch_rules,
    ground,
    outside_services,
    suggest_unit,
    units,
)
from scripts.city_files import city_folder, read_city_folder
from scripts.cli.as_json import json_option, print_json
from scripts.cli.context import Site, pass_site
from scripts.cli.deadlines import rules_of
from scripts.cli.record_views import add_row, new_table, show
from scripts.cli.stores import read_store, write_store
from tickets.catalogue_check import Finding, check_catalogue
from tickets.matters import MatterScheme
from tickets.network import UnitKind
from tickets.sheets import SheetsBad

NO_CITY = "no city is loaded: `l110 city load` brings one into the store."


@click.group()
def city() -> None:
    """The city's own data: areas, units, contacts, matters, dispatch rules, services."""


@city.command("load")
@click.option("--profile", help="City in config/profiles/; else the setting `profile`.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the files, in place of a profile's.",
)
@json_option
@pass_site
def city_load(site: Site, profile: str | None, folder: Path | None, as_json: bool) -> None:
    """Bring the city's files into the store; safe to run again."""
    where = folder or city_folder(PROFILES.parent, profile or site.settings.profile)
    try:
        read = read_city_folder(where)
        with write_store(site) as session:
            loaded = load_city(session, read, datetime.now(UTC))
            faults = [each for each in _findings(site, session) if each.is_fault]
    except (SheetsBad, MatterVersionTaken) as fault:
        raise click.ClickException(str(fault)) from None
    told = {
        name: {"added": t.added, "changed": t.changed, "same": t.same, "retired": t.retired}
        for name, t in loaded.items()
    }
    if as_json:
        print_json({"city": read.name, "catalogue_faults": len(faults), "loaded": told})
        return
    table = new_table(f"{read.name}: {where}", "what", "added", "changed", "same", "retired")
    for name, counts in told.items():
        add_row(table, name, *counts.values())
    show(table)
    if faults:
        click.echo(f"{len(faults)} faults in the dispatch catalogue: `l110 catalogue check`")


@city.command("units")
@click.option("--kind", type=click.Choice([each.value for each in UnitKind]), help="Only these.")
@click.argument("code", required=False)
@json_option
@pass_site
def city_units(site: Site, kind: str | None, code: str | None, as_json: bool) -> None:
    """The units in force, or one CODE with its contacts."""
    with read_store(site) as session:
        found = [row for row in units(session, kind=kind) if code in (None, row.code)]
        people = contacts_of(session, code) if code else []
    if code and not found:
        raise click.ClickException(f"no unit {code} is in force; `l110 city units` has all.")
    names = ("code", "kind", "name", "area", "trades")
    columns = ("name", "duty", "phone", "email")
    if code and as_json:
        print_json(_dicts(found, names)[0] | {"contacts": _dicts(people, columns)})
        return
    _table_or_json("Units 单位", names, found, as_json=as_json)
    if code:
        _table_or_json("Contacts 联系人", columns, people, as_json=False)


@city.command("areas")
@json_option
@pass_site
def city_areas(site: Site, as_json: bool) -> None:
    """Townships and streets, each with its grid cells."""
    with read_store(site) as session:
        found = areas(session)
    _table_or_json("Areas 区域", ("code", "kind", "name", "parent"), found, as_json=as_json)


@click.group()
def catalogue() -> None:
    """The dispatch catalogue: which unit a matter in an area goes to."""


@catalogue.command("check")
@json_option
@pass_site
def catalogue_check(site: Site, as_json: bool) -> None:
    """Gaps, overlaps and names that nobody has; exit status 1 if there is one."""
    with read_store(site) as session:
        if current_matters(session) is None:
            raise click.ClickException(NO_CITY)
        found, rules = _findings(site, session), len(dispatch_rules(session))
    faults = sum(each.is_fault for each in found)
    if as_json:
        told = [{"kind": each.kind, "subject": each.subject, "says": each.says} for each in found]
        print_json({"rules": rules, "faults": faults, "findings": told})
    else:
        for each in found:
            click.echo(f"{each.kind}: {each.subject}: {each.says}")
        click.echo(f"{rules} rules, {faults} faults, {len(found) - faults} crossings")
    if faults:
        raise click.exceptions.Exit(1)


@catalogue.command("who")
@click.argument("matter")
@click.argument("area", required=False)
@json_option
@pass_site
def catalogue_who(site: Site, matter: str, area: str | None, as_json: bool) -> None:
    """Who gets MATTER (its code or its Chinese name) in AREA (its code)."""
    with read_store(site) as session:
        asked_for = _matter_code(current_matters(session), matter)
        if area and area not in {row.code for row in areas(session)}:
            raise click.ClickException(f"no area {area} is in force; `l110 city areas` has all.")
        suggestion = suggest_unit(session, asked_for, area)
        names = {row.code: row.name for row in units(session)}
    if suggestion is None or suggestion.unit is None:
        why = "no rule holds" if suggestion is None else "its unit depends on the area: name one"
        raise click.ClickException(f"{asked_for}: {why}; a person decides.")
    told = {
        "matter": asked_for,
        "area": area,
        "unit": suggestion.unit,
        "name": names.get(suggestion.unit),
        "co_units": list(suggestion.co_units),
        "deadline_class": suggestion.deadline_class,
        "rule": suggestion.rule,
    }
    if as_json:
        print_json(told)
    else:
        for name, value in told.items():
            click.echo(f"{name}: {' '.join(value) if isinstance(value, list) else value or '-'}")


@catalogue.command("matters")
@json_option
@pass_site
def catalogue_matters(site: Site, as_json: bool) -> None:
    """The matters that new tickets take."""
    with read_store(site) as session:
        scheme = current_matters(session)
    if scheme is None:
        raise click.ClickException(NO_CITY)
    names = ("code", "name", "name_en", "service_class")
    title = f"Matters 事项 {scheme.scheme} {scheme.version}"
    _table_or_json(title, names, scheme.matters, as_json=as_json)


@click.group()
def services() -> None:
    """Outside services that a seat asks into a talk."""


@services.command("list")
@json_option
@pass_site
def services_list(site: Site, as_json: bool) -> None:
    """The directory, each with the seat's key; exit status 1 if a key's number is not in it."""
    keys = dict(site.settings.seat_keys.services)
    with read_store(site) as session:
        rows = outside_services(session)
    by_number = {number: key for key, number in keys.items()}
    told = [
        {"code": r.code, "name": r.name, "number": r.number, "key": by_number.get(r.number)}
        | {"note": r.note or None}
        for r in rows
    ]
    strange = sorted(set(by_number) - {row.number for row in rows})
    if as_json:
        print_json({"services": told, "keys_without_service": strange})
    else:
        table = new_table("Outside services 联动单位", "code", "name", "number", "key", "note")
        for each in told:
            add_row(table, *each.values())
        show(table)
    for number in strange:
        says = f"{by_number[number]} dials {number}, which is no service of services.csv"
        click.echo(f"{says}: add it there, or correct seat_keys.services", err=True)
    if strange:
        raise click.exceptions.Exit(1)


def _findings(site: Site, session: Session) -> list[Finding]:
    classes = sorted(rules_of(site).classes)
    return check_catalogue(dispatch_rules(session), ground(session, classes))


def _matter_code(scheme: MatterScheme | None, text: str) -> str:
    if scheme is None:
        raise click.ClickException(NO_CITY)
    matter = scheme.find(text)
    if matter is None:
        raise click.ClickException(
            f"{text} is no matter of {scheme.version}; `l110 catalogue matters` has all."
        )
    return matter.code


def _dicts(rows: Any, names: tuple[str, ...]) -> list[dict[str, Any]]:  # noqa: ANN401
    return [{name: getattr(row, name) for name in names} for row in rows]


def _table_or_json(title: str, names: tuple[str, ...], rows: Any, *, as_json: bool) -> None:  # noqa: ANN401
    if as_json:
        print_json(_dicts(rows, names))
        return
    table = new_table(title, *names)
    for row in rows:
        add_row(table, *(getattr(row, name) or None for name in names))
    show(table)
