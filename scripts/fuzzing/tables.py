"""Other hotlines' tables, fuzzed: CSV and xlsx; what is read is taken or refused, row by row."""

import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from scripts.foreign_tables import TableUnreadable, read_csv, read_xlsx
from tickets.fields import fields_given
from tickets.imported import Catalogue, RowRefused, TableRefused, columns_of, imported_ticket
from tickets.matters import Matter, MatterScheme
from tickets.model import ServiceClass

NOW = datetime(2026, 11, 23, tzinfo=UTC)
MATTERS = (
    Matter("01", "供水", "Water", None),
    Matter("0101", "水管爆裂", "Burst pipe", ServiceClass.COMPLAINT),
)
CATALOGUE = Catalogue(MatterScheme("fuzz", "1", MATTERS), {"A01": "A01"})

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET = "xl/worksheets/sheet1.xml"
BOOK = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Override'
    ' PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument'
    '.spreadsheetml.sheet.main+xml"/></Types>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{DOCUMENT}"><sheets>'
    '<sheet name="s" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship'
    f' Id="rId1" Type="{DOCUMENT}/worksheet" Target="/{SHEET}"/></Relationships>',
}


def csv_table(path: Path) -> None:
    with suppress(TableUnreadable, TableRefused):
        _take(list(read_csv(path)))


def xlsx_table(path: Path) -> None:
    with suppress(TableUnreadable, TableRefused):
        _take(list(read_xlsx(path)))


def xlsx_sheet(path: Path) -> None:
    """The bytes as a sheet within a whole xlsx: else nearly all end at the zip's checksums."""
    whole = path.with_name(path.name + ".xlsx")
    try:
        with zipfile.ZipFile(whole, "w") as packed:
            for name, text in BOOK.items():
                packed.writestr(name, text)
            packed.write(path, SHEET)
        xlsx_table(whole)
    finally:
        whole.unlink(missing_ok=True)


def _take(rows: list[tuple[int, list[str]]]) -> None:
    if not rows:
        return
    columns = columns_of(rows[0][1])
    for _, cells in rows[1:]:
        try:
            ticket = imported_ticket(cells, columns, "12345", CATALOGUE, NOW)
        except RowRefused:
            continue
        if fields_given("edit", ticket.given) != ticket.given:
            raise AssertionError("taken, and could not be written")
        if not ticket.foreign_number or ticket.draft.opened_at > NOW:
            raise AssertionError("taken without its number, or before its time")
