"""A city in both stores: loaded once or often, changed, retired, and its matters kept."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import Engine, delete, select, update
from sqlalchemy.exc import DBAPIError

from db.city import Loaded, MatterVersionTaken
from db.engine import reading, writing
from db.kept_rows import drop_kept_triggers
from db.models import MatterRow, UnitRow
from db.network import (
    areas,
    contacts_of,
    current_matters,
    dispatch_rules,
    ground,
    matter_scheme,
    outside_services,
    suggest_unit,
    units,
)
from tests.integration.store.cities import load, small_city, with_version
from tickets.catalogue_check import check_catalogue


def test_a_city_is_read_back_as_its_files_say(store: Engine) -> None:
    city = small_city()
    load(store, city)
    with reading(store) as session:
        assert current_matters(session) == city.matters
        assert tuple(dispatch_rules(session)) == city.rules
        assert [area.code for area in areas(session)] == ["A01", "A01-01"]
        assert [unit.code for unit in units(session)] == ["street-01", "water"]
        assert [unit.code for unit in units(session, kind="street")] == ["street-01"]
        assert [each.name for each in contacts_of(session, "water")] == ["王明"]
        assert [each.number for each in outside_services(session)] == ["120"]
        assert check_catalogue(dispatch_rules(session), ground(session)) == []


def test_loading_it_again_changes_nothing(store: Engine) -> None:
    first = load(store)
    assert first["units"] == Loaded(added=2)
    assert all(counts.nothing_new for counts in load(store).values())
    assert load(store)["dispatch rules"] == Loaded(same=1)


def test_two_who_load_a_city_at_once_load_it_once(store: Engine) -> None:
    together, done = threading.Barrier(2), []

    def one() -> None:
        together.wait()
        done.append(load(store))

    both = [threading.Thread(target=one) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    assert len(done) == 2
    assert load(store)["units"] == Loaded(same=2)
    with reading(store) as session:
        assert current_matters(session) == small_city().matters


def test_what_differs_is_written_and_what_is_gone_is_retired_not_deleted(store: Engine) -> None:
    load(store, small_city(units="gas,service,燃气,Gas,,"))
    city = small_city()
    renamed = [replace(u, name="新水厂") if u.code == "water" else u for u in city.units]
    told = load(store, replace(city, units=tuple(renamed)))
    assert told["units"] == Loaded(changed=1, same=1, retired=1)
    with reading(store) as session:
        assert [unit.code for unit in units(session)] == ["street-01", "water"]
        gas = session.get_one(UnitRow, "gas")
        assert (gas.name, gas.active) == ("燃气", False)
    assert load(store, replace(city, units=tuple(renamed)))["units"] == Loaded(same=2)
    assert load(store, small_city(units="gas,service,燃气,Gas,,"))["units"].changed == 2


def test_a_version_of_the_matters_means_one_thing_for_ever(store: Engine) -> None:
    load(store)
    other = small_city(matters="0102,停水,No water,information")
    with pytest.raises(MatterVersionTaken, match="version 1 of the matters"):
        load(store, other)
    load(store, with_version(other, "2"))
    with reading(store) as session:
        now, before = current_matters(session), matter_scheme(session, "1")
        assert now is not None
        assert before is not None
        assert (now.version, len(now.matters), len(before.matters)) == ("2", 3, 2)
    load(store, small_city())
    with reading(store) as session:
        now = current_matters(session)
        assert now is not None
        assert now.version == "1"


def test_the_store_itself_lets_nobody_change_a_matter(store: Engine) -> None:
    load(store)
    for statement in (update(MatterRow).values(name="x"), delete(MatterRow)):
        with pytest.raises(DBAPIError, match="append-only"), writing(store) as session:
            session.execute(statement)


@pytest.mark.control(without="the store's own trigger")
def test_control_without_the_trigger_an_old_ticket_would_say_something_else(store: Engine) -> None:
    load(store)
    with writing(store) as session:
        drop_kept_triggers(session.connection())
        session.execute(update(MatterRow).values(name="x"))
    with reading(store) as session:
        assert set(session.scalars(select(MatterRow.name))) == {"x"}


def test_a_ticket_goes_to_the_unit_that_the_catalogue_names(store: Engine) -> None:
    load(store, small_city(dispatch="r2,*,*,@township,,general"))
    with reading(store) as session:
        pipe = suggest_unit(session, "0101", "A01-01")
        other = suggest_unit(session, None, "A01-01")
        nowhere = suggest_unit(session, None, None)
    assert pipe is not None
    assert (pipe.unit, pipe.co_units, pipe.deadline_class) == ("water", ("street-01",), "repair")
    assert other is not None
    assert other.unit == "street-01"
    assert nowhere is not None
    assert nowhere.unit is None


def test_a_retired_unit_in_a_rule_is_found(store: Engine) -> None:
    load(store)
    with writing(store) as session:
        session.execute(update(UnitRow).where(UnitRow.code == "water").values(active=False))
    with reading(store) as session:
        found = check_catalogue(dispatch_rules(session), ground(session))
    assert [(each.kind, each.subject) for each in found] == [("unknown", "r1")]
