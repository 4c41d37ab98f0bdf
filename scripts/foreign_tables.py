"""Tables that other hotlines send: CSV in two encodings, or xlsx; every cell is text."""

import csv
import io
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import openpyxl

from tickets.cells import cell_text, safe_cell

MOST_BYTES = 50_000_000
MOST_UNPACKED_BYTES = 500_000_000  # an xlsx is a zip: a small one can unpack to anything
MOST_ROWS = 200_000
ENCODINGS = ("utf-8-sig", "gb18030")
REPORT = ("row", "foreign_number", "result", "ticket", "column", "reason")

Row = tuple[int, list[str]]


class TableUnreadable(ValueError):
    """The file is no table that we can read."""


def read_table(path: Path) -> list[Row]:
    """Rows with any text, each with its number as a spreadsheet program shows it; first the header.

    Raises:
        TableUnreadable
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise TableUnreadable(f"{path} has more than {MOST_BYTES} bytes: split it")
        read = read_xlsx(path) if path.suffix.lower() in (".xlsx", ".xlsm") else read_csv(path)
        rows = [row for row in _bounded(path, read) if any(row[1])]
    except OSError as fault:
        raise TableUnreadable(f"{path}: {fault.strerror or fault}") from None
    if not rows:
        raise TableUnreadable(f"{path} is empty")
    return rows


def write_report(path: Path, rows: list[tuple[str, ...]]) -> None:
    """A CSV that a spreadsheet program opens as it is, and in which no cell is run."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(REPORT)
        writer.writerows([safe_cell(cell) for cell in row] for row in rows)


def _bounded(path: Path, rows: Iterator[Row]) -> Iterator[Row]:
    for count, row in enumerate(rows):
        if count > MOST_ROWS:
            raise TableUnreadable(f"{path} has more than {MOST_ROWS} rows: split it")
        yield row


def read_csv(path: Path) -> Iterator[Row]:
    """Also rows without any text. Raises TableUnreadable."""
    reader = csv.reader(io.StringIO(_decoded(path), newline=""), strict=True)
    before = 0
    try:
        for cells in reader:
            yield before + 1, [cell_text(cell) for cell in cells]
            before = reader.line_num
    except csv.Error as fault:
        raise TableUnreadable(f"{path}, line {reader.line_num}: {fault}") from None


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    for encoding in ENCODINGS:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise TableUnreadable(f"{path} is neither UTF-8 nor GB18030 text: save it as CSV in UTF-8")


def read_xlsx(path: Path) -> Iterator[Row]:
    """The first sheet, also rows without any text. Raises TableUnreadable."""
    try:
        _refuse_bomb(path)
        with path.open("rb") as file:  # ours to close: openpyxl forgets one that it cannot read
            yield from _sheet(file)
    except TableUnreadable:
        raise
    except Exception as fault:  # zip and XML from anybody: openpyxl passes on whatever it meets
        raise TableUnreadable(f"{path} is no readable xlsx: {fault}") from None


def _sheet(file: BinaryIO) -> Iterator[Row]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions it leaves out
        book = openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
        for number, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
            yield number, [cell_text(cell) for cell in cells]


def _refuse_bomb(path: Path) -> None:
    with zipfile.ZipFile(path) as packed:
        if sum(entry.file_size for entry in packed.infolist()) > MOST_UNPACKED_BYTES:
            raise TableUnreadable(f"{path} unpacks to more than {MOST_UNPACKED_BYTES} bytes")
