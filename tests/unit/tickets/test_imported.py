"""One row of another hotline's table: taken as a whole, or refused with its column."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.cells import cell_text, safe_cell
from tickets.fields import fields_given
from tickets.imported import (
    COLUMNS,
    Catalogue,
    ImportedTicket,
    RowRefused,
    TableRefused,
    columns_of,
    imported_ticket,
)
from tickets.matters import Matter, MatterScheme
from tickets.model import ServiceClass, Source, State

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MATTERS = MatterScheme(
    "small",
    "1",
    (
        Matter("01", "供水", "Water", None),
        Matter("0101", "爆管", "Burst", ServiceClass.COMPLAINT),
        Matter("0102", "停水", "No water", ServiceClass.INFORMATION),
    ),
)
CATALOGUE = Catalogue(MATTERS, {"A01": "A01", "东街街道": "A01"})
GOOD = {
    "foreign_number": "GD-1",
    "opened_at": "2026-11-23 09:05",
    "request": "水管爆了",
    "caller": "138 0000-0001",
    "caller_name": "王明",
    "caller_sex": "女",
    "caller_age_band": "36-59",
    "title": "爆管",
    "service_class": "投诉",
    "matter": "爆管",
    "urgency": "紧急",
    "place": "东街 1 号",
    "area": "东街街道",
}


def taken(**cells: str) -> ImportedTicket:
    row = GOOD | cells
    return imported_ticket(list(row.values()), columns_of(list(row)), "12345", CATALOGUE, NOW)


def refused(**cells: str) -> RowRefused:
    with pytest.raises(RowRefused) as raised:
        taken(**cells)
    return raised.value


def test_a_good_row_is_taken_whole():
    ticket = taken()
    assert ticket.foreign_number == "GD-1"
    draft = ticket.draft
    assert (draft.source, draft.state, draft.call_id) == (Source.IMPORT, State.NEW, None)
    assert (draft.caller, draft.service_class) == ("13800000001", "complaint")
    assert draft.opened_at == datetime(2026, 11, 23, 1, 5, tzinfo=UTC)
    assert ticket.given == {
        "urgency": "urgent", "caller_sex": "female", "caller_age_band": "36-59",
        "matter": "0101", "matter_version": "1", "area": "A01", "caller_name": "王明",
        "title": "爆管", "request": "水管爆了", "place": "东街 1 号", "caller_kind": "person",
    }  # fmt: skip


def test_three_columns_are_enough():
    columns = columns_of(["工单编号", "受理时间", "诉求内容"])
    ticket = imported_ticket(["7", "2026/11/23", "停水"], columns, "12345", CATALOGUE, NOW)
    assert ticket.given == {"urgency": "normal", "request": "停水", "caller_kind": "withheld"}
    assert ticket.draft.service_class == "unclassified"


def test_the_matter_gives_the_class_if_the_table_does_not():
    assert taken(service_class="", matter="0102").draft.service_class == "information"


@pytest.mark.parametrize(
    ("column", "text", "says"),
    [
        ("foreign_number", "", "is empty"),
        ("foreign_number", "x" * 101, "longer than 100"),
        ("foreign_number", "a\x00b", "no plain text"),
        ("opened_at", "", "is empty"),
        ("opened_at", "yesterday", "is no time"),
        ("opened_at", "2026-13-01 09:00", "is no time"),
        ("opened_at", "2026-11-24 09:00", "has not come yet"),
        ("opened_at", "1999-11-24 09:00", "too long ago"),
        ("request", "", "is empty"),
        ("request", "x" * 10_001, "10001 characters of 10000"),
        ("request", "a\0b", "is text"),
        ("caller", "=1+1", "is no telephone number"),
        ("caller", "12", "is no telephone number"),
        ("caller_sex", "x", "is none of female, male, 女, 男"),
        ("caller_age_band", "12", "is none of"),
        ("service_class", "rage", "is none of"),
        ("matter", "9999", "is no matter of 1"),
        ("area", "西街街道", "is no area"),
        ("urgency", "soon", "is none of"),
        ("title", "x" * 201, "201 characters of 200"),
    ],
)
def test_what_cannot_stand_is_refused_with_its_column(column, text, says):
    fault = refused(**{column: text})
    assert fault.column == column
    assert says in fault.reason


def test_the_column_is_called_as_in_the_table():
    columns = columns_of(["编号", "受理时间", "内容", "手机号"])
    with pytest.raises(RowRefused) as fault:
        imported_ticket(["1", "2026-11-23", "x", "abc"], columns, "12345", CATALOGUE, NOW)
    assert fault.value.column == "手机号"


def test_a_short_row_is_a_row_with_empty_cells():
    columns = columns_of(["工单编号", "受理时间", "诉求内容"])
    with pytest.raises(RowRefused, match="诉求内容: is empty"):
        imported_ticket(["1", "2026-11-23"], columns, "12345", CATALOGUE, NOW)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (["工单编号", "受理时间"], "no column request"),
        (["工单编号", "受理时间", "内容", "编号"], "工单编号 and 编号 are both foreign_number"),
        ([], "no column foreign_number"),
    ],
)
def test_a_table_without_its_columns_is_refused(header, says):
    with pytest.raises(TableRefused, match=says):
        columns_of(header)


def test_unknown_columns_are_told():
    found = columns_of(["工单编号", "受理时间", "诉求内容", "天气", ""])
    assert found.unknown == ("天气",)


def test_no_two_columns_share_a_name():
    names = [alias for name, aliases in COLUMNS.items() for alias in (name, *aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23 09:05:00", "2026/11/23 9:05", "2026年11月23日 09:05",
        "2026-11-23T09:05:00+08:00", "2026-11-23T01:05:00Z",
    ],
)  # fmt: skip
def test_times_are_of_shanghai_unless_they_say_otherwise(text):
    assert taken(opened_at=text).draft.opened_at == datetime(2026, 11, 23, 1, 5, tzinfo=UTC)


def test_two_hotlines_may_use_the_same_number():
    columns = columns_of(list(GOOD))
    one, other = (
        imported_ticket(list(GOOD.values()), columns, hotline, CATALOGUE, NOW)
        for hotline in ("12345", "mayor")
    )
    assert one.draft.provisional_number != other.draft.provisional_number
    assert one == imported_ticket(list(GOOD.values()), columns, "12345", CATALOGUE, NOW)


@given(st.fixed_dictionaries({name: st.text(max_size=30) for name in GOOD}))
def test_any_row_is_taken_or_refused_and_what_is_taken_may_be_written(row):
    try:
        ticket = taken(**row)
    except RowRefused:
        return
    assert fields_given("edit", ticket.given) == ticket.given
    assert ticket.draft.opened_at <= NOW


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (13800000001.0, "13800000001"),
        (13800000001, "13800000001"),
        (1.5, "1.5"),
        (" a ", "a"),
        ("=1+1", "=1+1"),
        (True, "true"),
        (datetime(2026, 11, 23, 9, 5), "2026-11-23 09:05:00"),
    ],
)
def test_a_cell_is_text_as_a_person_reads_it(value, text):
    assert cell_text(value) == text


@given(st.text(max_size=50))
def test_no_exported_cell_begins_a_formula(text):
    shown = safe_cell(text)
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert shown.removeprefix("'") in (text, text.removeprefix("'"))


def test_a_time_in_the_future_is_refused_even_by_a_second():
    late = (NOW + timedelta(seconds=1)).isoformat()
    assert refused(opened_at=late).column == "opened_at"
