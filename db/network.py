"""The network as it is in force: units, areas, matters, and who a ticket goes to."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import (
    AreaRow,
    ContactRow,
    DispatchRuleRow,
    MatterRow,
    MatterVersionRow,
    OutsideServiceRow,
    UnitRow,
)
from tickets.catalogue import DispatchRule, RuleBook, Suggestion
from tickets.catalogue_check import Ground
from tickets.city import area_units
from tickets.matters import Matter, MatterScheme
from tickets.model import ServiceClass


def current_matters(session: Session) -> MatterScheme | None:
    """The scheme that new tickets take; None before a city is loaded."""
    query = select(MatterVersionRow.version).where(MatterVersionRow.current)
    version = session.scalar(query)
    return matter_scheme(session, version) if version else None


def matter_scheme(session: Session, version: str) -> MatterScheme | None:
    """Any version, with its matters by code: an old ticket still says what it was about."""
    head = session.get(MatterVersionRow, version)
    if head is None:
        return None
    query = select(MatterRow).where(MatterRow.version == version).order_by(MatterRow.code)
    matters = tuple(_matter(row) for row in session.scalars(query))
    return MatterScheme(head.scheme, version, matters)


def units(session: Session, *, kind: str | None = None) -> Sequence[UnitRow]:
    """In force, by code."""
    query = select(UnitRow).where(UnitRow.active).order_by(UnitRow.code)
    return session.scalars(query.where(UnitRow.kind == kind) if kind else query).all()


def contacts_of(session: Session, unit: str) -> Sequence[ContactRow]:
    query = select(ContactRow).where(ContactRow.active, ContactRow.unit == unit)
    return session.scalars(query.order_by(ContactRow.name)).all()


def areas(session: Session) -> Sequence[AreaRow]:
    """In force, by code: each township or street before its cells."""
    return session.scalars(select(AreaRow).where(AreaRow.active).order_by(AreaRow.code)).all()


def outside_services(session: Session) -> Sequence[OutsideServiceRow]:
    query = select(OutsideServiceRow).where(OutsideServiceRow.active)
    return session.scalars(query.order_by(OutsideServiceRow.code)).all()


def dispatch_rules(session: Session) -> list[DispatchRule]:
    query = select(DispatchRuleRow).where(DispatchRuleRow.active).order_by(DispatchRuleRow.rule)
    return [
        DispatchRule(
            row.rule, row.matter, row.area, row.unit, tuple(row.co_units), row.deadline_class
        )
        for row in session.scalars(query)
    ]


def rule_book(session: Session) -> RuleBook:
    """Every rule in force, read once; for one ticket or for many."""
    return RuleBook(dispatch_rules(session), _area_units(units(session)))


def suggest_unit(session: Session, matter: str | None, area: str | None) -> Suggestion | None:
    return rule_book(session).suggest(matter, area)


def ground(session: Session, deadline_classes: Collection[str] | None = None) -> Ground:
    """What the rules have to cover, for `tickets.catalogue_check`."""
    matters = current_matters(session)
    in_force = units(session)
    return Ground(
        [matter.code for matter in matters.matters] if matters else [],
        [area.code for area in areas(session)],
        [unit.code for unit in in_force],
        _area_units(in_force),
        deadline_classes,
    )


def _area_units(rows: Sequence[UnitRow]) -> Mapping[str, str]:
    return area_units({row.code: (row.kind, row.area) for row in rows})


def _matter(row: MatterRow) -> Matter:
    service_class = ServiceClass(row.service_class) if row.service_class else None
    return Matter(row.code, row.name, row.name_en, service_class)
