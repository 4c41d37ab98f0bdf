"""Lists of tickets: page by page, by what is asked for, and out of an index."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import ColumnElement, Engine, text
from sqlalchemy.dialects import postgresql, sqlite

from db import ticket_lists
from db.engine import make_engine, reading, writing
from db.models import TicketRow
from db.ticket_bulk import insert_rows
from db.ticket_lists import Wanted, list_tickets, listing, mark_of
from db.upgrade import upgrade
from scripts.chaos.findings import Finding
from scripts.cli.main import l110

T0 = datetime(2026, 1, 1, tzinfo=UTC)
MANY = 20_000
STATES = ("closed", "closed", "closed", "in-progress")
PLANS = {
    "state": (Wanted(state="new"), "ix_tickets_state_opened_at"),
    "unit": (Wanted(unit="unit-3"), "ix_tickets_unit_opened_at_id"),
    "responsible": (Wanted(responsible="person-7"), "ix_tickets_claimed_by_opened_at_id"),
    "matter": (Wanted(matter="0104"), "ix_tickets_matter_opened_at"),
    "caller": (Wanted(caller="15400000009"), "ix_tickets_caller_opened_at"),
    "everything": (Wanted(), "ix_tickets_opened_at_id"),
    "a week": (
        Wanted(opened_from=T0 + timedelta(days=7), opened_before=T0 + timedelta(days=14)),
        "ix_tickets_opened_at_id",
    ),
}


def row(n: int, **other: object) -> dict[str, Any]:
    told: dict[str, Any] = {
        "number": f"20260101-{n:06d}",
        "provisional_number": f"P-{n}",
        "source": "web",
        "state": "new" if n % 50 == 4 else STATES[n % 4],
        "opened_at": T0 + timedelta(minutes=10 * (n // 2)),  # two at a time
        "unit": f"unit-{n % 31}",
        "claimed_by": f"person-{n % 101}",
        "matter": f"01{n % 47:02d}",
        "caller": f"154{n % 97:08d}",
        "request": f"水管 {n}",
        "close_exempt": "withdrawn",
    }
    return told | other


@pytest.fixture
def some(store: Engine) -> Engine:
    with writing(store) as session:
        insert_rows(session, TicketRow, [row(n) for n in range(200)])
    return store


def numbers(engine: Engine, wanted: Wanted, *, limit: int = 500) -> list[int]:
    with reading(engine) as session:
        found = list_tickets(session, wanted, limit=limit)
        return [int(str(ticket.number)[-6:]) for ticket in found]


def test_pages_put_together_are_the_whole_list_newest_first(some: Engine) -> None:
    walked: list[int] = []
    after = None
    with reading(some) as session:
        while page := list_tickets(session, Wanted(), limit=7, after=after):
            walked += [ticket.id for ticket in page]
            after = mark_of(page[-1])
    assert walked == sorted(walked, reverse=True)
    assert len(walked) == 200


def test_what_is_opened_meanwhile_shifts_no_page(some: Engine) -> None:
    with reading(some) as session:
        first = list_tickets(session, Wanted(), limit=10)
        after, last = mark_of(first[-1]), first[-1].id
    with writing(some) as session:
        insert_rows(session, TicketRow, [row(500, opened_at=T0 + timedelta(days=90))])
    with reading(some) as session:
        assert list_tickets(session, Wanted(), limit=1, after=after)[0].id == last - 1


def test_each_filter_leaves_exactly_its_own(some: Engine) -> None:
    def those(keep) -> list[int]:
        return [n for n in reversed(range(200)) if keep(n)]

    assert numbers(some, Wanted(state="new")) == those(lambda n: n % 50 == 4)
    assert numbers(some, Wanted(unit="unit-3")) == those(lambda n: n % 31 == 3)
    assert numbers(some, Wanted(responsible="person-7")) == those(lambda n: n % 101 == 7)
    assert numbers(some, Wanted(matter="0104")) == those(lambda n: n % 47 == 4)
    assert numbers(some, Wanted(caller="15400000009")) == [106, 9]
    early = Wanted(opened_from=T0, opened_before=T0 + timedelta(minutes=20))
    assert numbers(some, early) == [3, 2, 1, 0]
    assert numbers(some, Wanted(state="new", unit="unit-30")) == those(
        lambda n: n % 50 == 4 and n % 31 == 30
    )


@pytest.mark.fault("B36", how="per cent signs, quotes and backslashes in a search")
@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("50%", [203]), ("_", [204]), ("%", [203]), ("\\", [205]), ("' OR 1=1 --", [206]),
        ("KTV", [207]), ("ktv", [207]), ("漏水", [208]),
        ("É", [209]), ("é", []), ("水管 199", [199]),
        ("桥头", [210]),
    ],
)  # fmt: skip
def test_a_text_is_sought_letter_by_letter(
    some: Engine, sought: str, found: list[int], told: Finding
) -> None:
    words = ["降价50%", "a_b", "C:\\x", "x' OR 1=1 --", "Ktv太吵", "屋顶漏水", "CAFÉ"]
    with writing(some) as session:
        rows = [row(203 + n, request=request) for n, request in enumerate(words)]
        insert_rows(session, TicketRow, rows)
        insert_rows(session, TicketRow, [row(210, request=None, place="桥头1号")])
    assert numbers(some, Wanted(text=sought)) == found
    told.records.append(f"{sought!r} finds {len(found)} of 210 tickets, as they say it")


@pytest.mark.control("B36", without="the search letter by letter")
def test_control_by_a_plain_like_a_per_cent_sign_finds_everything(
    some: Engine, monkeypatch: pytest.MonkeyPatch, told: Finding
) -> None:
    def plain(text: str, _dialect: str) -> ColumnElement[bool]:
        return TicketRow.request.like(f"%{text}%")

    monkeypatch.setattr(ticket_lists, "_says", plain)
    found = numbers(some, Wanted(text="%"))
    assert len(found) == 200
    told.records.append("% finds all 200 tickets")


@pytest.fixture(scope="module")
def many_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from filled(f"sqlite:///{tmp_path_factory.mktemp('many')}/store.sqlite3")


@pytest.fixture(scope="module")
def many_postgresql(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from filled(request.getfixturevalue("postgres").new_database("many_tickets"))


@pytest.fixture(params=["sqlite", "postgresql"])
def many(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(f"many_{request.param}")
    return engine


def filled(url: str) -> Iterator[Engine]:
    engine = make_engine(url, statement_timeout_s=60)
    upgrade(engine)
    with writing(engine) as session:
        insert_rows(session, TicketRow, [row(n) for n in range(MANY)])
    with writing(engine) as session:
        session.execute(text("ANALYZE"))
    yield engine
    engine.dispose()


def plan(engine: Engine, wanted: Wanted) -> str:
    with reading(engine) as session:
        page = list_tickets(session, wanted, limit=20)
        statement = listing(wanted, 20, mark_of(page[-1]), engine.dialect.name)
    is_sqlite = engine.dialect.name == "sqlite"
    how = sqlite.dialect() if is_sqlite else postgresql.dialect()
    written = str(statement.compile(dialect=how, compile_kwargs={"literal_binds": True}))
    explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
    with engine.connect() as connection:
        told = connection.exec_driver_sql(f"{explain} {written}".replace("%", "%%"))
        return "\n".join(str(line[-1]) for line in told)


@pytest.mark.parametrize("name", sorted(PLANS))
def test_a_later_page_comes_out_of_an_index_in_its_order(many: Engine, name: str) -> None:
    wanted, index = PLANS[name]
    told = plan(many, wanted)
    assert index in told
    assert not scans_or_sorts(told), told


def scans_or_sorts(told: str) -> bool:
    """An incremental sort only puts those of one and the same second in order."""
    whole_sort = any(
        "Sort" in line and "Incremental" not in line and "Sort Key" not in line
        for line in told.splitlines()
    )
    through_all = ("Seq Scan", "TEMP B-TREE", "SCAN tickets\n")
    return whole_sort or any(words in f"{told}\n" for words in through_all)


@pytest.mark.control(without="the index of a unit's tickets")
@pytest.mark.parametrize("name", ["unit", "responsible"])
def test_control_without_its_index_a_list_is_sorted_or_sought_through(
    many: Engine, name: str
) -> None:
    wanted, index = PLANS[name]
    column = "unit" if name == "unit" else "claimed_by"
    with many.connect() as connection:
        definition = f"CREATE INDEX {index} ON tickets ({column}, opened_at, id)"
        connection.exec_driver_sql(f"DROP INDEX {index}")
        connection.commit()
        try:
            told = plan(many, wanted)
        finally:
            connection.exec_driver_sql(definition)
            connection.commit()
    assert index not in told
    through_all = "ix_tickets_opened_at_id" in told
    assert through_all or scans_or_sorts(told), told


def command(engine: Engine, tmp_path: Path, *words: str) -> str:
    config = tmp_path / "settings.toml"
    url = engine.url.render_as_string(hide_password=False)
    config.write_text(f'database_url = "{url}"\nvar_dir = "{tmp_path}/var"\n')
    done = CliRunner().invoke(l110, ["--config", str(config), "tickets", "list", *words])
    assert done.exit_code == ("nowhere" in words), done.output
    return done.output


def test_the_command_filters_and_goes_on_where_the_last_page_ended(
    some: Engine, tmp_path: Path
) -> None:
    first = json.loads(command(some, tmp_path, "--unit", "unit-3", "--limit", "2", "--json"))
    assert [each["number"] for each in first] == ["20260101-000189", "20260101-000158"]
    last = first[-1]["number"]
    words = ("--unit", "unit-3", "--limit", "1", "--after", last)
    assert "20260101-000127" in command(some, tmp_path, *words)
    assert "--after 20260101-000127" in command(some, tmp_path, *words)
    day = ("--from", "2026-01-01", "--before", "2026-01-01T08:10", "--json")
    assert len(json.loads(command(some, tmp_path, *day))) == 2
    assert "no ticket nowhere to go on after" in command(some, tmp_path, "--after", "nowhere")
