"""Tickets of other hotlines in both stores: each once, whole or not at all."""

import io
import threading
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import Engine, delete, func, select

from db.engine import reading, writing
from db.imports import Origin, import_catalogue, import_ticket
from db.models import ImportedTicketRow, TicketEventRow, TicketRow
from db.ticket_moves import history
from scripts.foreign_tables import Row, TableUnreadable, read_table, write_report
from scripts.importing import Report, import_rows
from tests.integration.store.cities import T0, load
from tickets.imported import columns_of, imported_ticket

HEADER = ["工单编号", "受理时间", "诉求内容", "联系电话", "事项", "天气"]
ORIGIN = Origin("12345", "october.csv", "wang", T0)


def rows(count: int = 3, first: int = 1) -> list[Row]:
    return [
        (n + 1, [f"GD-{n}", "2026-11-22 09:00", f"第 {n} 件", "13800000001", "爆管", ""])
        for n in range(first, first + count)
    ]


def bring_in(engine: Engine, given: list[Row], *, dry_run: bool = False) -> Report:
    return import_rows(engine, given, columns_of(HEADER), ORIGIN, dry_run=dry_run)


def count(engine: Engine) -> tuple[int, int]:
    with reading(engine) as session:
        return (
            session.scalar(select(func.count()).select_from(TicketRow)) or 0,
            session.scalar(select(func.count()).select_from(ImportedTicketRow)) or 0,
        )


@pytest.fixture
def city(store: Engine) -> Engine:
    load(store)
    return store


def test_each_row_becomes_a_ticket_with_its_fields_and_its_history(city: Engine) -> None:
    report = bring_in(city, rows())
    assert report.counts() == {"accepted": 3, "duplicate": 0, "refused": 0}
    with reading(city) as session:
        ticket = session.scalars(select(TicketRow).order_by(TicketRow.id)).first()
        assert ticket is not None
        assert (ticket.number, ticket.source, ticket.state) == ("20261122-000001", "import", "new")
        assert (ticket.matter, ticket.matter_version, ticket.request) == ("0101", "1", "第 1 件")
        events = history(session, ticket.id)
        assert [(e.move, e.by, e.at) for e in events] == [("open", "wang", T0)]
        assert events[0].record["request"] == "第 1 件"
        kept = session.get_one(ImportedTicketRow, ("12345", "GD-1"))
        assert (kept.ticket_id, kept.file_name, kept.file_row) == (ticket.id, "october.csv", 2)
    assert report.rows[0].ticket == "20261122-000001"


def test_the_same_file_again_takes_nothing_and_says_which_tickets_it_meant(city: Engine) -> None:
    first = bring_in(city, rows(250))
    again = bring_in(city, rows(250))
    assert again.counts() == {"accepted": 0, "duplicate": 250, "refused": 0}
    assert [told.ticket for told in again.rows] == [told.ticket for told in first.rows]
    assert again.rows[0].reason == "was imported before"
    assert count(city) == (250, 250)


@pytest.mark.control(without="the memory of what was imported")
def test_control_without_that_memory_the_store_still_refuses_the_second(city: Engine) -> None:
    """And without the ticket's own key beside it the ticket would be there twice."""
    bring_in(city, rows(1))
    with writing(city) as session:
        session.execute(delete(ImportedTicketRow))
    with pytest.raises(Exception, match="provisional_number"):
        bring_in(city, rows(1))
    with writing(city) as session:
        session.execute(
            TicketRow.__table__.update().values(provisional_number="X", version=2)  # type: ignore[attr-defined]
        )
    bring_in(city, rows(1))
    assert count(city)[0] == 2


def test_a_number_twice_in_one_file_is_told_with_its_first_row(city: Engine) -> None:
    report = bring_in(city, [*rows(2), (9, rows(1)[0][1])])
    assert report.counts() == {"accepted": 2, "duplicate": 1, "refused": 0}
    assert report.rows[2].reason == "is row 2 of this file"


def test_a_bad_row_is_refused_alone(city: Engine) -> None:
    bad = (3, ["GD-77", "never", "x", "", "", ""])
    report = bring_in(city, [*rows(1), bad, *rows(1, first=5)])
    assert report.counts() == {"accepted": 2, "duplicate": 0, "refused": 1}
    told = report.of("refused")[0]
    assert (told.row, told.foreign_number, told.column) == (3, "GD-77", "受理时间")
    assert count(city) == (2, 2)


def test_a_dry_run_says_the_same_and_writes_nothing(city: Engine) -> None:
    given = [*rows(2), (9, rows(1)[0][1]), (10, ["", "x", "", "", "", ""])]
    dry = bring_in(city, given, dry_run=True)
    assert count(city) == (0, 0)
    with reading(city) as session:
        assert session.scalar(select(func.count()).select_from(TicketEventRow)) == 0
    assert dry.counts() == bring_in(city, given).counts()


def test_a_row_is_whole_or_not_there(city: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails between the ticket and the row that says where it came from takes both back."""

    def broken(*_: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("db.imports.insert_into", broken)
    with writing(city) as session:
        catalogue = import_catalogue(session)
        cells, columns = rows(1)[0][1], columns_of(HEADER)
        ticket = imported_ticket(cells, columns, "12345", catalogue, T0)
        with pytest.raises(RuntimeError, match="the power went"):
            import_ticket(session, ticket, ORIGIN, 2)
    assert count(city) == (0, 0)


def test_two_who_import_one_file_at_once_take_each_ticket_once(city: Engine) -> None:
    reports: list[Report] = []
    together = threading.Barrier(2)

    def one() -> None:
        together.wait()
        reports.append(bring_in(city, rows(60)))

    both = [threading.Thread(target=one) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    assert count(city) == (60, 60)
    assert sum(report.counts()["accepted"] for report in reports) == 60
    assert sum(report.counts()["duplicate"] for report in reports) == 60


def _encrypted() -> bytes:
    """An xlsx whose parts say that they are packed in a way that nobody here unpacks."""
    whole = io.BytesIO()
    openpyxl.Workbook().save(whole)
    return whole.getvalue().replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x08\x00", b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x63\x00"
    )


ENCRYPTED = _encrypted()


class TestTables:
    LINES = (
        '工单编号,受理时间,诉求内容\r\nGD-1,2026-11-22 09:00,"=HYPERLINK(""x"")"\r\n\r\n7,8,9\r\n'
    )
    EXPECTED: tuple[Row, ...] = (
        (1, ["工单编号", "受理时间", "诉求内容"]),
        (2, ["GD-1", "2026-11-22 09:00", '=HYPERLINK("x")']),
        (4, ["7", "8", "9"]),
    )

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
    def test_csv_is_read_in_the_encodings_that_are_sent(
        self, tmp_path: Path, encoding: str
    ) -> None:
        file = tmp_path / "t.csv"
        file.write_bytes(self.LINES.encode(encoding))
        assert tuple(read_table(file)) == self.EXPECTED

    def test_xlsx_is_read_and_a_formula_is_its_text(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        book.active.append(["工单编号", "受理时间", "诉求内容"])
        book.active.append(["GD-1", T0.replace(tzinfo=None), "=1+1"])
        book.active.append([])
        book.active.append([13800000001.0, None, 9])
        book.save(tmp_path / "t.xlsx")
        assert read_table(tmp_path / "t.xlsx") == [
            (1, ["工单编号", "受理时间", "诉求内容"]),
            (2, ["GD-1", "2026-11-23 01:00:00", "=1+1"]),
            (4, ["13800000001", "", "9"]),
        ]

    @pytest.mark.parametrize(
        ("name", "content", "says"),
        [
            ("a.csv", b"", "is empty"),
            ("a.csv", b"\xff\xfe\x00", "neither UTF-8 nor GB18030"),
            ("a.csv", b"a\0b", "neither UTF-8 nor GB18030"),
            ("a.csv", b'a,"b', "line 1: unexpected end of data"),
            ("a.xlsx", b"no zip", "is no readable xlsx"),
            ("a.xlsx", ENCRYPTED, "is no readable xlsx"),
            ("a.xlsx", b"PK\x05\x06" + b"\0" * 18, "is no readable xlsx"),
        ],
    )
    def test_what_is_no_table_is_refused(
        self, tmp_path: Path, name: str, content: bytes, says: str
    ) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(TableUnreadable, match=says):
            read_table(tmp_path / name)

    @pytest.mark.parametrize(
        ("limit", "says"),
        [("MOST_BYTES", "more than 2 bytes"), ("MOST_ROWS", "more than 2 rows")],
    )
    def test_a_table_too_large_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, says: str
    ) -> None:
        (tmp_path / "t.csv").write_text(self.LINES)
        monkeypatch.setattr(f"scripts.foreign_tables.{limit}", 2)
        with pytest.raises(TableUnreadable, match=says):
            read_table(tmp_path / "t.csv")

    def test_an_xlsx_that_would_fill_the_memory_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        book = openpyxl.Workbook()
        book.save(tmp_path / "t.xlsx")
        monkeypatch.setattr("scripts.foreign_tables.MOST_UNPACKED_BYTES", 100)
        with pytest.raises(TableUnreadable, match="unpacks to more than 100 bytes"):
            read_table(tmp_path / "t.xlsx")

    def test_a_report_runs_in_no_spreadsheet(self, tmp_path: Path) -> None:
        write_report(tmp_path / "out.csv", [("2", "=cmd()", "refused", "", "x", "+1")])
        assert read_table(tmp_path / "out.csv")[1] == (
            2,
            ["2", "'=cmd()", "refused", "", "x", "'+1"],
        )
