"""A city's network: areas, units, contacts, matters, who gets what, outside services.

What leaves the city's files stays here with `active` false: tickets name it.
"""

from datetime import datetime

from sqlalchemy import JSON, false, true
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class AreaRow(Base):
    __tablename__ = "areas"

    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    parent: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default=true())


class UnitRow(Base):
    __tablename__ = "units"

    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    name_en: Mapped[str]
    area: Mapped[str | None] = mapped_column(index=True)
    trades: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=true())


class ContactRow(Base):
    """A person of a unit; addresses that tickets are sent to are not kept here."""

    __tablename__ = "contacts"

    unit: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    duty: Mapped[str]
    phone: Mapped[str]
    email: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=true())


class MatterVersionRow(Base):
    """`current`: the one that new tickets take; exactly one has it."""

    __tablename__ = "matter_versions"

    version: Mapped[str] = mapped_column(primary_key=True)
    scheme: Mapped[str]
    loaded_at: Mapped[datetime]
    current: Mapped[bool] = mapped_column(server_default=false())


class MatterRow(Base):
    """Append-only: triggers refuse UPDATE and DELETE on both stores."""

    __tablename__ = "matters"

    version: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_en: Mapped[str]
    service_class: Mapped[str | None]


class DispatchRuleRow(Base):
    __tablename__ = "dispatch_rules"

    rule: Mapped[str] = mapped_column(primary_key=True)
    matter: Mapped[str]
    area: Mapped[str]
    unit: Mapped[str]
    co_units: Mapped[list[str]] = mapped_column(JSON)
    deadline_class: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=true())


class OutsideServiceRow(Base):
    __tablename__ = "outside_services"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_en: Mapped[str]
    number: Mapped[str]
    note: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=true())
