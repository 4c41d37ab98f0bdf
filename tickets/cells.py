"""Cells of spreadsheets as plain text, in and out."""

from datetime import datetime

# A spreadsheet program takes a cell that begins so as a formula and runs it.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell_text(value: object) -> str:
    """As a person reads the cell: a number of a telephone is no 1.38e10, a formula is its text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value).strip()


def safe_cell(text: str) -> str:
    """For an export: what would be taken as a formula has an apostrophe before it."""
    return f"'{text}" if text.startswith(FORMULA) else text
